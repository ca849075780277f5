import re

import pytest

from metadata_api.playback.playlists import MAX_PLAYLIST_BYTES, with_addresses_in_dash, with_addresses_in_hls

MASTER = (
    "#EXTM3U\n"
    "## Generated\n"
    '#EXT-X-MEDIA:TYPE=AUDIO,URI="audio.m3u8",GROUP-ID="sound",NAME="a,URI=b"\n'
    '#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS="avc1.64001f,mp4a.40.2",AUDIO="sound"\n'
    "720p.m3u8\n"
)
MEDIA = (
    "#EXTM3U\r\n"
    '#EXT-X-MAP:URI="720p.mp4",BYTERANGE="900@0"\r\n'
    "#EXTINF:4.000,\r\n"
    "#EXT-X-BYTERANGE:100@1000\r\n"
    "720p.mp4\r\n"
    "#EXT-X-ENDLIST"
)
DASH = '<MPD><BaseURL>720p.mp4</BaseURL><BaseURL>a&amp;b.mp4</BaseURL><SegmentBase indexRange="1-2"/></MPD>'


def place(name: str) -> str:
    return f"https://media.example/{name}?X-Amz-Date=1&X-Amz-Signature=2"


def test_a_master_playlist_leads_to_the_new_addresses_and_keeps_everything_else() -> None:
    changed = with_addresses_in_hls(MASTER, place)

    assert f'URI="{place("audio.m3u8")}"' in changed
    assert changed.splitlines()[-1] == place("720p.m3u8")
    assert (
        changed.replace(place("audio.m3u8"), "audio.m3u8").replace(place("720p.m3u8"), "720p.m3u8") == MASTER
    )


def test_a_media_playlist_keeps_its_byte_ranges_and_line_ends() -> None:
    changed = with_addresses_in_hls(MEDIA, place)

    assert changed.count(place("720p.mp4")) == 2
    assert changed.replace(place("720p.mp4"), "720p.mp4") == MEDIA


def test_addresses_in_a_dash_manifest_are_escaped() -> None:
    changed = with_addresses_in_dash(DASH, place)

    assert "720p.mp4?X-Amz-Date=1&amp;X-Amz-Signature=2</BaseURL>" in changed
    assert "/a&amp;b.mp4?" in changed
    assert '<SegmentBase indexRange="1-2"/>' in changed


def test_a_file_that_nobody_knows_is_an_error_and_not_a_dead_link() -> None:
    with pytest.raises(KeyError):
        with_addresses_in_hls(MEDIA, dict[str, str]().__getitem__)


def long_playlist(segments: int, version: str) -> str:
    head = f'#EXTM3U\n{version}#EXT-X-MAP:URI="720p.mp4",BYTERANGE="900@0"\n'
    return head + "#EXTINF:4.000,\n#EXT-X-BYTERANGE:100@1000\n720p.mp4\n" * segments


@pytest.mark.parametrize("version", ["#EXT-X-VERSION:6\n", "#EXT-X-VERSION:9\n", ""])
def test_a_playlist_of_a_whole_day_says_its_address_once_and_means_the_same(version: str) -> None:
    text = long_playlist(86_400 // 4, version)

    def signed(name: str) -> str:
        return f"{place(name)}&X-Amz-Security-Token={'t' * 1_800}"

    changed = with_addresses_in_hls(text, signed)

    assert len(changed.encode()) <= MAX_PLAYLIST_BYTES
    assert changed.count(signed("720p.mp4")) == 1
    assert re.findall(r"^#EXT-X-VERSION:(\d+)$", changed, re.MULTILINE) == ["9" if "9" in version else "8"]
    [(name, value)] = re.findall(r'^#EXT-X-DEFINE:NAME="(\w+)",VALUE="([^"]+)"\n', changed, re.MULTILINE)
    plain = re.sub(
        r"^#EXT-X-(DEFINE|VERSION).*\n", "", changed.replace(f"{{${name}}}", value), flags=re.MULTILINE
    )
    assert plain == re.sub(r"720p\.mp4", lambda _: signed("720p.mp4"), text.replace(version, ""))


def test_a_playlist_of_an_hour_needs_no_variables() -> None:
    assert "EXT-X-DEFINE" not in with_addresses_in_hls(long_playlist(900, "#EXT-X-VERSION:6\n"), place)
