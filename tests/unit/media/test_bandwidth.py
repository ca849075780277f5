"""What manifests say that a rendition needs is counted from the bytes of its segments."""

from pathlib import Path

import pytest

from media.package.bandwidth import Rate, rate_of, write_rates
from media.package.playlists import ByteRange, MediaPlaylist, read_dash, read_master

MASTER = """#EXTM3U
#EXT-X-MEDIA:TYPE=AUDIO,URI="a1.m3u8",GROUP-ID="audio",NAME="One",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="2"
#EXT-X-MEDIA:TYPE=AUDIO,URI="a2.m3u8",GROUP-ID="audio",NAME="Two",DEFAULT=NO,AUTOSELECT=YES,CHANNELS="2"
#EXT-X-STREAM-INF:BANDWIDTH=9,AVERAGE-BANDWIDTH=10,CODECS="avc1.64001f,mp4a.40.2",RESOLUTION=854x480,\
FRAME-RATE=25.000,AUDIO="audio",CLOSED-CAPTIONS=NONE
480p.m3u8
"""
DASH = """<?xml version="1.0" encoding="UTF-8"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT5S"><Period>
<AdaptationSet contentType="video"><Representation id="0" bandwidth="7" codecs="avc1.64001f">
<BaseURL>480p.mp4</BaseURL><SegmentBase indexRange="8-9"><Initialization range="0-7"/></SegmentBase>
</Representation></AdaptationSet></Period></MPD>
"""


def _playlist(*segments: tuple[float, int], target: int = 4) -> MediaPlaylist:
    place = ByteRange("x.mp4", 0, 10)
    spans = tuple((seconds, ByteRange("x.mp4", 0, length)) for seconds, length in segments)
    return MediaPlaylist(initialization=place, segments=spans, target_seconds=target, closed=True)


def _write_playlist(path: Path, *segments: tuple[float, int]) -> None:
    spans = "".join(
        f"#EXTINF:{seconds},\n#EXT-X-BYTERANGE:{length}\n{path.stem}.mp4\n" for seconds, length in segments
    )
    head = '#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-MAP:URI="x.mp4",BYTERANGE="8@0"\n'
    path.write_text(f"{head}{spans}#EXT-X-ENDLIST\n")


@pytest.mark.parametrize(
    ("segments", "peak", "average"),
    [
        ([(4.0, 1000), (4.0, 3001)], 6002, 4001),
        ([(4.0, 1000), (0.5, 1000)], 3556, 3556),  # the short last one counts together with its neighbour
        ([(0.3, 100)], 2667, 2667),  # too short for a peak: then all of it is the peak
        ([(3.0, 1000)], 2667, 2667),  # 2666.67 is rounded up
        ([], 0, 0),
    ],
)
def test_the_peak_is_that_of_the_largest_run_of_segments_and_never_below_the_average(
    segments: list[tuple[float, int]], peak: int, average: int
) -> None:
    assert rate_of(_playlist(*segments)) == Rate(peak, average)


def test_both_manifests_say_what_the_bytes_need_with_the_largest_sound(tmp_path: Path) -> None:
    _write_playlist(tmp_path / "480p.m3u8", (4.0, 1000), (1.0, 900))
    _write_playlist(tmp_path / "a1.m3u8", (4.0, 100), (1.0, 25))
    _write_playlist(tmp_path / "a2.m3u8", (4.0, 200), (1.0, 50))
    master, dash = tmp_path / "master.m3u8", tmp_path / "manifest.mpd"
    master.write_text(MASTER)
    dash.write_text(DASH)

    write_rates(master, dash)

    variant = read_master(master).variants[0]
    assert (variant.bandwidth, variant.average_bandwidth) == (3040 + 400, 3040 + 400)
    assert (variant.width, variant.codecs) == (854, ("avc1.64001f", "mp4a.40.2"))
    assert master.read_text().count("BANDWIDTH=") == 2
    assert read_dash(dash).representations[0].bandwidth == 3040
