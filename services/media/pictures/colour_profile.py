"""Colour profiles of pictures: those with three primaries become a table that brings colours to sRGB. Pure.

Read here and not by a library in C: a profile is untrusted, and the common kind is a matrix and three curves
(ICC.1:2022, clauses 8.3.3, 10.6, 10.18 and F.3). The few with tables of their own, and CMYK, are left alone.
"""

import math
import struct
from collections.abc import Callable, Iterator
from itertools import product
from typing import Final

CUBE_NAME: Final = "colours.cube"
_CUBE_SIDE: Final = 33
_COARSE_SIDE: Final = 5
_MAX_PROFILE_BYTES: Final = 4 * 1024 * 1024
_NOTABLE: Final = 2 / 255
"""Profiles that move no colour further than this are sRGB by another name."""
_XYZ_TO_SRGB: Final = (
    (3.1338561, -1.6168667, -0.4906146),
    (-0.9787684, 1.9161415, 0.0334540),
    (0.0719453, -0.2289914, 1.4052427),
)
"""From the white of profiles (D50), by Bradford's adaptation; the rows make red, green and blue."""

Colour = tuple[float, float, float]
Curve = Callable[[float], float]
"""Makes one value between 0 and 1 linear."""


def cube_to_srgb(profile: bytes) -> str | None:
    """Write the table, in the form `.cube`, that brings colours of a profile to sRGB.

    Args:
        profile: The ICC profile as it lies in the file.

    Returns:
        None where nothing is to be done: the profile is sRGB, damaged, or of another kind.
    """
    try:
        convert = _converter(profile)
        return None if convert is None else write_cube(convert)
    except (struct.error, ValueError, OverflowError, ZeroDivisionError):
        return None


def write_cube(convert: "Converter") -> str | None:
    """Write a table in the form `.cube`; None where it would change nothing."""
    if _is_identity(convert):
        return None
    lines = (f"{red:.6f} {green:.6f} {blue:.6f}" for red, green, blue in _table(convert))
    return "\n".join([f"LUT_3D_SIZE {_CUBE_SIDE}", *lines, ""])


def _table(convert: "Converter") -> Iterator[Colour]:
    steps = [step / (_CUBE_SIDE - 1) for step in range(_CUBE_SIDE)]
    curves = [[curve(step) for step in steps] for curve in convert.curves]
    for blue, green, red in product(curves[2], curves[1], curves[0]):
        yield convert.from_linear((red, green, blue))


def _is_identity(convert: "Converter") -> bool:
    steps = [step / (_COARSE_SIDE - 1) for step in range(_COARSE_SIDE)]
    return all(
        abs(before - after) <= _NOTABLE
        for colour in product(steps, repeat=3)
        for before, after in zip(colour, convert.of(colour), strict=True)
    )


class Converter:
    """From a space of three primaries to the colours of sRGB.

    Args:
        curves: Of red, green and blue: what makes a value linear.
        columns: XYZ of red, green and blue, under the white of profiles (D50).
    """

    def __init__(self, curves: list[Curve], columns: list[Colour]) -> None:
        self.curves = curves
        self._rows = [
            tuple(sum(row[axis] * column[axis] for axis in range(3)) for column in columns)
            for row in _XYZ_TO_SRGB
        ]

    def of(self, colour: tuple[float, ...]) -> Colour:
        """Convert a colour as it is stored."""
        red, green, blue = (curve(value) for curve, value in zip(self.curves, colour, strict=True))
        return self.from_linear((red, green, blue))

    def from_linear(self, linear: Colour) -> Colour:
        """Convert a colour that was made linear."""
        red, green, blue = linear
        first, second, third = (_gamma(row[0] * red + row[1] * green + row[2] * blue) for row in self._rows)
        return first, second, third


def _gamma(linear: float) -> float:
    """The curve of sRGB (IEC 61966-2-1); what it cannot show is cut off."""
    linear = min(1.0, max(0.0, linear))
    return 12.92 * linear if linear <= 0.0031308 else 1.055 * linear ** (1 / 2.4) - 0.055


def _converter(profile: bytes) -> Converter | None:
    if len(profile) > _MAX_PROFILE_BYTES or profile[16:24] != b"RGB XYZ ":
        return None
    (count,) = struct.unpack_from(">I", profile, 128)
    tags = {}
    for position in range(min(count, 100)):
        name, start, size = struct.unpack_from(">4sII", profile, 132 + 12 * position)
        tags[name] = profile[start : start + size]
    names = (b"r", b"g", b"b")
    if b"A2B0" in tags or any(name + kind not in tags for name in names for kind in (b"XYZ", b"TRC")):
        return None
    red, green, blue = (_fixed(tags[name + b"XYZ"], 8, 3) for name in names)
    columns: list[Colour] = [(x, y, z) for x, y, z in (red, green, blue)]
    return Converter([_curve(tags[name + b"TRC"]) for name in names], columns)


def _fixed(data: bytes, start: int, count: int) -> list[float]:
    return [value / 65536 for value in struct.unpack_from(f">{count}i", data, start)]


def _curve(data: bytes) -> Curve:
    """A curve tag: a parametric function, an exponent, or points at equal distances."""
    if data[:4] == b"para":
        return _parametric(data)
    if data[:4] != b"curv":
        message = f"curve of the unknown kind {data[:4]!r}"
        raise ValueError(message)
    count = int.from_bytes(data[8:12], "big")
    if count == 0:
        return lambda value: value
    points: tuple[int, ...] = struct.unpack_from(f">{count}H", data, 12)
    if count == 1:
        exponent = points[0] / 256
        return lambda value: math.pow(value, exponent)

    def between(value: float) -> float:
        place = value * (count - 1)
        below = min(int(place), count - 2)
        return (points[below] + (points[below + 1] - points[below]) * (place - below)) / 65535

    return between


def _parametric(data: bytes) -> Curve:
    """One of the five functions; each is `(a x + b)^g + e` from `d` on, and `c x + f` below."""
    (kind,) = struct.unpack_from(">H", data, 8)
    numbers = _fixed(data, 12, {0: 1, 1: 3, 2: 4, 3: 5, 4: 7}.get(kind, 0))
    if not numbers:
        message = f"parametric curve of the unknown kind {kind}"
        raise ValueError(message)
    g, a, b, c, d, e, f = (*numbers, *(1.0, 0.0, 0.0, 0.0, 0.0, 0.0)[len(numbers) - 1 :])
    if kind in {1, 2}:
        d, e, f = -b / a, (c if kind == 2 else 0.0), (c if kind == 2 else 0.0)
        c = 0.0

    def value_of(value: float) -> float:
        return math.pow(max(0.0, a * value + b), g) + e if value >= d else c * value + f

    return value_of
