"""A track that cannot be used is left out and named; the film is made of those that can."""

from pathlib import Path

import pytest

from media.produce.production import Production
from media.tools.errors import ErrorCode, InvalidInputError
from media.tools.warnings import WarningCode
from tests import track_sources
from tests.integration.media.conftest import Produce
from tests.measured import colour_at, hertz, streams

pytestmark = pytest.mark.integration


def _film(production: Production) -> Path:
    return next(file.path for file in production.files if file.name in {"mp4", "m4a"})


def _said(production: Production) -> list[str]:
    assert {warning.code for warning in production.warnings} <= {WarningCode.TRACKS_LEFT_OUT}
    return [warning.message for warning in production.warnings]


def test_sound_in_a_codec_without_a_name_is_left_out_and_named(make: Produce, tmp_path: Path) -> None:
    production = make(track_sources.make_nameless_sound(tmp_path))

    assert [stream["codec_type"] for stream in streams(_film(production))] == ["video", "audio"]
    assert hertz(_film(production)) == pytest.approx(440, abs=5)
    assert _said(production) == ["Track 3 (sound, apac) cannot be read here and is left out."]


@pytest.mark.long
def test_a_film_whose_only_sound_cannot_be_read_is_made_without_it(make: Produce, tmp_path: Path) -> None:
    production = make(track_sources.make_nameless_sound(tmp_path, b"fpcm", only=True))

    assert [stream["codec_type"] for stream in streams(_film(production))] == ["video"]
    assert _said(production) == ["Track 2 (sound, fpcm) cannot be read here and is left out."]


def test_the_sound_alone_is_refused_when_none_can_be_read(make: Produce, tmp_path: Path) -> None:
    source = track_sources.make_nameless_sound(tmp_path, only=True)

    with pytest.raises(InvalidInputError, match="coded as 'apac'") as caught:
        make(source, profile="audio")
    assert caught.value.code is ErrorCode.CODEC_NOT_ALLOWED


@pytest.mark.long
@pytest.mark.parametrize("profile", ["web", "audio"])
def test_a_codec_off_the_list_in_front_of_one_on_it_is_left_out(
    make: Produce, tmp_path: Path, profile: str
) -> None:
    production = make(track_sources.make_forbidden_sound(tmp_path), profile=profile)

    assert hertz(_film(production)) == pytest.approx(440, abs=5)
    assert _said(production) == ["Track 2 (sound, sonic) cannot be read here and is left out."]


@pytest.mark.long
def test_a_second_picture_off_the_list_does_not_refuse_the_first(make: Produce, tmp_path: Path) -> None:
    production = make(track_sources.make_forbidden_picture(tmp_path), profile="thumbnails")

    assert _said(production) == ["Track 2 (picture, asv1) cannot be read here and is left out."]


@pytest.mark.long_but(1)
@pytest.mark.parametrize("suffix", ["mp4", "ts"])
def test_sound_without_a_sample_is_left_out(make: Produce, tmp_path: Path, suffix: str) -> None:
    production = make(track_sources.make_empty_sound(tmp_path, suffix))

    assert [stream["codec_type"] for stream in streams(_film(production))] == ["video"]
    assert len(_said(production)) == 1
    assert "(sound, aac)" in _said(production)[0]


@pytest.mark.long
def test_a_file_with_nothing_but_empty_sound_has_no_sound(make: Produce, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="nothing in them") as caught:
        make(track_sources.make_empty_sound(tmp_path), profile="audio")
    assert caught.value.code is ErrorCode.INPUT_NO_AUDIO


def test_of_a_motion_photo_the_film_is_taken_and_not_the_larger_still(make: Produce, tmp_path: Path) -> None:
    film = _film(make(track_sources.make_motion_photo(tmp_path)))

    video = streams(film)[0]
    assert (video["width"], video["height"]) == (320, 240)
    assert float(video["duration"]) == pytest.approx(2, abs=0.05)
    red, green, _ = colour_at(film, 1)
    assert green > red


def test_of_two_programmes_the_first_is_taken_with_its_own_sound(make: Produce, tmp_path: Path) -> None:
    production = make(track_sources.make_two_programmes(tmp_path))

    film = _film(production)
    red, green, _ = colour_at(film, 1)
    assert green > red
    assert [stream["codec_type"] for stream in streams(film)] == ["video", "audio"]
    assert hertz(film) == pytest.approx(440, abs=5)
    assert len(_said(production)) == 1
    assert "another programme" in _said(production)[0]


@pytest.mark.long
def test_a_cover_that_is_no_video_here_is_ignored(make: Produce, tmp_path: Path) -> None:
    production = make(track_sources.make_cover_in_tiff(tmp_path), profile="thumbnails")

    assert _said(production) == []


@pytest.mark.long
def test_sound_that_describes_the_picture_is_never_the_main_track(make: Produce, tmp_path: Path) -> None:
    film = _film(make(track_sources.make_described_sound(tmp_path)))

    assert hertz(film, track=0) == pytest.approx(440, abs=5)
    assert hertz(film, track=1) == pytest.approx(1000, abs=5)
