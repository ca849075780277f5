"""What the deployment can do, and whether it is well."""

import logging
import time
from collections.abc import Callable
from http import HTTPStatus

from ledger.database import health
from metadata_api.environment.resources import Resources
from metadata_api.http.problems import RETRY_AFTER_SECONDS
from metadata_api.http.responses import Response, json_response
from metadata_api.models.system import CheckView, HealthChecks, HealthView, ProfileList, ProfileView
from metadata_api.operations.operation import RouteGroup
from metadata_api.operations.request import ApiRequest

routes = RouteGroup("System")
profile_routes = RouteGroup("Profiles")
_LOGGER = logging.getLogger(__name__)


@routes.route(
    "GET",
    "/health",
    summary="Check health",
    returns=HealthView,
    also=(HTTPStatus.SERVICE_UNAVAILABLE,),
    open=True,
)
def check_health(request: ApiRequest) -> Response:
    """503 when the database is away; without the cache it is 200, and only live progress is missing."""
    database = _check("database", lambda: _ask_database(request.resources))
    cache = _check("cache", lambda: _ask_cache(request.resources))
    checks = HealthChecks(database=database, cache=cache)
    down = [name for name, check in (("database", database), ("cache", cache)) if check["status"] != "ok"]
    if "database" in down:
        headers = {"Retry-After": str(RETRY_AFTER_SECONDS)}
        view = HealthView(status="unavailable", degraded=down, checks=checks)
        return json_response(view, HTTPStatus.SERVICE_UNAVAILABLE, headers)
    return json_response(HealthView(status="degraded" if down else "ok", degraded=down, checks=checks))


@profile_routes.route("GET", "/profiles", summary="List processing profiles", returns=ProfileList)
def list_profiles(request: ApiRequest) -> Response:  # noqa: ARG001 -- every handler gets the request
    """What each profile makes of a source; no rung is made that is larger than the source."""
    # Reading and checking the files takes longer than any other call's imports.
    from profiles import load_profiles

    items = [
        ProfileView(
            name=profile.name,
            title=profile.title,
            description=profile.description,
            definition=profile.model_dump(mode="json", exclude={"name", "title", "description"}),
        )
        for profile in load_profiles().values()
    ]
    return json_response(ProfileList(items=items))


def _check(name: str, ask: Callable[[], None]) -> CheckView:
    started = time.perf_counter()
    try:
        ask()
    except Exception as error:  # noqa: BLE001 -- whatever is wrong with it, it is not available
        _LOGGER.warning("dependency_unavailable", extra={"dependency": name, "reason": type(error).__name__})
        return CheckView(status="unavailable", latency_ms=None)
    return CheckView(status="ok", latency_ms=round((time.perf_counter() - started) * 1_000, 1))


def _ask_database(resources: Resources) -> None:
    with resources.connection() as conn:
        health.probe(conn)


def _ask_cache(resources: Resources) -> None:
    if not resources.progress.ping():
        message = "Redis does not answer"
        raise ConnectionError(message)
