"""Every format on the list becomes what it holds: the length, the picture and the tone are looked at."""

from pathlib import Path

import pytest

from tests import format_sources
from tests.format_sources import BARE_PARTS, DAMAGED_FILMS, DAMAGED_SOUNDS, FILMS, PICTURES, SECONDS, SOUNDS
from tests.integration.media.conftest import Produce
from tests.measured import hertz, sound_seconds, streams

pytestmark = pytest.mark.integration

_LENIENT_SECONDS = 0.15
"""Codecs of sound begin and end with up to two frames of their own."""


def _check_film(make: Produce, source: Path, *, heard: bool) -> None:
    film = next(file.path for file in make(source, profile="hevc-to-h264").files if file.name == "mp4")
    found = streams(film)
    assert [stream["codec_type"] for stream in found] == ["video", *(["audio"] if heard else [])]
    assert float(found[0]["duration"]) == pytest.approx(SECONDS, abs=_LENIENT_SECONDS)
    if heard:
        assert hertz(film) == pytest.approx(440, abs=5)
        assert sound_seconds(film) == pytest.approx(SECONDS, abs=_LENIENT_SECONDS)


def _check_sound(make: Produce, source: Path) -> None:
    sound = next(file.path for file in make(source, profile="audio").files if file.name == "m4a")
    assert hertz(sound) == pytest.approx(440, abs=5)
    assert sound_seconds(sound) == pytest.approx(SECONDS, abs=_LENIENT_SECONDS)


@pytest.mark.long_but(1)
@pytest.mark.parametrize("name", FILMS)
def test_a_film_in_each_format_keeps_picture_sound_and_length(
    make: Produce, tmp_path: Path, name: str
) -> None:
    _check_film(make, format_sources.make_film(tmp_path, name), heard=True)


@pytest.mark.long_but(1)
@pytest.mark.parametrize("name", PICTURES)
def test_a_bare_picture_becomes_a_film_of_its_length(make: Produce, tmp_path: Path, name: str) -> None:
    _check_film(make, format_sources.make_picture(tmp_path, name), heard=False)


@pytest.mark.long_but(1)
@pytest.mark.parametrize("name", SOUNDS)
def test_sound_in_each_format_keeps_its_tone_and_length(make: Produce, tmp_path: Path, name: str) -> None:
    _check_sound(make, format_sources.make_sound(tmp_path, name))


@pytest.mark.long_but(1)
@pytest.mark.parametrize("name", DAMAGED_FILMS)
def test_a_broadcast_is_found_wherever_its_packets_begin(make: Produce, tmp_path: Path, name: str) -> None:
    _check_film(make, format_sources.make_damaged(tmp_path, name), heard=True)


@pytest.mark.long_but(1)
@pytest.mark.parametrize("name", BARE_PARTS)
def test_a_bare_picture_is_known_though_a_message_comes_first(
    make: Produce, tmp_path: Path, name: str
) -> None:
    _check_film(make, format_sources.make_damaged(tmp_path, name), heard=False)


@pytest.mark.long_but(1)
@pytest.mark.parametrize("name", DAMAGED_SOUNDS)
def test_sound_is_found_behind_tags_and_other_bytes(make: Produce, tmp_path: Path, name: str) -> None:
    _check_sound(make, format_sources.make_damaged(tmp_path, name))
