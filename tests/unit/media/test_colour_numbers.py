"""Numbers of colours become tables that bring them to sRGB."""

import pytest

from media.pictures.colour_numbers import cube_from_numbers
from media.pictures.colour_profile import cube_to_srgb
from tests.media_pictures import display_p3


def _entries(cube: str | None) -> list[tuple[float, ...]]:
    assert cube is not None
    return [tuple(float(value) for value in line.split()) for line in cube.splitlines()[1:]]


def _grey(cube: str | None, step: int) -> float:
    """What becomes of a grey of so many 32nds of the highest value."""
    red, green, blue = _entries(cube)[step * (1 + 33 + 33 * 33)]
    assert (green, blue) == pytest.approx((red, red), abs=0.002)
    return red


@pytest.mark.parametrize("numbers", [(1, 13), (1, 1), (2, 2), (1, 6), (200, 200)])
def test_colours_that_are_srgb_or_that_nobody_tells_are_left_alone(numbers: tuple[int, int]) -> None:
    assert cube_from_numbers(*numbers) is None


def test_the_numbers_of_display_p3_mean_what_its_profile_means() -> None:
    by_number, by_profile = _entries(cube_from_numbers(12, 13)), _entries(cube_to_srgb(display_p3()))

    worst = max(
        abs(one - other)
        for row, twin in zip(by_number, by_profile, strict=True)
        for one, other in zip(row, twin, strict=True)
    )
    assert worst < 0.001


@pytest.mark.parametrize(
    ("transfer", "step", "expected"),
    # Reference white (203 candelas) lies at 0.58 of PQ and at 0.75 of HLG: light, but not as light as can be.
    [(16, 0, 0.0), (16, 19, 0.93), (16, 32, 1.0), (18, 0, 0.0), (18, 24, 0.92), (18, 32, 1.0)],
)
def test_high_dynamic_range_keeps_its_white_below_its_lights(
    transfer: int, step: int, expected: float
) -> None:
    assert _grey(cube_from_numbers(9, transfer), step) == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize("transfer", [4, 5, 8])
def test_other_curves_are_undone(transfer: int) -> None:
    exponent = {4: 2.2, 5: 2.8, 8: 1.0}[transfer]
    linear = 0.5**exponent

    assert _grey(cube_from_numbers(1, transfer), 16) == pytest.approx(
        1.055 * linear ** (1 / 2.4) - 0.055, abs=0.001
    )
