"""A proxy in front of the emulator that makes chosen requests fail, as S3 does now and then."""

import http.client
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

_ERROR = '<?xml version="1.0"?><Error><Code>{}</Code><Message>Please try again.</Message></Error>'
_HOP_HEADERS = frozenset({"connection", "transfer-encoding", "content-length", "keep-alive"})


class Fault(Enum):
    """What may happen to a request."""

    ERROR = (500, "InternalError")
    BUSY = (503, "SlowDown")
    # Done, and the connection ends without an answer.
    LOST = (0, "")
    # Not done, and the connection stays open without an answer.
    SILENT = (0, "silent")


class Chance:
    """Picks a fault for a share of all requests.

    Args:
        seed: Of the choice; which request comes first is still up to the threads that send them.
        share: Of the requests that fail, between 0 and 1.
    """

    def __init__(self, seed: int, share: float) -> None:
        self._random = random.Random(seed)  # noqa: S311 -- repeatable, not secret
        self._share = share

    def __call__(self, _method: str, _path: str) -> Fault | None:
        """What happens to the next request; silence costs a whole timeout and so comes seldom."""
        if self._random.random() >= self._share:
            return None
        return self._random.choices([Fault.BUSY, Fault.ERROR, Fault.LOST, Fault.SILENT], [6, 3, 5, 1])[0]


class FaultyProxy:
    """Passes requests on; those that `fails` picks suffer a fault.

    Attributes:
        url: Where clients connect.
        failures: How many requests were failed.
        requests: How many came.
        tries: How often each call was made, by the id that the SDK gives it.
    """

    def __init__(self, target: str, fails: Callable[[str, str], Fault | None]) -> None:
        self._target = urlsplit(target)
        self._fails = fails
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self.failures = 0
        self.requests = 0
        self.tries: Counter[str] = Counter()
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
            self._ended.set()
            self._server.shutdown()
            self._server.server_close()
            thread.join()

    def handle(self, request: BaseHTTPRequestHandler) -> None:
        """Fail the request or pass it on; the Host header stays, because the signature covers it."""
        body = request.rfile.read(int(request.headers.get("Content-Length", 0)))
        with self._lock:
            fault = self._fails(request.command, request.path)
            self.requests += 1
            self.failures += fault is not None
            self.tries[request.headers.get("amz-sdk-invocation-id", "")] += 1
        if fault is Fault.SILENT:
            self._ended.wait()
        elif fault in {Fault.ERROR, Fault.BUSY}:
            status, code = fault.value
            self._reply(request, status, {"Content-Type": "application/xml"}, _ERROR.format(code).encode())
        else:
            self._pass_on(request, body, answered=fault is None)

    def _pass_on(self, request: BaseHTTPRequestHandler, body: bytes, *, answered: bool) -> None:
        connection = http.client.HTTPConnection(self._target.hostname or "", self._target.port, timeout=30)
        try:
            connection.putrequest(request.command, request.path, skip_host=True, skip_accept_encoding=True)
            for name, value in request.headers.items():
                connection.putheader(name, value)
            connection.endheaders(body)
            answer = connection.getresponse()
            if not answered:
                answer.read()
                request.close_connection = True
                return
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
