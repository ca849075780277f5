"""Whole objects on disk, fetched once each and dropped when there is no more room, the least used first."""

import hashlib
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

Fetch = Callable[[str, IO[bytes]], Mapping[str, str]]
"""Writes the content of a key and gives its headers by lower-case name."""


@dataclass(frozen=True, slots=True)
class Cached:
    """An object on disk; a file that is dropped while it is open can be read to its end.

    Attributes:
        headers: What came with it.
        file: Its content, open for reading.
        size_bytes: How long it is.
    """

    headers: Mapping[str, str]
    file: IO[bytes]
    size_bytes: int


@dataclass(slots=True)
class _Entry:
    path: Path
    headers: Mapping[str, str]
    size_bytes: int


class DiskCache:
    """Keeps what was read; safe to share between threads.

    Args:
        directory: Private directory; what another run left there is deleted.
        limit_bytes: How much stays. One object may be larger and is dropped after it was read.
        fetch: Gets what is not there; whatever it raises goes to the reader.
    """

    def __init__(self, directory: Path, limit_bytes: int, fetch: Fetch) -> None:
        self._directory = directory
        self._limit_bytes = limit_bytes
        self._fetch = fetch
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._fetching: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()
        directory.mkdir(parents=True, exist_ok=True)
        for leftover in directory.iterdir():
            leftover.unlink()

    @contextmanager
    def read(self, key: str) -> Iterator[Cached]:
        """Open an object; whoever asks for it at the same time waits and shares it."""
        cached = self._opened(key)
        if cached is None:
            with self._lock:
                turn = self._fetching.setdefault(key, threading.Lock())
            with turn:
                cached = self._opened(key) or self._fetched(key)
            with self._lock:
                self._fetching.pop(key, None)
        with cached.file:
            yield cached

    def _opened(self, key: str) -> Cached | None:
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                return None
            self._entries.move_to_end(key)
            return Cached(entry.headers, entry.path.open("rb"), entry.size_bytes)

    def _fetched(self, key: str) -> Cached:
        path = self._directory / hashlib.sha256(key.encode()).hexdigest()
        partial = path.with_suffix(".part")
        try:
            with partial.open("wb") as file:
                headers = self._fetch(key, file)
            os.replace(partial, path)  # noqa: PTH105 -- one step
        finally:
            partial.unlink(missing_ok=True)
        entry = _Entry(path, headers, path.stat().st_size)
        with self._lock:
            cached = Cached(headers, path.open("rb"), entry.size_bytes)
            self._entries[key] = entry
            self._drop()
        return cached

    def _drop(self) -> None:
        kept = sum(entry.size_bytes for entry in self._entries.values())
        while kept > self._limit_bytes:
            _, oldest = self._entries.popitem(last=False)
            oldest.path.unlink(missing_ok=True)
            kept -= oldest.size_bytes
