"""A proxy in front of the emulator that makes chosen requests fail, as S3 does now and then."""

import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

_ERROR = b'<?xml version="1.0"?><Error><Code>InternalError</Code><Message>Please try again.</Message></Error>'
_HOP_HEADERS = frozenset({"connection", "transfer-encoding", "content-length", "keep-alive"})


class FaultyProxy:
    """Passes requests on; those that `fails` picks get a 500 instead.

    Attributes:
        url: Where clients connect.
        failures: How many requests were failed.
    """

    def __init__(self, target: str, fails: Callable[[str, str], bool]) -> None:
        self._target = urlsplit(target)
        self._fails = fails
        self._lock = threading.Lock()
        self.failures = 0
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _pass(self) -> None:
                proxy.handle(self)

            do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _pass  # noqa: N815

            def log_message(self, *_: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    @contextmanager
    def running(self) -> Iterator["FaultyProxy"]:
        """Serve until the end of the block."""
        thread = threading.Thread(target=self._server.serve_forever)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()

    def handle(self, request: BaseHTTPRequestHandler) -> None:
        """Fail the request or pass it on; the Host header stays, because the signature covers it."""
        body = request.rfile.read(int(request.headers.get("Content-Length", 0)))
        with self._lock:
            failing = self._fails(request.command, request.path)
            self.failures += failing
        if failing:
            self._reply(request, 500, {"Content-Type": "application/xml"}, _ERROR)
            return
        connection = http.client.HTTPConnection(self._target.hostname or "", self._target.port, timeout=30)
        try:
            connection.putrequest(request.command, request.path, skip_host=True, skip_accept_encoding=True)
            for name, value in request.headers.items():
                connection.putheader(name, value)
            connection.endheaders(body)
            answer = connection.getresponse()
            headers = {name: value for name, value in answer.getheaders() if name.lower() not in _HOP_HEADERS}
            length = answer.getheader("Content-Length") if request.command == "HEAD" else None
            self._reply(request, answer.status, headers, answer.read(), length)
        finally:
            connection.close()

    @staticmethod
    def _reply(
        request: BaseHTTPRequestHandler,
        status: int,
        headers: dict[str, str],
        body: bytes,
        length: str | None = None,
    ) -> None:
        request.send_response_only(status)
        for name, value in headers.items():
            request.send_header(name, value)
        request.send_header("Content-Length", length or str(len(body)))
        request.end_headers()
        if request.command != "HEAD":
            request.wfile.write(body)
