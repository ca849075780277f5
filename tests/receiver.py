"""An endpoint of webhooks on this machine: keeps what it gets, answers as it is told."""

import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook


@dataclass(frozen=True)
class Received:
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def event_id(self) -> str:
        return self.headers["webhook-id"]


@dataclass
class Receiver:
    """What came in, and what to answer: the next of `answers`, or 204 when there is none."""

    url: str = ""
    port: int = 0
    calls: list[Received] = field(default_factory=list)
    answers: list[tuple[int, Mapping[str, str]]] = field(default_factory=list)
    arrived: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def wait(self, timeout_seconds: float) -> Received:
        """The next call that comes in."""
        assert self.arrived.acquire(timeout=timeout_seconds), "no call came"
        return self.calls[-1]

    def verified(self, secret: str) -> list[Any]:
        """The content of every call, checked with the endpoint's secret by the specification's library."""
        return [Webhook(secret).verify(call.body, dict(call.headers)) for call in self.calls]


@contextmanager
def receiver(certificate: tuple[Any, Any] | None = None) -> Iterator[Receiver]:
    """Listens on a free port, with TLS when a certificate and its key are given."""
    state = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            state.calls.append(Received(self.path, headers, body))
            status, extra = state.answers.pop(0) if state.answers else (204, {})
            self.send_response(status)
            for name, value in extra.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()
            state.arrived.release()

        def log_message(self, *_arguments: object) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if certificate is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    state.port = server.server_address[1]
    state.url = f"{'https' if certificate else 'http'}://127.0.0.1:{state.port}/hook?from=video"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
