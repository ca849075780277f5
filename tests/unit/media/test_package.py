"""The packager's master playlist is repaired where players would stumble."""

from pathlib import Path

from media.package.package import correct_master
from media.package.playlists import read_master

MASTER = """#EXTM3U
#EXT-X-MEDIA:TYPE=AUDIO,URI="audio.m3u8",GROUP-ID="audio",NAME="Audio",DEFAULT=NO,AUTOSELECT=YES,CHANNELS="2"
#EXT-X-STREAM-INF:BANDWIDTH=900,AVERAGE-BANDWIDTH=1000,CODECS="avc1.64001f,mp4a.40.2",RESOLUTION=854x480,FRAME-RATE=25.000,AUDIO="audio"
480p.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=800,AVERAGE-BANDWIDTH=700,CODECS="avc1.64001e,mp4a.40.2",RESOLUTION=640x360,FRAME-RATE=25.000,AUDIO="audio"
360p.m3u8
"""


def test_exactly_the_first_track_of_sound_is_the_default(tmp_path: Path) -> None:
    track = MASTER.splitlines()[1]
    doubled = MASTER.replace(track, "\n".join([track, track.replace("DEFAULT=NO", "DEFAULT=YES")]))
    path = tmp_path / "master.m3u8"
    path.write_text(doubled)

    correct_master(path)

    found = [line for line in path.read_text().splitlines() if "TYPE=AUDIO" in line]
    assert ["DEFAULT=YES" in line for line in found] == [True, False]


def test_the_only_sound_becomes_the_default_and_nothing_else_changes(tmp_path: Path) -> None:
    path = tmp_path / "master.m3u8"
    path.write_text(MASTER)

    correct_master(path)

    assert path.read_text() == MASTER.replace("DEFAULT=NO", "DEFAULT=YES")
    assert read_master(path).variants[0].codecs == ("avc1.64001f", "mp4a.40.2")
