"""The elements of a Matroska segment: what tells a cut file from one whose declared size is wrong."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

SEGMENT: Final = 0x18538067
_CLUSTER: Final = 0x1F43B675
_MEDIA: Final = frozenset({_CLUSTER, 0xA3, 0xA0, 0xE7, 0xAB, 0xA7})
"""A cluster, and what clusters of unknown size hold: blocks, their groups, times, positions."""
_SMALLEST_CLUSTER_BYTES: Final = 16
_MAX_ELEMENTS: Final = 5_000_000


@dataclass(frozen=True, slots=True)
class Element:
    """An element right below the segment, or in a cluster of unknown size.

    Attributes:
        end: The byte behind it, which may lie behind the end of the file.
    """

    kind: int
    end: int


def loses_media(file: BinaryIO, start: int, file_size: int, segment_end: int | None) -> bool:
    """Whether pictures or sound that a segment declares are not in the file.

    What follows the media, such as the index and tags, may be missing: players and this platform do without.

    Args:
        file: The whole file.
        start: The first byte of the segment's content.
        file_size: Bytes of the file.
        segment_end: The byte behind the segment as it declares; None when it declares none.
    """
    has_media, end = False, start
    for element in _elements(file, start, file_size):
        is_media = element.kind in _MEDIA
        has_media, end = has_media or is_media, element.end
        if end > file_size:
            return is_media or not has_media
    if not has_media:
        return True
    return segment_end is not None and segment_end - end >= _SMALLEST_CLUSTER_BYTES


def read_size(data: bytes) -> tuple[int | None, int]:
    """Decode an EBML length: its value (None for "unknown") and how many bytes it takes."""
    if not data or data[0] == 0:
        return None, 1
    length = 9 - data[0].bit_length()
    value = int.from_bytes(data[:length], "big") & ((1 << (7 * length)) - 1)
    return (None if value == (1 << (7 * length)) - 1 else value), length


def _elements(file: BinaryIO, start: int, file_size: int) -> Iterator[Element]:
    """Walk to the end of the file; an element of unknown size is entered."""
    position = start
    for _ in range(_MAX_ELEMENTS):
        if position >= file_size:
            return
        file.seek(position)
        head = file.read(12)
        width = 9 - head[0].bit_length() if head[0] else 9
        if width > 4:
            return  # no element: what decodes is all there is
        kind = int.from_bytes(head[:width], "big")
        size, length = read_size(head[width:])
        content = position + width + length
        position = content + (size or 0)
        yield Element(kind, position if len(head) >= width + length else file_size + 1)
