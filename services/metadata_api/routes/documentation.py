"""Open routes that describe the API itself: its OpenAPI document, and a page for people."""

import base64
import hashlib
import json
import re
from collections.abc import Callable, Sequence
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Final

from metadata_api.http.responses import Response
from metadata_api.operations.operation import Operation, RouteGroup
from metadata_api.operations.request import ApiRequest

_PAGE_PATH: Final = Path(__file__).parent.parent / "docs_page.html"
_CACHE_SECONDS: Final = 300


def documentation_routes(operations: Callable[[], Sequence[Operation]]) -> RouteGroup:
    """The two routes.

    Args:
        operations: Gives everything that is described, these routes too; asked at the first call.
    """
    routes = RouteGroup("System")
    text = cache(lambda: _openapi_text(operations()))

    @routes.route("GET", "/openapi.json", summary="Read the OpenAPI document", open=True)
    def get_openapi(request: ApiRequest) -> Response:  # noqa: ARG001 -- every handler gets the request
        """This API as an OpenAPI 3.1 document."""
        return _cached_response("application/json", text(), {})

    @routes.route("GET", "/docs", summary="Read the documentation", content_type="text/html", open=True)
    def get_docs(request: ApiRequest) -> Response:  # noqa: ARG001 -- every handler gets the request
        """This API as a page for people."""
        page, policy = _docs_page()
        return _cached_response("text/html; charset=utf-8", page, {"Content-Security-Policy": policy})

    return routes


def _cached_response(content_type: str, text: str, headers: dict[str, str]) -> Response:
    public = {"Cache-Control": f"public, max-age={_CACHE_SECONDS}", "X-Content-Type-Options": "nosniff"}
    return Response(HTTPStatus.OK.value, content_type, text, {**public, **headers})


def _openapi_text(operations: Sequence[Operation]) -> str:
    # Building the schemas costs more than all other imports; nobody else needs them.
    from metadata_api.operations.openapi import build_document

    return json.dumps(build_document(operations), ensure_ascii=False)


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
