"""Reads the elements of EBML, of which Matroska and WebM files consist; each length is checked."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

TRACK_ENTRY: Final = 0xAE
TRACK_TYPE: Final = 0x83
_SEGMENT: Final = 0x18538067
_TRACKS: Final = 0x1654AE6B
_MAX_ELEMENTS: Final = 20_000
_MAX_TRACKS_BYTES: Final = 2 * 1024 * 1024


def read_tracks(path: Path) -> bytes:
    """What is inside the element Tracks of a Matroska file; empty when there is none."""
    with path.open("rb") as file:
        return _tracks(file)


def _tracks(file: BinaryIO) -> bytes:
    """What is inside the first element Tracks of the first segment; empty when there is none."""
    place, end = 0, file.seek(0, os.SEEK_END)
    for _ in range(_MAX_ELEMENTS):
        if place >= end:
            break  # a length may name a place where no file system can have one
        file.seek(place)
        head = file.read(12)
        name, name_bytes = _id(head)
        size, size_bytes = _size(head[name_bytes:])
        if not name or not size_bytes:
            break
        place += name_bytes + size_bytes
        if name == _TRACKS:
            return file.read(0) if size is None else _read(file, place, size)
        if name == _SEGMENT:
            continue  # its elements come next, of whatever size it is
        if size is None:
            break  # a cluster without an end: the tracks would have come before
        place += size
    return b""


def _read(file: BinaryIO, place: int, size: int) -> bytes:
    file.seek(place)
    return file.read(min(size, _MAX_TRACKS_BYTES))


def inside(data: bytes, wanted: int) -> Iterator[bytes]:
    """What is inside each element of a name, among the elements that `data` consists of."""
    return (content for name, content in elements(data) if name == wanted)


def elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The elements that `data` consists of, each with its name and what is inside."""
    place = 0
    while place < len(data):
        name, name_bytes = _id(data[place : place + 4])
        size, size_bytes = _size(data[place + name_bytes : place + name_bytes + 8])
        if not name or not size_bytes or size is None:
            return
        place += name_bytes + size_bytes
        yield name, data[place : place + size]
        place += size


def _id(data: bytes) -> tuple[int, int]:
    """An element's name with its marker bits, and how many bytes it takes; 0 for none."""
    length = 9 - data[0].bit_length() if data and data[0] else 0
    return (int.from_bytes(data[:length], "big"), length) if 1 <= length <= min(4, len(data)) else (0, 0)


def _size(data: bytes) -> tuple[int | None, int]:
    """An element's size, None for unknown, and how many bytes it takes; 0 for none."""
    length = 9 - data[0].bit_length() if data and data[0] else 0
    if not 1 <= length <= len(data):
        return None, 0
    largest = (1 << (7 * length)) - 1
    value = int.from_bytes(data[:length], "big") & largest
    return (None if value == largest else value), length


def number(data: bytes) -> int:
    """The value of an element that is a number."""
    return int.from_bytes(data, "big")
