"""Whether the ledger and the cache answer, as callers are told."""

import logging
import time
from collections.abc import Callable
from http import HTTPStatus

from ledger.database import health
from metadata_api.environment.stores import Stores
from metadata_api.http.problems import RETRY_AFTER_SECONDS
from metadata_api.http.responses import Response, json_response
from metadata_api.models.system import CheckView, HealthChecks, HealthView

_LOGGER = logging.getLogger(__name__)


def check_health(stores: Stores) -> Response:
    """Asks both; 503 when the database is away, 200 when only the cache is."""
    database = _check("database", lambda: _ask_database(stores))
    cache = _check("cache", lambda: _ask_cache(stores))
    checks = HealthChecks(database=database, cache=cache)
    down = [name for name, check in (("database", database), ("cache", cache)) if check["status"] != "ok"]
    if "database" in down:
        headers = {"Retry-After": str(RETRY_AFTER_SECONDS)}
        view = HealthView(status="unavailable", degraded=down, checks=checks)
        return json_response(view, HTTPStatus.SERVICE_UNAVAILABLE, headers)
    return json_response(HealthView(status="degraded" if down else "ok", degraded=down, checks=checks))


def _check(name: str, ask: Callable[[], None]) -> CheckView:
    started = time.perf_counter()
    try:
        ask()
    except Exception as error:  # noqa: BLE001 -- whatever is wrong with it, it is not available
        _LOGGER.warning("dependency_unavailable", extra={"dependency": name, "reason": type(error).__name__})
        return CheckView(status="unavailable", latency_ms=None)
    return CheckView(status="ok", latency_ms=round((time.perf_counter() - started) * 1_000, 1))


def _ask_database(stores: Stores) -> None:
    with stores.connection() as conn:
        health.probe(conn)


def _ask_cache(stores: Stores) -> None:
    if not stores.progress.ping():
        message = "Redis does not answer"
        raise ConnectionError(message)
