"""The Lambda function behind the API: finds the operation, runs it, turns every error into a problem."""

import logging
import re
import sys
import time
from collections.abc import Mapping
from functools import cache
from http import HTTPStatus
from typing import Any, Final
from uuid import uuid4

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, CORSConfig, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEvent
from aws_lambda_powertools.utilities.typing import LambdaContext

from ledger.errors import LedgerUnavailableError
from ledger.idempotency import IdempotencyKeyReusedError
from metadata_api.logs import logger
from metadata_api.operations import Operation
from metadata_api.problems import Problem, ProblemCode, problem_response
from metadata_api.request import ApiRequest
from metadata_api.resources import Resources
from metadata_api.responses import empty_response
from metadata_api.route_table import OPERATIONS
from metadata_api.settings import ApiSettings

_REQUEST_ID_HEADER: Final = "X-Request-Id"
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_ALLOWED_HEADERS: Final = ["Idempotency-Key", "If-Match", _REQUEST_ID_HEADER]
_EXPOSED_HEADERS: Final = ["ETag", "Location", "Retry-After", _REQUEST_ID_HEADER]
_PREFLIGHT_SECONDS: Final = 600


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answers one API Gateway event."""
    return _application().answer(event, context)


@cache
def _application() -> "Application":
    # The package logs through the standard library; its lines get the same format and request id.
    root = logging.getLogger("metadata_api")
    root.handlers, root.propagate = list(logger().handlers), False
    root.setLevel(logger().log_level)
    return Application(Resources(ApiSettings.from_environment()))


class Application:
    """The resolver with all operations, and what surrounds every call.

    Args:
        resources: Settings and clients that the operations use.
    """

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self._resolver = APIGatewayRestResolver(cors=_cors(resources.settings.cors_origins))
        self._request_id = ""
        for operation in OPERATIONS:
            self._resolver.route(operation.rule, operation.method)(self._bind(operation))
        self._resolver.exception_handler(Exception)(self._on_error)
        self._resolver.exception_handler(NotFoundError)(self._on_unrouted)

    def answer(self, event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        """Runs the operation that the event asks for, and logs one line about it."""
        started = time.perf_counter()
        self._request_id = _request_id(event)
        logger().append_keys(request_id=self._request_id)
        answer = self._resolver.resolve(event, context)
        answer["multiValueHeaders"][_REQUEST_ID_HEADER] = [self._request_id]
        logger().info(
            "request_answered",
            method=event.get("httpMethod"),
            path=event.get("path"),
            status=answer["statusCode"],
            duration_ms=round((time.perf_counter() - started) * 1_000, 1),
        )
        return answer

    def _bind(self, operation: Operation) -> Any:
        def run(**path: str) -> Response[str]:
            event = self._resolver.current_event
            return operation.handler(ApiRequest(event, path, self._resources, self._request_id))

        return run

    def _on_error(self, error: Exception) -> Response[str]:
        problem = problem_of(error)
        if problem.code is ProblemCode.INTERNAL:
            logger().exception("request_failed")
        elif problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            logger().warning("dependency_unavailable", reason=f"{type(error).__name__}: {error}")
        return problem_response(problem, self._request_id)

    def _on_unrouted(self, _error: NotFoundError) -> Response[str]:
        event: APIGatewayProxyEvent = self._resolver.current_event
        allowed = allowed_methods(event.path)
        if not allowed:
            problem = Problem(
                ProblemCode.ROUTE_NOT_FOUND, "no such path; GET /openapi.json lists all of them"
            )
            return problem_response(problem, self._request_id)
        headers = {"Allow": ", ".join((*allowed, "OPTIONS"))}
        if event.http_method.upper() == "OPTIONS":
            return empty_response(headers)
        detail = f"{event.http_method} is not possible here; allowed are {headers['Allow']}"
        return problem_response(
            Problem(ProblemCode.METHOD_NOT_ALLOWED, detail, headers=headers), self._request_id
        )


def problem_of(error: Exception) -> Problem:
    """The problem that an exception becomes; whatever is unknown is INTERNAL and tells nothing."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, IdempotencyKeyReusedError):
        return Problem(ProblemCode.IDEMPOTENCY_KEY_REUSED, str(error))
    if isinstance(error, LedgerUnavailableError) or _is_from("psycopg", "OperationalError", error):
        return Problem(ProblemCode.DATABASE_UNAVAILABLE, "the database is not available; try again shortly")
    if _is_from("botocore.exceptions", "BotoCoreError", error) or _is_from(
        "botocore.exceptions", "ClientError", error
    ):
        return Problem(
            ProblemCode.UPSTREAM_UNAVAILABLE,
            "a service that this call needs is not available; try again shortly",
        )
    return Problem(ProblemCode.INTERNAL, "something went wrong on our side; report the request_id")


def allowed_methods(path: str) -> list[str]:
    """The methods that a path takes; none when there is no such path."""
    found = (operation.method for operation in OPERATIONS if _matcher(operation.path).fullmatch(path))
    return list(dict.fromkeys(found))


@cache
def _matcher(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{\w+\}", "[^/]+", path.replace(".", r"\.")) + "/?")


def _is_from(module: str, name: str, error: Exception) -> bool:
    """Whether the error is of a class whose module may not be loaded: then it cannot be, either."""
    loaded = sys.modules.get(module)
    return loaded is not None and isinstance(error, getattr(loaded, name))


def _cors(origins: tuple[str, ...]) -> CORSConfig | None:
    if not origins:
        return None
    return CORSConfig(
        allow_origin=origins[0],
        extra_origins=list(origins[1:]),
        allow_headers=_ALLOWED_HEADERS,
        expose_headers=_EXPOSED_HEADERS,
        max_age=_PREFLIGHT_SECONDS,
    )


def _request_id(event: Mapping[str, Any]) -> str:
    """The caller's id if it is harmless, else the gateway's."""
    for name, value in (event.get("headers") or {}).items():
        if name.lower() == _REQUEST_ID_HEADER.lower() and _REQUEST_ID.fullmatch(str(value)):
            return str(value)
    return str((event.get("requestContext") or {}).get("requestId") or uuid4())
