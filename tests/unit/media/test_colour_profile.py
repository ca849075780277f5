"""Profiles become tables that bring colours to sRGB, and nonsense becomes nothing."""

import struct

import pytest

from media.pictures.colour_profile import cube_to_srgb
from tests.media_pictures import display_p3

_GAMMA_2_2 = b"curv" + struct.pack(">IIH", 0, 1, round(2.2 * 256))
_POINTS_2_2 = b"curv" + struct.pack(">II256H", 0, 256, *(round(65535 * (n / 255) ** 2.2) for n in range(256)))


def _entry(cube: str | None, red: int, green: int, blue: int) -> tuple[float, ...]:
    """One entry of the table, by its place on the grid of 33, in values up to 255."""
    assert cube is not None
    lines = cube.splitlines()
    assert lines[0] == "LUT_3D_SIZE 33"
    assert len(lines) == 1 + 33**3
    return tuple(float(value) * 255 for value in lines[1 + red + 33 * (green + 33 * blue)].split())


@pytest.mark.parametrize(
    ("profile", "place", "expected"),
    [
        # What LittleCMS 2 makes of the same profiles, relative colorimetric.
        (display_p3(), (16, 16, 16), (128, 128, 128)),
        (display_p3(), (24, 12, 6), (205, 89, 30)),
        (display_p3(), (0, 32, 0), (0, 255, 0)),
        (display_p3(_GAMMA_2_2), (24, 12, 6), (207, 89, 23)),
        (display_p3(_POINTS_2_2), (24, 12, 6), (207, 89, 23)),
    ],
)
def test_colours_of_a_wide_space_are_brought_to_srgb(
    profile: bytes, place: tuple[int, int, int], expected: tuple[int, int, int]
) -> None:
    assert _entry(cube_to_srgb(profile), *place) == pytest.approx(expected, abs=1.6)


def _srgb() -> bytes:
    """The same profile with the primaries of sRGB."""
    columns = ((0.43607, 0.22249, 0.01392), (0.38515, 0.71687, 0.09708), (0.14307, 0.06061, 0.71410))
    wide = display_p3()
    start = wide.index(b"XYZ ", 132 + 9 * 12)
    for column in columns:
        values = struct.pack(">3i", *(round(value * 65536) for value in column))
        wide = wide[: start + 8] + values + wide[start + 20 :]
        start += 20
    return wide


def test_a_profile_that_is_srgb_changes_nothing() -> None:
    assert cube_to_srgb(_srgb()) is None


@pytest.mark.parametrize(
    "profile",
    [
        b"",
        b"\0" * 200,
        display_p3()[:150],
        display_p3()[:300],
        display_p3().replace(b"RGB XYZ ", b"CMYKLab "),
        display_p3().replace(b"rTRC", b"A2B0"),
        display_p3(b"curv" + struct.pack(">II", 0, 0xFFFFFFFF)),
        display_p3(b"para" + struct.pack(">IHH", 0, 9, 0)),
        display_p3(b"para" + struct.pack(">IHH3i", 0, 1, 0, 65536, 0, 0)),
        display_p3(b"para" + struct.pack(">IHH1i", 0, 0, 0, -(2**31))),
        display_p3(b"mft2" + b"\0" * 40),
        display_p3() + b"\0" * (5 * 1024 * 1024),
    ],
    ids=range(12),
)
def test_damaged_and_other_profiles_are_left_alone(profile: bytes) -> None:
    assert cube_to_srgb(profile) is None
