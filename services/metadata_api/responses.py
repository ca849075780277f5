"""Answers and the formats of values in them."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Final

from aws_lambda_powertools.event_handler import Response

JSON_CONTENT_TYPE: Final = "application/json"
# Answers hold signed links and private metadata: no cache between us and the caller may keep them.
COMMON_HEADERS: Final = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


def json_response(
    body: Mapping[str, object], status: HTTPStatus = HTTPStatus.OK, headers: Mapping[str, str] | None = None
) -> Response[str]:
    """An answer with a JSON body."""
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return Response(status.value, JSON_CONTENT_TYPE, text, {**COMMON_HEADERS, **(headers or {})})


def empty_response(headers: Mapping[str, str] | None = None) -> Response[str]:
    """The answer to a call that has nothing to tell."""
    return Response(HTTPStatus.NO_CONTENT.value, None, "", {**COMMON_HEADERS, **(headers or {})})


def timestamp(moment: datetime) -> str:
    """UTC ISO 8601 with milliseconds, as every time in the API is written."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def optional_timestamp(moment: datetime | None) -> str | None:
    """Same as `timestamp` for a time that may not have come yet."""
    return None if moment is None else timestamp(moment)
