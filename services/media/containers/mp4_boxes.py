"""Walks the boxes of an MP4 or QuickTime file; lengths are checked against what they lie in."""

from collections.abc import Iterator
from typing import BinaryIO, Final

_MAX_BOXES: Final = 100_000
"""Recordings of ten hours in fragments of a second have fewer; a file made to keep us busy has any number."""
_MAX_READ_BYTES: Final = 65_536


class BoxWalker:
    """Walks the boxes of one file, and never more of them than a real index has."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._left = _MAX_BOXES

    def named(self, start: int, end: int, kind: bytes) -> Iterator[tuple[int, int]]:
        """The places of what is inside each box of a kind, in order."""
        return ((first, last) for found, first, last in self.boxes(start, end) if found == kind)

    def boxes(self, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
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

    def read(self, start: int, end: int) -> bytes:
        """What lies between two places, as far as anybody would write there."""
        self._file.seek(start)
        return self._file.read(max(0, min(end - start, _MAX_READ_BYTES)))
