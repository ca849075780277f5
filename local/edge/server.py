"""An HTTP server that does with each request what CloudFront does: function, cache, bucket, headers."""

import json
import logging
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from local.edge.cache import Cached, DiskCache
from local.edge.function import EdgeFunction, EdgeFunctionError
from local.edge.ranges import UnsatisfiableRangeError, asked_range
from local.servers.edge import READY_PATH

_LOGGER = logging.getLogger(__name__)
_PIECE_BYTES: Final = 256 * 1024
_KEPT: Final = ("content-type", "etag", "last-modified")


class MissingObjectError(LookupError):
    """The bucket has no such object."""


class Edge(ThreadingHTTPServer):
    """The edge of one stack.

    Args:
        address: Where it listens.
        function: What the distribution runs for each request.
        cache: What was read of the bucket.
        headers: Gives the headers of an answer for the origin that asks.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self,
        address: tuple[str, int],
        function: EdgeFunction,
        cache: DiskCache,
        headers: Callable[[str], Mapping[str, str]],
    ) -> None:
        super().__init__(address, _Handler)
        self.function = function
        self.cache = cache
        self.headers = headers


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Edge

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the base class names it so
        """Nothing: an address holds a working link."""

    def _serve(self) -> None:
        # Not `self.path`, in which the base class has put slashes in order already.
        path, _, _ = self.requestline.split()[1].partition("?")
        if path == READY_PATH:
            self._answer(HTTPStatus.OK, {}, b"")
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = {
            "method": self.command,
            "uri": path,
            "querystring": {},
            "cookies": {},
            "headers": {name: {"value": value} for name, value in headers.items()},
        }
        try:
            made = self.server.function(request)
        except EdgeFunctionError as error:
            _LOGGER.warning("the edge function failed: %s", type(error).__name__)
            self._answer(HTTPStatus.SERVICE_UNAVAILABLE, {}, b"")
            return
        if "statusCode" in made:
            told = {name: item["value"] for name, item in made.get("headers", {}).items()}
            self._answer(int(made["statusCode"]), told, made.get("body", "").encode())
            return
        self._give(str(made["uri"]).removeprefix("/"), headers)

    do_GET = do_HEAD = do_OPTIONS = do_POST = do_PUT = do_DELETE = do_PATCH = _serve  # noqa: N815 -- base class

    def _give(self, key: str, asked: Mapping[str, str]) -> None:
        own = dict(self.server.headers(asked.get("origin", "")))
        try:
            with self.server.cache.read(key) as cached:
                self._give_cached(cached, asked, own)
        except MissingObjectError:
            body = json.dumps({"status": HTTPStatus.NOT_FOUND}).encode()
            self._answer(HTTPStatus.NOT_FOUND, own | {"content-type": "application/json"}, body)

    def _give_cached(self, cached: Cached, asked: Mapping[str, str], own: Mapping[str, str]) -> None:
        told = {name: cached.headers[name] for name in _KEPT if name in cached.headers}
        headers = {**told, "accept-ranges": "bytes", **own}
        etag = cached.headers.get("etag", "")
        if etag and asked.get("if-none-match") == etag:
            self._answer(HTTPStatus.NOT_MODIFIED, headers, b"")
            return
        try:
            part = asked_range(asked, etag, cached.size_bytes)
        except UnsatisfiableRangeError:
            headers["content-range"] = f"bytes */{cached.size_bytes}"
            self._answer(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, headers, b"")
            return
        first, last = part or (0, cached.size_bytes - 1)
        if part is not None:
            headers["content-range"] = f"bytes {first}-{last}/{cached.size_bytes}"
        status = HTTPStatus.OK if part is None else HTTPStatus.PARTIAL_CONTENT
        self._begin(status, headers, last - first + 1)
        if self.command == "HEAD":
            return
        cached.file.seek(first)
        left = last - first + 1
        while left > 0 and (piece := cached.file.read(min(left, _PIECE_BYTES))):
            self.wfile.write(piece)
            left -= len(piece)

    def _answer(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        # What a request brought is not read, so nothing may follow it on this connection.
        self.close_connection = self.close_connection or self.command not in {"GET", "HEAD", "OPTIONS"}
        self._begin(status, headers, len(body))
        if self.command != "HEAD":
            self.wfile.write(body)

    def _begin(self, status: int, headers: Mapping[str, str], length: int) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status not in {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED}:
            self.send_header("content-length", str(length))
        self.end_headers()
