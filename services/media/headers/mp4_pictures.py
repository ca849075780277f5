"""Reads the labels of colours in an MP4 or MOV file; headers only, each length checked against its parent."""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from media.headers.declared_picture import DeclaredPicture

_MOST_BOXES: Final = 10_000
_PATH_TO_ENTRIES: Final = (b"minf", b"stbl", b"stsd")
_LIST_HEADER_BYTES: Final = 8
"""Of a sample description before its entries."""
_ENTRY_HEADER_BYTES: Final = 78
"""Of a visual sample entry before the boxes in it."""

Span = tuple[int, int]
"""Where a content begins and ends."""


def read_mp4_pictures(path: Path) -> tuple[DeclaredPicture, ...]:
    """What an MP4 or MOV file says about each of its tracks of video, in their order."""
    found = []
    with path.open("rb") as file:
        for moov in _named(file, (0, path.stat().st_size), b"moov"):
            for track in _named(file, moov, b"trak"):
                for media in _named(file, track, b"mdia"):
                    handlers = [_read(file, start + 8, 4) for start, _ in _named(file, media, b"hdlr")]
                    if b"vide" in handlers:
                        found.append(_picture(file, media))
    return tuple(found)


def _picture(file: BinaryIO, media: Span) -> DeclaredPicture:
    spans = [media]
    for name in _PATH_TO_ENTRIES:
        spans = [inner for span in spans for inner in _named(file, span, name)]
    for start, end in spans:
        for _, entry in _boxes(file, (start + _LIST_HEADER_BYTES, end)):
            for colour in _named(file, (entry[0] + _ENTRY_HEADER_BYTES, entry[1]), b"colr"):
                data = _read(file, colour[0], 11)
                if data[:4] in {b"nclx", b"nclc"} and len(data) >= 10:
                    return _labels(data)
    return DeclaredPicture()


def _labels(data: bytes) -> DeclaredPicture:
    primaries, transfer, matrix = (int.from_bytes(data[at : at + 2], "big") for at in (4, 6, 8))
    full = bool(data[10] & 0x80) if data.startswith(b"nclx") and len(data) > 10 else None
    return DeclaredPicture(primaries=primaries, transfer=transfer, matrix=matrix, full_range=full)


def _named(file: BinaryIO, span: Span, name: bytes) -> list[Span]:
    return [content for kind, content in _boxes(file, span) if kind == name]


def _boxes(file: BinaryIO, span: Span) -> Iterator[tuple[bytes, Span]]:
    """The boxes in a span; stops at the first thing that does not fit into it."""
    at, end = span
    for _ in range(_MOST_BOXES):
        head = _read(file, at, 16)
        if at + 8 > end or len(head) < 8:
            return
        size, kind, length = int.from_bytes(head[:4], "big"), head[4:8], 8
        if size == 1 and len(head) == 16:
            size, length = int.from_bytes(head[8:], "big"), 16
        elif size == 0:
            size = end - at
        if size < length or at + size > end:
            return
        yield kind, (at + length, at + size)
        at += size


def _read(file: BinaryIO, at: int, length: int) -> bytes:
    file.seek(at)
    return file.read(length)
