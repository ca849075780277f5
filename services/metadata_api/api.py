"""The Lambda function behind the API: finds the operation, runs it, turns every error into a problem."""

import sys
from collections.abc import Mapping
from functools import cache
from http import HTTPStatus
from typing import Any, Final

from ledger.errors import LedgerUnavailableError, UnknownClientError
from ledger.jobs.idempotency import IdempotencyKeyReusedError
from metadata_api.access.access import Access
from metadata_api.access.callers import Callers
from metadata_api.access.guard import check_call
from metadata_api.environment.resources import Resources
from metadata_api.http.problems import Problem, ProblemCode, field_problem, problem_response
from metadata_api.http.responses import Response
from metadata_api.operations.calls import answer_call, share_the_log
from metadata_api.operations.request import ApiRequest
from metadata_api.operations.routing import Match, Router
from metadata_api.route_table import OPERATIONS
from metadata_api.settings import ApiSettings
from runtime.logs import logger

_CALLER_KEYS: Final = ("client", "key_id", "key_name")


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Answers one API Gateway event."""
    return _application().answer(event)


@cache
def _application() -> "Application":
    share_the_log()
    return Application(Resources(ApiSettings.from_environment()))


class Application:
    """All operations, and what becomes of calls that have none.

    Args:
        resources: Settings and clients that the operations use.
        callers: Knows whose key is whose; None asks the ledger.
    """

    def __init__(self, resources: Resources, callers: Callers | None = None) -> None:
        self._resources = resources
        self._router = Router(OPERATIONS)
        self._callers = callers or Callers(resources.connection)

    def answer(self, event: dict[str, Any]) -> dict[str, Any]:
        """Runs the operation that the event asks for."""
        return answer_call(
            event,
            self._resources.settings.cors_origins,
            lambda headers, request_id: self._respond(event, headers, request_id),
        )

    def _respond(self, event: dict[str, Any], headers: Mapping[str, str], request_id: str) -> Response:
        # The environment's logger keeps what the call before had told it.
        logger().remove_keys(_CALLER_KEYS)
        method, path = str(event["httpMethod"]).upper(), str(event["path"])
        match = self._router.find(method, path)
        try:
            if match is None:
                raise self._unrouted(method, path)
            access = None if match.operation.open else self._admit(event, match)
            request = ApiRequest(event, headers, match.parameters, self._resources, request_id, access)
            response = match.operation.handler(request)
        except Exception as error:  # noqa: BLE001 -- the last line: everything becomes a problem
            problem = problem_of(error)
            if problem.code is ProblemCode.INTERNAL:
                logger().exception("request_failed")
            elif problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                logger().warning("dependency_unavailable", reason=f"{type(error).__name__}: {error}")
            return problem_response(problem, request_id)
        if not match.operation.reads:
            logger().info("change_made", operation=match.operation.name, thing=dict(match.parameters))
        return response

    def _admit(self, event: Mapping[str, Any], match: Match) -> Access:
        """Whoever calls, if they may do this; the gateway alone is not relied on."""
        caller = self._callers.of(event)
        logger().append_keys(client=caller.client, key_id=caller.key_id, key_name=caller.key_name)
        access = Access(
            caller=caller,
            record_access=self._resources.settings.record_access,
            connect=self._resources.connection,
        )
        check_call(access, match.operation.scope, match.parameters)
        return access

    def _unrouted(self, method: str, path: str) -> Problem:
        """The gateway answers OPTIONS everywhere by itself."""
        methods = self._router.methods(path)
        if not methods:
            detail = "no such path; GET /openapi.json lists all of them"
            return Problem(ProblemCode.ROUTE_NOT_FOUND, detail)
        allowed = ", ".join((*methods, "OPTIONS"))
        detail = f"{method} is not possible here; allowed are {allowed}"
        return Problem(ProblemCode.METHOD_NOT_ALLOWED, detail, headers={"Allow": allowed})


def problem_of(error: Exception) -> Problem:
    """The problem that an exception becomes; whatever is unknown is INTERNAL and tells nothing."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, IdempotencyKeyReusedError):
        return Problem(ProblemCode.IDEMPOTENCY_KEY_REUSED, str(error))
    if isinstance(error, UnknownClientError):
        return field_problem("client", str(error), ProblemCode.CLIENT_NOT_FOUND)
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


def _is_from(module: str, name: str, error: Exception) -> bool:
    """Whether the error is of a class whose module may not be loaded: then it cannot be, either."""
    loaded = sys.modules.get(module)
    return loaded is not None and isinstance(error, getattr(loaded, name))
