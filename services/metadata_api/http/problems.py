"""Errors the API answers with, as problem details (RFC 9457)."""

import json
from collections.abc import Mapping, Sequence
from enum import StrEnum
from http import HTTPStatus
from typing import Final, NotRequired

from typing_extensions import TypedDict

from metadata_api.http.responses import COMMON_HEADERS, Response

CONTENT_TYPE: Final = "application/problem+json"
RETRY_AFTER_SECONDS: Final = 5
# A missing server is back in seconds; a full queue moves when a job ends.
_RETRY_AFTER_SECONDS: Final = {
    HTTPStatus.SERVICE_UNAVAILABLE: RETRY_AFTER_SECONDS,
    HTTPStatus.TOO_MANY_REQUESTS: 30,
}


class ProblemCode(StrEnum):
    """Stable, public codes of every error the API itself can answer with."""

    VALIDATION_FAILED = "VALIDATION_FAILED"
    CURSOR_INVALID = "CURSOR_INVALID"
    SOURCE_NOT_ALLOWED = "SOURCE_NOT_ALLOWED"
    SOURCE_NOT_FOUND = "SOURCE_NOT_FOUND"
    CLIENT_NOT_FOUND = "CLIENT_NOT_FOUND"
    SUBTITLES_REFUSED = "SUBTITLES_REFUSED"
    WEBHOOK_URL_NOT_ALLOWED = "WEBHOOK_URL_NOT_ALLOWED"
    API_KEY_REQUIRED = "API_KEY_REQUIRED"
    API_KEY_UNKNOWN = "API_KEY_UNKNOWN"
    SCOPE_TOO_SMALL = "SCOPE_TOO_SMALL"
    NOT_YOURS = "NOT_YOURS"
    PLAYBACK_LINK_INVALID = "PLAYBACK_LINK_INVALID"
    PLAYBACK_LINK_EXPIRED = "PLAYBACK_LINK_EXPIRED"
    ROUTE_NOT_FOUND = "ROUTE_NOT_FOUND"
    VIDEO_NOT_FOUND = "VIDEO_NOT_FOUND"
    JOB_NOT_FOUND = "JOB_NOT_FOUND"
    BATCH_NOT_FOUND = "BATCH_NOT_FOUND"
    SUBTITLES_NOT_FOUND = "SUBTITLES_NOT_FOUND"
    OUTPUT_NOT_FOUND = "OUTPUT_NOT_FOUND"
    QUEUE_NOT_FOUND = "QUEUE_NOT_FOUND"
    WEBHOOK_NOT_FOUND = "WEBHOOK_NOT_FOUND"
    WEBHOOK_EVENT_NOT_FOUND = "WEBHOOK_EVENT_NOT_FOUND"
    KEY_NOT_FOUND = "KEY_NOT_FOUND"
    METHOD_NOT_ALLOWED = "METHOD_NOT_ALLOWED"
    JOB_NOT_COMPLETED = "JOB_NOT_COMPLETED"
    JOB_NOT_PLAYABLE = "JOB_NOT_PLAYABLE"
    JOB_SETTLED = "JOB_SETTLED"
    JOB_NOT_RETRYABLE = "JOB_NOT_RETRYABLE"
    SOURCE_NOT_UPLOADED = "SOURCE_NOT_UPLOADED"
    SOURCE_ARCHIVED = "SOURCE_ARCHIVED"
    SOURCE_GONE = "SOURCE_GONE"
    UPLOAD_NOT_OPEN = "UPLOAD_NOT_OPEN"
    UPLOAD_INCOMPLETE = "UPLOAD_INCOMPLETE"
    VIDEO_IN_USE = "VIDEO_IN_USE"
    VIDEO_PURGED = "VIDEO_PURGED"
    VIDEO_NOT_READY = "VIDEO_NOT_READY"
    WEBHOOKS_EXHAUSTED = "WEBHOOKS_EXHAUSTED"
    KEY_NOT_REVOCABLE = "KEY_NOT_REVOCABLE"
    IDEMPOTENT_RESULT_GONE = "IDEMPOTENT_RESULT_GONE"
    VERSION_MISMATCH = "VERSION_MISMATCH"
    BODY_TOO_LARGE = "BODY_TOO_LARGE"
    UPLOAD_TOO_LARGE = "UPLOAD_TOO_LARGE"
    UNSUPPORTED_MEDIA_TYPE = "UNSUPPORTED_MEDIA_TYPE"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"
    QUEUE_FULL = "QUEUE_FULL"
    INTERNAL = "INTERNAL"
    DATABASE_UNAVAILABLE = "DATABASE_UNAVAILABLE"
    UPSTREAM_UNAVAILABLE = "UPSTREAM_UNAVAILABLE"


_STATUS: Final[Mapping[ProblemCode, HTTPStatus]] = {
    ProblemCode.VALIDATION_FAILED: HTTPStatus.BAD_REQUEST,
    ProblemCode.CURSOR_INVALID: HTTPStatus.BAD_REQUEST,
    ProblemCode.SOURCE_NOT_ALLOWED: HTTPStatus.BAD_REQUEST,
    ProblemCode.SOURCE_NOT_FOUND: HTTPStatus.BAD_REQUEST,
    ProblemCode.CLIENT_NOT_FOUND: HTTPStatus.BAD_REQUEST,
    ProblemCode.SUBTITLES_REFUSED: HTTPStatus.BAD_REQUEST,
    ProblemCode.WEBHOOK_URL_NOT_ALLOWED: HTTPStatus.BAD_REQUEST,
    ProblemCode.API_KEY_REQUIRED: HTTPStatus.UNAUTHORIZED,
    ProblemCode.API_KEY_UNKNOWN: HTTPStatus.UNAUTHORIZED,
    ProblemCode.SCOPE_TOO_SMALL: HTTPStatus.FORBIDDEN,
    ProblemCode.NOT_YOURS: HTTPStatus.FORBIDDEN,
    ProblemCode.PLAYBACK_LINK_INVALID: HTTPStatus.FORBIDDEN,
    ProblemCode.PLAYBACK_LINK_EXPIRED: HTTPStatus.FORBIDDEN,
    ProblemCode.ROUTE_NOT_FOUND: HTTPStatus.NOT_FOUND,
    ProblemCode.VIDEO_NOT_FOUND: HTTPStatus.NOT_FOUND,
    ProblemCode.JOB_NOT_FOUND: HTTPStatus.NOT_FOUND,
    ProblemCode.BATCH_NOT_FOUND: HTTPStatus.NOT_FOUND,
    ProblemCode.SUBTITLES_NOT_FOUND: HTTPStatus.NOT_FOUND,
    ProblemCode.OUTPUT_NOT_FOUND: HTTPStatus.NOT_FOUND,
    ProblemCode.QUEUE_NOT_FOUND: HTTPStatus.NOT_FOUND,
    ProblemCode.WEBHOOK_NOT_FOUND: HTTPStatus.NOT_FOUND,
    ProblemCode.WEBHOOK_EVENT_NOT_FOUND: HTTPStatus.NOT_FOUND,
    ProblemCode.KEY_NOT_FOUND: HTTPStatus.NOT_FOUND,
    ProblemCode.METHOD_NOT_ALLOWED: HTTPStatus.METHOD_NOT_ALLOWED,
    ProblemCode.JOB_NOT_COMPLETED: HTTPStatus.CONFLICT,
    ProblemCode.JOB_NOT_PLAYABLE: HTTPStatus.CONFLICT,
    ProblemCode.JOB_SETTLED: HTTPStatus.CONFLICT,
    ProblemCode.JOB_NOT_RETRYABLE: HTTPStatus.CONFLICT,
    ProblemCode.SOURCE_NOT_UPLOADED: HTTPStatus.CONFLICT,
    ProblemCode.SOURCE_ARCHIVED: HTTPStatus.CONFLICT,
    ProblemCode.SOURCE_GONE: HTTPStatus.CONFLICT,
    ProblemCode.UPLOAD_NOT_OPEN: HTTPStatus.CONFLICT,
    ProblemCode.UPLOAD_INCOMPLETE: HTTPStatus.CONFLICT,
    ProblemCode.VIDEO_IN_USE: HTTPStatus.CONFLICT,
    ProblemCode.VIDEO_PURGED: HTTPStatus.CONFLICT,
    ProblemCode.VIDEO_NOT_READY: HTTPStatus.CONFLICT,
    ProblemCode.WEBHOOKS_EXHAUSTED: HTTPStatus.CONFLICT,
    ProblemCode.KEY_NOT_REVOCABLE: HTTPStatus.CONFLICT,
    ProblemCode.IDEMPOTENT_RESULT_GONE: HTTPStatus.CONFLICT,
    ProblemCode.VERSION_MISMATCH: HTTPStatus.PRECONDITION_FAILED,
    ProblemCode.BODY_TOO_LARGE: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    ProblemCode.UPLOAD_TOO_LARGE: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    ProblemCode.UNSUPPORTED_MEDIA_TYPE: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    ProblemCode.IDEMPOTENCY_KEY_REUSED: HTTPStatus.UNPROCESSABLE_ENTITY,
    ProblemCode.QUEUE_FULL: HTTPStatus.TOO_MANY_REQUESTS,
    ProblemCode.INTERNAL: HTTPStatus.INTERNAL_SERVER_ERROR,
    ProblemCode.DATABASE_UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
    ProblemCode.UPSTREAM_UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
}


class FieldError(TypedDict):
    """One thing wrong with one field of the request."""

    field: str
    message: str


class ProblemDetails(TypedDict):
    """The body of every error."""

    type: str
    title: str
    status: int
    code: ProblemCode
    detail: str
    request_id: str
    errors: NotRequired[list[FieldError]]


class GatewayProblem(TypedDict):
    """What API Gateway answers by itself, before a call reaches the API; its codes are its own."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    request_id: str


class Problem(Exception):  # noqa: N818 -- the name of the thing it becomes
    """An error that becomes a problem-details answer.

    Args:
        code: What went wrong; decides the HTTP status.
        detail: One sentence for the caller: what was seen, what is allowed, what to do.
        errors: The fields at fault, if the request itself is.
        headers: Headers the answer must carry, for example Allow.
    """

    def __init__(
        self,
        code: ProblemCode,
        detail: str,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.errors = errors
        self.headers = headers or {}

    @property
    def status(self) -> HTTPStatus:
        """The HTTP status this problem answers with."""
        return _STATUS[self.code]

    def within(self, place: str) -> "Problem":
        """The same problem, of one part of a larger request."""
        errors = [
            FieldError(field=f"{place}.{error['field']}", message=error["message"]) for error in self.errors
        ]
        return Problem(self.code, f"{place}: {self.detail}", errors, self.headers)


def status_of(code: ProblemCode) -> HTTPStatus:
    """The HTTP status that answers with a problem code."""
    return _STATUS[code]


def field_problem(field: str, message: str, code: ProblemCode = ProblemCode.VALIDATION_FAILED) -> Problem:
    """A problem with exactly one field of the request."""
    return Problem(code, f"{field}: {message}", [FieldError(field=field, message=message)])


def not_found(code: ProblemCode, name: str) -> Problem:
    """The problem of a thing that does not exist."""
    kind = code.removesuffix("_NOT_FOUND").lower().replace("_", " ")
    return Problem(code, f"{kind} {name[:100]!r} does not exist")


def problem_details(problem: Problem, request_id: str) -> ProblemDetails:
    """The body that tells a caller about a problem."""
    body = ProblemDetails(
        type=f"urn:video-platform:problem:{problem.code.lower().replace('_', '-')}",
        title=problem.status.phrase,
        status=problem.status.value,
        code=problem.code,
        detail=problem.detail,
        request_id=request_id,
    )
    if problem.errors:
        body["errors"] = list(problem.errors)
    return body


def problem_response(problem: Problem, request_id: str) -> Response:
    """The whole answer for a problem; 429 and 503 say when to try again."""
    headers = {**COMMON_HEADERS, **problem.headers}
    if problem.status in _RETRY_AFTER_SECONDS:
        headers["Retry-After"] = str(_RETRY_AFTER_SECONDS[problem.status])
    body = json.dumps(problem_details(problem, request_id), ensure_ascii=False)
    return Response(problem.status.value, CONTENT_TYPE, body, headers)
