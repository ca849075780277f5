"""Serves a page with the players to a headless Chromium, and calls its functions."""

import http.server
import json
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_HERE = Path(__file__).parent
_MODULES = _HERE.parents[1] / ".browser" / "node_modules"
_CHROMIUM = shutil.which("chromium")

INSTALLED = _MODULES.is_dir() and _CHROMIUM is not None
"""Whether `make test-browser` has installed what the tests need."""


class _Handler(http.server.SimpleHTTPRequestHandler):
    """Serves the page and some directories with byte ranges, as object storage does."""

    protocol_version = "HTTP/1.1"
    roots: Mapping[str, Path]

    def do_GET(self) -> None:
        first, _, rest = self.path.lstrip("/").partition("/")
        path = self.roots[first] / rest if first in self.roots else _HERE / first
        if not path.is_file():
            self.send_error(404)
            return
        data = path.read_bytes()
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        start = int(wanted[1]) if wanted else 0
        end = min(int(wanted[2]) if wanted and wanted[2] else len(data) - 1, len(data) - 1)
        self.send_response(206 if wanted else 200)
        self.send_header("Content-Type", self.guess_type(str(path)))
        self.send_header("Content-Length", str(end - start + 1))
        if wanted:
            self.send_header("Content-Range", f"bytes {start}-{end}/{len(data)}")
        self.end_headers()
        self.wfile.write(data[start : end + 1])

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        pass


@dataclass(frozen=True)
class Site:
    """Where the page is."""

    origin: str

    def call(self, profile: Path, function: str, *values: str) -> dict[str, Any]:
        """Call one function of the page in a browser with a profile directory of its own."""
        script = str(_HERE / "drive.mjs")
        argv = ["node", script, str(_MODULES), str(_CHROMIUM), str(profile), self.origin]
        done = subprocess.run(
            [*argv, function, *values], capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stderr[-2000:]
        result: dict[str, Any] = json.loads(done.stdout)
        return result


@contextmanager
def site(roots: Mapping[str, Path]) -> Iterator[Site]:
    """Serve the page, the players and `roots`, each under its name, on a free port."""
    handler = type("Handler", (_Handler,), {"roots": {**roots, "players": _MODULES}})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield Site(f"http://127.0.0.1:{server.server_address[1]}")
    finally:
        server.shutdown()
        server.server_close()
