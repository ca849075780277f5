"""Embedded subtitles become WebVTT that both manifests list with their languages."""

import re
from pathlib import Path

import m3u8
import pytest

from media.plan.overrides import Overrides
from media.produce.production import Production
from tests import media
from tests.integration.media.conftest import Produce

pytestmark = pytest.mark.integration


def _path(production: Production, name: str) -> Path:
    return next(file.path for file in production.files if file.name == name)


def test_text_subtitles_of_every_kind_are_listed_with_their_languages(make: Produce, tmp_path: Path) -> None:
    production = make(media.make_many_subtitles(tmp_path))

    texts = {file.name: file for file in production.files if file.kind == "subtitles"}
    assert list(texts) == ["subtitles-eng", "subtitles-ger"]
    assert [file.details["language"] for file in texts.values()] == ["eng", "ger"]
    assert all(file.content_type == "text/vtt" for file in texts.values())
    master = m3u8.loads(_path(production, "hls").read_text())
    listed = [(item.uri, item.language, item.name, item.default) for item in master.media]
    assert listed == [
        ("subtitles-eng.m3u8", "en", "eng", "NO"),
        ("subtitles-ger.m3u8", "de", "ger", "NO"),
    ]
    assert all(item.stream_info.subtitles == "subtitles" for item in master.playlists)
    dash = _path(production, "dash").read_text()
    assert sorted(re.findall(r'contentType="text" lang="(..)"', dash)) == ["de", "en"]
    assert [track["codec"] for track in production.technical["subtitle_tracks"]] == [
        "subrip",
        "ass",
        "subrip",
    ]


def test_the_words_and_times_are_those_of_the_source_up_to_the_end_of_the_video(
    make: Produce, tmp_path: Path
) -> None:
    production = make(media.make_many_subtitles(tmp_path))

    text = _path(production, "subtitles-ger").read_text()
    assert "Hello <i>there</i>" in text
    assert "Über & out" in text.replace("&amp;", "&")
    ends = re.findall(r"--> (\S+)", text)
    assert ends[-1] == "00:00:05.000"
    playlist = m3u8.loads(_path(production, "subtitles-ger.m3u8").read_text())
    assert [segment.uri for segment in playlist.segments] == ["subtitles-ger.vtt"]


def test_subtitles_of_an_mp4_ride_beside_its_sound(make: Produce, tmp_path: Path) -> None:
    production = make(
        media.make_bunny_with_subtitles(tmp_path, seconds=2), overrides=Overrides(max_height=360)
    )

    assert "00:00:00.500 --> 00:00:01.500" in _path(production, "subtitles-eng").read_text()
    master = m3u8.loads(_path(production, "hls").read_text())
    assert [item.type for item in master.media] == ["AUDIO", "SUBTITLES"]
