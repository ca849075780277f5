"""What the index of an MP4 or QuickTime file says of its tracks: are they protected, and where do they lie.

Read from the boxes alone, before any tool sees the file; nothing is decoded here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

_MAX_BOXES: Final = 100_000
"""Recordings of ten hours in fragments of a second have fewer; a file made to keep us busy has any number."""
_MAX_ENTRY_BYTES: Final = 65_536
_SELF_CONTAINED: Final = 1
"""Flag of a data reference: the media lie in this very file."""

_KINDS: Final = {b"vide": "video", b"soun": "audio"}
_PROTECTED_ENTRIES: Final = {
    b"encv": "",
    b"enca": "",
    b"drms": "itun",
    b"drmi": "itun",
    b"aavd": "adrm",
}
"""Names of sample entries that hide another one, with the scheme where the name alone tells it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexedTrack:
    """A track of picture or sound.

    Attributes:
        kind: `video` or `audio`.
        scheme: Four characters that name its protection; None when it is not protected, empty when untold.
        is_elsewhere: Whether its media lie in another file.
    """

    kind: str
    scheme: str | None
    is_elsewhere: bool


def read_tracks(path: Path) -> list[IndexedTrack]:
    """List the tracks of picture and sound; what cannot be understood is left out."""
    with path.open("rb") as file:
        return _Index(file).tracks(path.stat().st_size)


class _Index:
    """Walks the boxes of a file, and never more of them than a real index has."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._left = _MAX_BOXES

    def tracks(self, size: int) -> list[IndexedTrack]:
        for movie in self._named(0, size, b"moov"):
            tracks = [self._track(*place) for place in self._named(*movie, b"trak")]
            found = [track for track in tracks if track is not None]
            if not found and next(self._named(*movie, b"rmra"), None):
                # A movie of nothing but references: QuickTime would choose one of other files.
                return [IndexedTrack(kind="video", scheme=None, is_elsewhere=True)]
            if found:
                return found
        return []

    def _track(self, start: int, end: int) -> IndexedTrack | None:
        for media in self._named(start, end, b"mdia"):
            for handler in self._named(*media, b"hdlr"):
                kind = _KINDS.get(self._read(*handler)[8:12])
                for information in self._named(*media, b"minf") if kind else ():
                    return IndexedTrack(
                        kind=str(kind),
                        scheme=self._scheme(*information),
                        is_elsewhere=self._is_elsewhere(*information),
                    )
        return None

    def _scheme(self, start: int, end: int) -> str | None:
        """The scheme of the first protected sample entry; a track may begin in clear and go on protected."""
        for table in self._named(start, end, b"stbl"):
            for first, last in self._named(*table, b"stsd"):
                for kind, *entry in self._boxes(first + 8, last):
                    if kind in _PROTECTED_ENTRIES:
                        return _PROTECTED_ENTRIES[kind] or _scheme_type(self._read(entry[0], entry[1]))
        return None

    def _is_elsewhere(self, start: int, end: int) -> bool:
        """Whether every data reference names another file; one without a location means this file."""
        for place in self._named(start, end, b"dinf"):
            for first, last in self._named(*place, b"dref"):
                payloads = [self._read(*entry) for _, *entry in self._boxes(first + 8, last)]
                return bool(payloads) and all(_names_a_file(payload) for payload in payloads)
        return False

    def _named(self, start: int, end: int, kind: bytes) -> Iterator[tuple[int, int]]:
        """The places of what is inside each box of a kind, in order."""
        return ((first, last) for found, first, last in self._boxes(start, end) if found == kind)

    def _boxes(self, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
        """Walk the boxes between two places: kind, and where its inside begins and ends."""
        while start + 8 <= end and self._left > 0:
            self._left -= 1
            self._file.seek(start)
            header = self._file.read(16)
            size, inside = int.from_bytes(header[:4], "big"), start + 8
            if size == 1:
                size, inside = int.from_bytes(header[8:16], "big"), start + 16
            elif size == 0:
                size = end - start
            if start + size < inside:
                return
            yield header[4:8], inside, min(start + size, end)
            start += size

    def _read(self, start: int, end: int) -> bytes:
        self._file.seek(start)
        return self._file.read(max(0, min(end - start, _MAX_ENTRY_BYTES)))


def _scheme_type(entry: bytes) -> str:
    """Four characters behind version and flags of the box `schm`, wherever in the entry it lies."""
    place = entry.find(b"schm")
    name = entry[place + 8 : place + 12] if place >= 0 else b""
    return name.decode("ascii") if name.isalnum() else ""


def _names_a_file(reference: bytes) -> bool:
    flags = int.from_bytes(reference[1:4], "big")
    return not flags & _SELF_CONTAINED and bool(reference[4:].strip(b"\0 "))
