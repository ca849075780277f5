"""Answers and the formats of values in them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final

from pydantic_core import to_json

JSON_CONTENT_TYPE: Final = "application/json"
# Answers hold signed links and private metadata: no cache between us and the caller may keep them.
COMMON_HEADERS: Final = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


@dataclass(frozen=True, slots=True)
class Response:
    """What a call is answered with; content_type is None when there is no body."""

    status_code: int
    content_type: str | None
    body: str
    headers: Mapping[str, str]

    def for_gateway(self, more_headers: Mapping[str, str]) -> dict[str, Any]:
        """The shape that API Gateway's proxy integration wants."""
        headers = {name: [value] for name, value in (*self.headers.items(), *more_headers.items())}
        if self.content_type is not None:
            headers["Content-Type"] = [self.content_type]
        return {
            "statusCode": self.status_code,
            "body": self.body,
            "isBase64Encoded": False,
            "multiValueHeaders": headers,
        }


def json_response(
    body: Mapping[str, object], status: HTTPStatus = HTTPStatus.OK, headers: Mapping[str, str] | None = None
) -> Response:
    """An answer with a JSON body."""
    text = to_json(body).decode()
    return Response(status.value, JSON_CONTENT_TYPE, text, {**COMMON_HEADERS, **(headers or {})})


def empty_response(headers: Mapping[str, str] | None = None) -> Response:
    """The answer to a call that has nothing to tell."""
    return Response(HTTPStatus.NO_CONTENT.value, None, "", {**COMMON_HEADERS, **(headers or {})})


def timestamp(moment: datetime) -> str:
    """UTC ISO 8601 with milliseconds, as every time in the API is written."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def optional_timestamp(moment: datetime | None) -> str | None:
    """Same as `timestamp` for a time that may not have come yet."""
    return None if moment is None else timestamp(moment)
