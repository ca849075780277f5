"""Open routes: is it well, and what can it do."""

import base64
import hashlib
import json
import logging
import re
import time
from collections.abc import Callable
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Final

from ledger.database import health
from metadata_api.environment.resources import Resources
from metadata_api.http.problems import RETRY_AFTER_SECONDS
from metadata_api.http.responses import Response, json_response
from metadata_api.models.system import CheckView, HealthChecks, HealthView
from metadata_api.operations.operation import RouteGroup
from metadata_api.operations.request import ApiRequest

routes = RouteGroup("System")
_PAGE_PATH: Final = Path(__file__).parent.parent / "docs_page.html"
_CACHE_SECONDS: Final = 300
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


@routes.route("GET", "/openapi.json", summary="Read the OpenAPI document", open=True)
def get_openapi(request: ApiRequest) -> Response:  # noqa: ARG001 -- every handler gets the request
    """This API as an OpenAPI 3.1 document."""
    return _cached_response("application/json", _openapi_text(), {})


@routes.route("GET", "/docs", summary="Read the documentation", content_type="text/html", open=True)
def get_docs(request: ApiRequest) -> Response:  # noqa: ARG001 -- every handler gets the request
    """This API as a page for people."""
    page, policy = _docs_page()
    return _cached_response("text/html; charset=utf-8", page, {"Content-Security-Policy": policy})


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


def _cached_response(content_type: str, text: str, headers: dict[str, str]) -> Response:
    public = {"Cache-Control": f"public, max-age={_CACHE_SECONDS}", "X-Content-Type-Options": "nosniff"}
    return Response(HTTPStatus.OK.value, content_type, text, {**public, **headers})


@cache
def _openapi_text() -> str:
    # Building the schemas costs more than all other imports; nobody else needs them.
    from metadata_api.operations.openapi import build_document

    return json.dumps(build_document(), ensure_ascii=False)


@cache
def _docs_page() -> tuple[str, str]:
    """The page, and a policy that lets it run its own script and nothing else."""
    page = _PAGE_PATH.read_text(encoding="utf-8")
    script = re.search(r"<script>(.*?)</script>", page, re.DOTALL)
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)
    hashes = {
        name: base64.b64encode(hashlib.sha256(found.group(1).encode()).digest()).decode() if found else ""
        for name, found in (("script", script), ("style", style))
    }
    policy = (
        f"default-src 'none'; script-src 'sha256-{hashes['script']}'; style-src 'sha256-{hashes['style']}';"
        " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return page, policy
