"""A trap that shows whether a source reached anything: a file and a web server that nobody may touch."""

import ctypes
import http.server
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests import media

_IN_ACCESS, _IN_OPEN, _IN_NONBLOCK = 0x1, 0x20, 0o4000


class Trap:
    """A file and a web server that nobody may touch.

    Attributes:
        file: A playable segment, so that a playlist that names it would work.
        url: Where the server would give the same.
    """

    def __init__(self, directory: Path) -> None:
        self.file = directory / "canary.ts"
        media.ffmpeg(*media.picture("64x64", "25", 1), "-c:v", "mpeg2video", str(self.file))
        self._requests: list[str] = []
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/canary.ts"
        libc = ctypes.CDLL(None, use_errno=True)
        self._watch = libc.inotify_init1(_IN_NONBLOCK)
        if (
            self._watch < 0
            or libc.inotify_add_watch(self._watch, os.fsencode(self.file), _IN_ACCESS | _IN_OPEN) < 0
        ):
            raise OSError(ctypes.get_errno(), "inotify")

    def _handler(self) -> type[http.server.BaseHTTPRequestHandler]:
        requests = self._requests

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                requests.append(self.path)
                self.send_response(404)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
                pass

        return Handler

    def touched(self) -> list[str]:
        """What reached the trap since the last call."""
        found, self._requests[:] = list(self._requests), []
        with suppress(BlockingIOError):
            found += ["file opened"] * (len(os.read(self._watch, 4096)) > 0)
        return found

    def close(self) -> None:
        """Take the trap away."""
        self._server.shutdown()
        self._server.server_close()
        os.close(self._watch)


@contextmanager
def trap_in(directory: Path) -> Iterator[Trap]:
    """Set a trap for the time of the context."""
    trap = Trap(directory)
    try:
        yield trap
    finally:
        trap.close()
