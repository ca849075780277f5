"""What surrounds every call: its id, one log line, and the headers that let a page read the answer."""

import logging
import re
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from uuid import uuid4

from metadata_api.http.cors import cors_headers
from metadata_api.http.responses import Response
from runtime.logs import logger

_REQUEST_ID_HEADER: Final = "X-Request-Id"
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
# What answers a call, given its headers by lower-case name and its id.
Respond = Callable[[Mapping[str, str], str], Response]


def answer_call(event: Mapping[str, Any], cors_origins: Sequence[str], respond: Respond) -> dict[str, Any]:
    """Answers one API Gateway event, and logs one line about it.

    Args:
        event: Event of the proxy integration.
        cors_origins: Web origins whose pages may read the answer.
        respond: Must not raise.
    """
    started = time.perf_counter()
    headers = {name.lower(): str(value) for name, value in (event.get("headers") or {}).items()}
    request_id = _request_id(event, headers)
    logger().append_keys(request_id=request_id)
    response = respond(headers, request_id)
    logger().info(
        "request_answered",
        method=event.get("httpMethod"),
        path=event.get("path"),
        status=response.status_code,
        duration_ms=round((time.perf_counter() - started) * 1_000, 1),
    )
    allowed = cors_headers(cors_origins, headers.get("origin"))
    return response.for_gateway({**allowed, _REQUEST_ID_HEADER: request_id})


def share_the_log() -> None:
    """The package logs through the standard library; its lines get the same format and request id."""
    root = logging.getLogger("metadata_api")
    root.handlers, root.propagate = list(logger().handlers), False
    root.setLevel(logger().log_level)


def _request_id(event: Mapping[str, Any], headers: Mapping[str, str]) -> str:
    """The caller's id if it is harmless, else the gateway's."""
    given = headers.get(_REQUEST_ID_HEADER.lower(), "")
    if _REQUEST_ID.fullmatch(given):
        return given
    return str((event.get("requestContext") or {}).get("requestId") or uuid4())
