"""The poster shows something."""

from media.encode.encode_commands import SAMPLE_HEIGHT, SAMPLE_WIDTH
from media.package.poster import choose_sample, poster_size

PIXELS = SAMPLE_WIDTH * SAMPLE_HEIGHT
BLACK = bytes([16]) * PIXELS
WHITE = bytes([250]) * PIXELS
GREY = bytes([120]) * PIXELS
PICTURE = bytes(60 + (at * 7) % 130 for at in range(PIXELS))
DARK_PICTURE = bytes((at * 7) % 30 for at in range(PIXELS))


def test_black_white_and_flat_openings_are_passed_over() -> None:
    assert choose_sample(BLACK + WHITE + GREY + PICTURE) == 3


def test_of_two_good_pictures_the_first_is_taken() -> None:
    assert choose_sample(BLACK + PICTURE + PICTURE) == 1


def test_a_lit_picture_is_better_than_a_dark_one() -> None:
    assert choose_sample(DARK_PICTURE + PICTURE) == 1


def test_a_video_that_is_dark_throughout_still_gets_a_poster() -> None:
    assert choose_sample(BLACK + DARK_PICTURE) == 1
    assert choose_sample(BLACK) == 0
    assert choose_sample(b"") == 0


def test_the_poster_is_reduced_to_the_longest_side_allowed_and_never_enlarged() -> None:
    assert poster_size(1920, 1080, 1280) == (1280, 720)
    assert poster_size(1080, 1920, 1280) == (720, 1280)
    assert poster_size(640, 272, 1280) == (640, 272)
