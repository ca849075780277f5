"""A small loopback HTTP server with routes by path prefix, shared by broker and task metadata."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from local.servers.ports import HOST


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request as it arrived."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Response:
    """One HTTP answer."""

    status: int
    body: bytes
    content_type: str = "application/json"


Handler = Callable[[Request], Response]


class LocalEndpoint:
    """Serves handlers on a free loopback port; the longest matching path prefix wins.

    The port is taken at once, so that others can be told the address before anything answers there.
    """

    def __init__(self) -> None:
        self._handlers: dict[str, Handler] = {}
        self._server = ThreadingHTTPServer((HOST, 0), self._request_handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="local-endpoint", daemon=True)

    @property
    def url(self) -> str:
        """The address of the server, known before it is started."""
        return f"http://{HOST}:{self._server.server_address[1]}"

    def start(self, handlers: Mapping[str, Handler]) -> None:
        """Begin to answer with ``handlers``, keyed by path prefix."""
        self._handlers = dict(sorted(handlers.items(), key=lambda item: -len(item[0])))
        self._thread.start()

    def stop(self) -> None:
        """Stop answering and free the port."""
        if self._thread.is_alive():
            self._server.shutdown()
        self._server.server_close()

    def answer(self, request: Request) -> Response:
        """Route one request."""
        for prefix, handler in self._handlers.items():
            if request.path.startswith(prefix):
                return handler(request)
        return Response(404, b'{"message":"no such path"}')

    def _request_handler(self) -> type[BaseHTTPRequestHandler]:
        endpoint = self

        class _RequestHandler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def _serve(self) -> None:
                length = int(self.headers.get("content-length") or 0)
                body = self.rfile.read(length) if length else b""
                response = endpoint.answer(Request(self.command, self.path, dict(self.headers), body))
                self.send_response(response.status)
                self.send_header("Content-Type", response.content_type)
                self.send_header("Content-Length", str(len(response.body)))
                self.end_headers()
                self.wfile.write(response.body)

            do_GET = do_POST = _serve  # noqa: N815 - the base class names them

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it
                """Stay silent: requests carry tokens and are no news."""

        return _RequestHandler
