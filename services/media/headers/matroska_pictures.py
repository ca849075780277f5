"""Reads the labels of colours and the crop in a Matroska file; headers only, each length checked."""

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Final

from media.containers.ebml import TRACK_ENTRY, TRACK_TYPE, elements, inside, number, read_tracks
from media.headers.declared_picture import Crop, DeclaredPicture

_VIDEO, _COLOUR = 0xE0, 0x55B0
_TYPE_OF_VIDEO: Final = 1
_WIDTH, _HEIGHT, _SHOWN_WIDTH, _SHOWN_HEIGHT, _SHOWN_UNIT = 0xB0, 0xBA, 0x54B0, 0x54BA, 0x54B2
_BOTTOM, _TOP, _LEFT, _RIGHT = 0x54AA, 0x54BB, 0x54CC, 0x54DD
_MATRIX, _RANGE, _TRANSFER, _PRIMARIES = 0x55B1, 0x55B9, 0x55BA, 0x55BB
_FULL_RANGE: Final = 2
_NO_SHAPE: Final = 4
"""The unit of a shown size that says nothing."""

_LONGEST_NUMBER_BYTES: Final = 8


def read_matroska_pictures(path: Path) -> tuple[DeclaredPicture, ...]:
    """What a Matroska or WebM file says about each of its tracks of video, in their order."""
    return tuple(
        _picture(video)
        for entry in inside(read_tracks(path), TRACK_ENTRY)
        if _numbers(entry).get(TRACK_TYPE) == _TYPE_OF_VIDEO
        for video in inside(entry, _VIDEO)
    )


def _picture(video: bytes) -> DeclaredPicture:
    sizes = _numbers(video)
    labels: dict[int, int] = {}
    for colour in inside(video, _COLOUR):
        labels |= _numbers(colour)
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


def _numbers(data: bytes) -> dict[int, int]:
    """Every element that may be a number, by its name."""
    return {name: number(value) for name, value in elements(data) if len(value) <= _LONGEST_NUMBER_BYTES}
