"""Reads the labels of colours and the crop in a Matroska file; headers only, each length checked."""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO, Final

from media.headers.declared_picture import Crop, DeclaredPicture

_MOST_ELEMENTS: Final = 10_000
_SEGMENT, _CLUSTER, _TRACKS, _ENTRY, _VIDEO, _COLOUR = (
    0x18538067,
    0x1F43B675,
    0x1654AE6B,
    0xAE,
    0xE0,
    0x55B0,
)
_TRACK_TYPE: Final = 0x83
_TYPE_OF_VIDEO: Final = 1
_WIDTH, _HEIGHT, _SHOWN_WIDTH, _SHOWN_HEIGHT, _SHOWN_UNIT = 0xB0, 0xBA, 0x54B0, 0x54BA, 0x54B2
_BOTTOM, _TOP, _LEFT, _RIGHT = 0x54AA, 0x54BB, 0x54CC, 0x54DD
_MATRIX, _RANGE, _TRANSFER, _PRIMARIES = 0x55B1, 0x55B9, 0x55BA, 0x55BB
_FULL_RANGE: Final = 2
_NO_SHAPE: Final = 4
"""The unit of a shown size that says nothing."""

Span = tuple[int, int]
"""Where a content begins and ends."""


def read_matroska_pictures(path: Path) -> tuple[DeclaredPicture, ...]:
    """What a Matroska or WebM file says about each of its tracks of video, in their order."""
    found = []
    with path.open("rb") as file:
        for segment in _named(file, (0, path.stat().st_size), _SEGMENT):
            for tracks in _named(file, segment, _TRACKS):
                for entry in _named(file, tracks, _ENTRY):
                    if _numbers(file, entry).get(_TRACK_TYPE) == _TYPE_OF_VIDEO:
                        found += [_picture(file, video) for video in _named(file, entry, _VIDEO)]
    return tuple(found)


def _picture(file: BinaryIO, video: Span) -> DeclaredPicture:
    sizes = _numbers(file, video)
    labels: dict[int, int] = {}
    for colour in _named(file, video, _COLOUR):
        labels |= _numbers(file, colour)
    crop = _crop(sizes)
    return DeclaredPicture(
        matrix=labels.get(_MATRIX),
        primaries=labels.get(_PRIMARIES),
        transfer=labels.get(_TRANSFER),
        full_range=labels[_RANGE] == _FULL_RANGE if labels.get(_RANGE) in {1, 2} else None,
        crop=crop,
        pixel_aspect=_pixel_aspect(sizes, crop) if crop else None,
    )


def _crop(sizes: Mapping[int, int]) -> Crop | None:
    """The crop, where something is left of the picture."""
    crop = Crop(
        left=sizes.get(_LEFT, 0),
        top=sizes.get(_TOP, 0),
        right=sizes.get(_RIGHT, 0),
        bottom=sizes.get(_BOTTOM, 0),
    )
    fits = crop.left + crop.right + 2 <= sizes.get(_WIDTH, 0) and crop.top + crop.bottom + 2 <= sizes.get(
        _HEIGHT, 0
    )
    return crop if fits and crop != Crop() else None


def _pixel_aspect(sizes: Mapping[int, int], crop: Crop) -> Fraction | None:
    """The shape of a pixel: the shown size is that of the cropped picture.

    A shown size that is the whole coded one was not thought of together with the crop: then ffmpeg's shape is
    right, as it is where there is none.
    """
    coded = sizes[_WIDTH], sizes[_HEIGHT]
    width, height = coded[0] - crop.left - crop.right, coded[1] - crop.top - crop.bottom
    shown = sizes.get(_SHOWN_WIDTH, 0), sizes.get(_SHOWN_HEIGHT, 0)
    if shown == coded or not all(shown) or sizes.get(_SHOWN_UNIT, 0) >= _NO_SHAPE:
        return None
    return Fraction(shown[0] * height, shown[1] * width)


def _numbers(file: BinaryIO, span: Span) -> dict[int, int]:
    """Every element in a span that may be a number, by its identifier."""
    return {
        name: int.from_bytes(_read(file, start, end - start), "big")
        for name, (start, end) in _elements(file, span)
        if end - start <= 8
    }


def _named(file: BinaryIO, span: Span, name: int) -> list[Span]:
    return [content for found, content in _elements(file, span) if found == name]


def _elements(file: BinaryIO, span: Span) -> Iterator[tuple[int, Span]]:
    """The elements in a span up to the first one of unknown length or that does not fit into it.

    The segment and its clusters may be of unknown length: they reach to the end.
    """
    at, end = span
    for _ in range(_MOST_ELEMENTS):
        head = _read(file, at, 12)
        if at + 2 > end or len(head) < 2 or not head[0]:
            return
        name_bytes = 9 - head[0].bit_length()
        size = head[name_bytes:]
        if name_bytes > 4 or not size or not size[0]:
            return
        size_bytes = 9 - size[0].bit_length()
        length = int.from_bytes(size[:size_bytes], "big") & ((1 << 7 * size_bytes) - 1)
        start = at + name_bytes + size_bytes
        if length == (1 << 7 * size_bytes) - 1:
            length = end - start
        name = int.from_bytes(head[:name_bytes], "big")
        if name != _SEGMENT and start + length > end:
            return
        yield name, (start, min(start + length, end))
        at = start + length


def _read(file: BinaryIO, at: int, length: int) -> bytes:
    file.seek(at)
    return file.read(length)
