"""Colours that a picture tells by numbers (ITU-T H.273) become a table that brings them to sRGB. Pure.

Pictures in high dynamic range are brought down as films are: the curve is that of ffmpeg's `tonemap=mobius`
for light of up to ten times the white of BT.709.
"""

import math
from typing import Final

from media.pictures.colour_profile import Colour, Converter, Curve, write_cube

_D65: Final = (0.3127, 0.3290)
_SRGB: Final = ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060), _D65)
_PRIMARIES: Final = {
    5: ((0.640, 0.330), (0.290, 0.600), (0.150, 0.060), _D65),
    6: ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070), _D65),
    7: ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070), _D65),
    9: ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046), _D65),
    11: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), (0.314, 0.351)),
    12: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), _D65),
}
"""Red, green, blue and white as x and y; numbers that are not here count as sRGB."""
_TO_CONES: Final = ((0.8951, 0.2664, -0.1614), (-0.7502, 1.7135, 0.0367), (0.0389, -0.0685, 1.0296))
_FROM_CONES: Final = (
    (0.9869929, -0.1470543, 0.1599627),
    (0.4323053, 0.5183603, 0.0492912),
    (-0.0085287, 0.0400428, 0.9684867),
)
"""Bradford's matrix and its inverse."""
_D50: Final = (0.9642, 1.0, 0.8249)
_PQ: Final = 16
_HLG: Final = 18
_PEAK: Final = 10.0
_KNEE: Final = 0.3
_BT2020_LIGHT: Final = (0.2627, 0.6780, 0.0593)


def cube_from_numbers(primaries: int, transfer: int) -> str | None:
    """Write the table, in the form `.cube`, that brings numbered colours to sRGB.

    Args:
        primaries: Number of the primaries.
        transfer: Number of the curve; those near sRGB's count as sRGB's, as browsers take them.

    Returns:
        None where nothing is to be done.
    """
    curve = _CURVES.get(transfer, _srgb)
    converter = {_PQ: _Bright, _HLG: _BrightScene}.get(transfer, Converter)
    return write_cube(converter([curve] * 3, _columns(primaries)))


class _Bright(Converter):
    """For linear light whose 1 is the white of BT.709, and which goes far beyond it."""

    def from_linear(self, linear: Colour) -> Colour:
        brightest = max(linear)
        share = _mobius(brightest) / brightest if brightest > _KNEE else 1.0
        red, green, blue = (value * share for value in linear)
        return super().from_linear((red, green, blue))


class _BrightScene(_Bright):
    """For light as the camera saw it (ITU-R BT.2100); a screen of 1000 candelas adds contrast."""

    def from_linear(self, linear: Colour) -> Colour:
        light = sum(share * value for share, value in zip(_BT2020_LIGHT, linear, strict=True))
        gain = _PEAK * math.pow(light, 0.2) if light > 0 else 0.0
        red, green, blue = (value * gain for value in linear)
        return super().from_linear((red, green, blue))


def _mobius(light: float) -> float:
    a = -_KNEE * _KNEE * (_PEAK - 1) / (_KNEE * _KNEE - 2 * _KNEE + _PEAK)
    b = (_KNEE * _KNEE - 2 * _KNEE * _PEAK + _PEAK) / (_PEAK - 1)
    return (b * b + 2 * b * _KNEE + _KNEE * _KNEE) / (b - a) * (light + a) / (light + b)


def _srgb(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else math.pow((value + 0.055) / 1.055, 2.4)


def _pq(value: float) -> float:
    """SMPTE ST 2084; 1 stands for 100 candelas."""
    root = math.pow(value, 32 / 2523)
    return 100 * math.pow(max(0.0, root - 0.8359375) / (18.8515625 - 18.6875 * root), 8192 / 1305)


def _hlg(value: float) -> float:
    """ARIB STD-B67; 1 stands for the brightest."""
    return (
        value * value / 3 if value <= 0.5 else (math.exp((value - 0.55991073) / 0.17883277) + 0.28466892) / 12
    )


_CURVES: Final[dict[int, Curve]] = {
    4: lambda value: math.pow(value, 2.2),
    5: lambda value: math.pow(value, 2.8),
    8: lambda value: value,
    _PQ: _pq,
    _HLG: _hlg,
}


def _columns(primaries: int) -> list[Colour]:
    """XYZ of red, green and blue under D50, so that together they are its white."""
    *corners, white = (_xyz(*place) for place in _PRIMARIES.get(primaries, _SRGB))
    shares = _solved(corners, white)
    seen, wanted = _times(_TO_CONES, white), _times(_TO_CONES, _D50)
    columns = []
    for corner, share in zip(corners, shares, strict=True):
        first, second, third = (
            cone * share * to / by
            for cone, to, by in zip(_times(_TO_CONES, corner), wanted, seen, strict=True)
        )
        columns.append(_times(_FROM_CONES, (first, second, third)))
    return columns


def _xyz(x: float, y: float) -> Colour:
    return x / y, 1.0, (1 - x - y) / y


def _times(rows: tuple[Colour, ...], colour: Colour) -> Colour:
    first, second, third = (sum(row[axis] * colour[axis] for axis in range(3)) for row in rows)
    return first, second, third


def _solved(corners: list[Colour], white: Colour) -> Colour:
    """How much of each corner makes the white, by Cramer's rule."""
    whole = _determinant(*corners)
    first, second, third = (
        _determinant(*(white if place == axis else corner for place, corner in enumerate(corners))) / whole
        for axis in range(3)
    )
    return first, second, third


def _determinant(first: Colour, second: Colour, third: Colour) -> float:
    return (
        first[0] * (second[1] * third[2] - third[1] * second[2])
        - second[0] * (first[1] * third[2] - third[1] * first[2])
        + third[0] * (first[1] * second[2] - second[1] * first[2])
    )
