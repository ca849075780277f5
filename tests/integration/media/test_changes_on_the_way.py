"""Sources whose picture or sound becomes another on its way keep their length, one size, and their step."""

from pathlib import Path

import pytest

from media.produce.production import Production
from media.tools.warnings import WarningCode
from tests import track_sources
from tests.integration.media.conftest import Produce
from tests.measured import colour_at, hertz, sound_seconds, streams

pytestmark = pytest.mark.integration


def _film(production: Production) -> Path:
    return next(file.path for file in production.files if file.name in {"mp4", "m4a"})


def _codes(production: Production) -> list[WarningCode]:
    return [warning.code for warning in production.warnings]


@pytest.mark.long_but(1)
@pytest.mark.parametrize(("second", "pixels"), [("640x360", "yuv420p"), ("160x90", "yuv422p")])
def test_a_picture_that_changes_its_size_keeps_one_size_and_its_length(
    make: Produce, tmp_path: Path, second: str, pixels: str
) -> None:
    production = make(track_sources.make_size_changes(tmp_path, second, pixels))

    film = _film(production)
    video = streams(film)[0]
    assert (video["width"], video["height"]) == (320, 180)
    assert float(video["duration"]) == pytest.approx(2, abs=0.1)
    assert colour_at(film, 0.5)[0] > 200 > colour_at(film, 0.5)[1]
    for x in (0.05, 0.5, 0.95):
        assert colour_at(film, 1.5, x)[1] > 200 > colour_at(film, 1.5, x)[0]
    assert hertz(film, 1.2, 1.8) == pytest.approx(440, abs=5)
    assert _codes(production) == [WarningCode.PICTURE_CHANGES]


@pytest.mark.long
def test_a_picture_that_changes_its_aspect_gets_bars_and_is_never_stretched(
    make: Produce, tmp_path: Path
) -> None:
    production = make(track_sources.make_size_changes(tmp_path, "180x180"))

    film = _film(production)
    assert float(streams(film)[0]["duration"]) == pytest.approx(2, abs=0.1)
    assert colour_at(film, 0.5, 0.1)[0] > 200
    assert max(colour_at(film, 1.5, 0.1)) < 30
    assert colour_at(film, 1.5, 0.5)[1] > 200
    assert max(colour_at(film, 1.5, 0.9)) < 30


@pytest.mark.long
@pytest.mark.parametrize(("first", "second"), [(2, 6), (6, 1)])
def test_sound_that_changes_its_channels_stays_in_step(
    make: Produce, tmp_path: Path, first: int, second: int
) -> None:
    production = make(track_sources.make_channel_changes(tmp_path, first, second))

    film = _film(production)
    assert sound_seconds(film) == pytest.approx(2, abs=0.1)
    assert hertz(film, 0.2, 0.8) == pytest.approx(440, abs=5)
    assert hertz(film, 1.2, 1.8) == pytest.approx(880, abs=5)
    assert _codes(production) == [WarningCode.SOUND_CHANGES]


@pytest.mark.long
def test_the_sound_alone_of_such_a_source_is_right_in_every_file(make: Produce, tmp_path: Path) -> None:
    production = make(track_sources.make_channel_changes(tmp_path), profile="audio")

    for name in ("m4a", "opus"):
        path = next(file.path for file in production.files if file.name == name)
        assert sound_seconds(path) == pytest.approx(2, abs=0.1)
        assert hertz(path, 0.2, 0.8) == pytest.approx(440, abs=5)
        assert hertz(path, 1.2, 1.8) == pytest.approx(880, abs=5)


@pytest.mark.long_but(1)
@pytest.mark.parametrize("version", [0, 1])
def test_what_a_broadcast_sends_under_other_numbers_goes_on(
    version: int, make: Produce, tmp_path: Path
) -> None:
    production = make(track_sources.make_moved_broadcast(tmp_path, version=version))

    film = _film(production)
    assert [float(stream["duration"]) for stream in streams(film)] == pytest.approx([2, 2], abs=0.1)
    assert colour_at(film, 0.5) == pytest.approx((254, 0, 0), abs=6)
    assert colour_at(film, 1.5) == pytest.approx((0, 254, 0), abs=6)
    assert hertz(film, 0.2, 0.8) == pytest.approx(440, abs=5)
    assert hertz(film, 1.2, 1.8) == pytest.approx(880, abs=5)
    assert production.warnings == ()


@pytest.mark.long
def test_a_steady_source_brings_no_warning(make: Produce, tmp_path: Path) -> None:
    assert _codes(make(track_sources.make_motion_photo(tmp_path))) == [WarningCode.TRACKS_LEFT_OUT]
