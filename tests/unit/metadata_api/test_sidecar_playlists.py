"""Playlists offer subtitles that came later, beside those that they had."""

from datetime import UTC, datetime
from xml.etree import ElementTree as ET

import m3u8

from ledger.videos.sidecars import Sidecar
from metadata_api.playback.sidecar_playlists import (
    sidecar_playlist,
    with_sidecars_in_dash,
    with_sidecars_in_master,
)

BARE = (
    "#EXTM3U\n\n"
    '#EXT-X-MEDIA:TYPE=AUDIO,URI="audio.m3u8",GROUP-ID="audio",NAME="eng",DEFAULT=YES\n\n'
    '#EXT-X-STREAM-INF:BANDWIDTH=1000,CODECS="avc1.64001f",AUDIO="audio"\n720p.m3u8\n'
    '#EXT-X-STREAM-INF:BANDWIDTH=500,CODECS="avc1.64001f",AUDIO="audio"\n360p.m3u8\n'
)
EMBEDDED = BARE.replace(
    "\n\n#EXT-X-STREAM",
    '\n#EXT-X-MEDIA:TYPE=SUBTITLES,URI="subtitles-eng.m3u8",GROUP-ID="subtitles",NAME="English"\n\n#EXT-X-STREAM',
    1,
).replace('AUDIO="audio"\n', 'AUDIO="audio",SUBTITLES="subtitles"\n')
MPD = (
    '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><Period id="0">'
    '<AdaptationSet contentType="video"/></Period></MPD>'
)


def track(name: str, language: str, label: str) -> Sidecar:
    return Sidecar(name, language, label, 1, 2.0, 100, datetime.now(UTC))


def place(name: str) -> str:
    return f"{name}?token=a&b"


def test_a_master_without_subtitles_gets_a_group_and_every_variant_names_it() -> None:
    told = m3u8.loads(with_sidecars_in_master(BARE, [track("de", "de", 'Deutsch "x"')], place))

    found = [item for item in told.media if item.type == "SUBTITLES"]
    assert [(item.uri, item.language, item.name, item.default) for item in found] == [
        ("sidecar-de.m3u8?token=a&b", "de", "Deutsch 'x'", "NO")
    ]
    assert [item.stream_info.subtitles for item in told.playlists] == ["sidecars", "sidecars"]
    assert [item.uri for item in told.playlists] == ["720p.m3u8", "360p.m3u8"]


def test_tracks_join_the_group_that_is_there_under_names_of_their_own() -> None:
    tracks = [track("en", "en", "English"), track("en-sdh", "en", "English")]

    told = m3u8.loads(with_sidecars_in_master(EMBEDDED, tracks, place))

    found = [item for item in told.media if item.type == "SUBTITLES"]
    assert [item.group_id for item in found] == ["subtitles"] * 3
    assert [item.name for item in found] == ["English", "English 2", "English 3"]
    assert [item.stream_info.subtitles for item in told.playlists] == ["subtitles", "subtitles"]


def test_without_tracks_nothing_changes() -> None:
    assert with_sidecars_in_master(EMBEDDED, [], place) == EMBEDDED
    assert with_sidecars_in_dash(MPD, [], place) == MPD


def test_the_playlist_of_a_track_is_as_long_as_the_video() -> None:
    told = m3u8.loads(sidecar_playlist("de", 12.5, place))

    assert told.is_endlist
    assert [(item.uri, item.duration) for item in told.segments] == [("subtitles/de.vtt?token=a&b", 12.5)]
    assert told.target_duration == 13


def test_a_dash_manifest_gets_one_more_set_for_each_track() -> None:
    root = ET.fromstring(with_sidecars_in_dash(MPD, [track("de", "de", "<D> & E")], place))  # noqa: S314

    space = "{urn:mpeg:dash:schema:mpd:2011}"
    added = root.findall(f"{space}Period/{space}AdaptationSet")[1]
    assert (added.get("contentType"), added.get("mimeType"), added.get("lang")) == ("text", "text/vtt", "de")
    assert added.findtext(f"{space}Label") == "<D> & E"
    assert added.findtext(f"{space}Representation/{space}BaseURL") == "subtitles/de.vtt?token=a&b"
