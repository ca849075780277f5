"""Every profile of the ladder family makes verified renditions in its own codec."""

import json
import subprocess
from pathlib import Path

import m3u8
import pytest

from tests import media
from tests.integration.media.conftest import Produce

pytestmark = pytest.mark.integration


@pytest.mark.long
@pytest.mark.parametrize(
    ("profile", "codec", "string", "measures"),
    [("web-hevc", "hevc", "hvc1.1.6.", True), ("web-av1", "av1", "av01.0.", False)],
)
def test_a_ladder_in_another_codec_has_the_same_rhythm_and_manifests(
    make: Produce, tmp_path: Path, profile: str, codec: str, string: str, measures: bool
) -> None:
    production = make(media.make_two_rungs(tmp_path, rate="10"), profile=profile)

    renditions = [file for file in production.files if file.kind == "rendition"]
    assert [(file.name, file.width, file.height) for file in renditions] == [
        ("480p", 854, 480),
        ("360p", 640, 360),
    ]
    for file in renditions:
        assert (file.codec or "").startswith(string)
        assert (file.details["frames"], file.details["keyframes"]) == (50, 3)
        assert (file.details["ssim"] is not None) is measures
    files = {file.name: file.path for file in production.files}
    master = m3u8.loads(files["hls"].read_text())
    assert all(string in item.stream_info.codecs for item in master.playlists)
    argv = ["ffprobe", "-v", "error", "-of", "json", "-show_streams", str(files["mp4"])]
    streams = json.loads(subprocess.run(argv, check=True, capture_output=True, timeout=60).stdout)["streams"]
    assert sorted(stream["codec_name"] for stream in streams) == sorted(["aac", codec])


@pytest.mark.long
@pytest.mark.parametrize(
    ("profile", "codec", "string"),
    [("h264-to-hevc", "hevc", "hvc1.1.6."), ("hevc-to-h264", "h264", "avc1.64")],
)
def test_a_file_profile_publishes_one_verified_file_and_no_manifests(
    make: Produce, tmp_path: Path, profile: str, codec: str, string: str
) -> None:
    clip, words, source = media.make_clip(tmp_path), media.make_subtitles(tmp_path), tmp_path / "source.mp4"
    media.ffmpeg(
        *("-i", str(clip), "-i", str(words), "-map", "0", "-map", "1", "-c", "copy", "-c:s", "mov_text"),
        *("-t", "2", "-metadata:s:s:0", "language=eng", str(source)),
    )

    production = make(source, profile=profile)

    files = {file.name: file for file in production.files}
    assert list(files) == ["mp4", "poster", "sprite", "scrub", "subtitles-eng"]
    download = files["mp4"]
    assert (download.width, download.height) == (640, 360)
    assert (download.codec or "").startswith(string)
    assert (download.codec or "").endswith(",mp4a.40.2")
    assert 0.9 < download.details["ssim"] < 1
    assert download.details["sound"][0]["loudness"]["target_lufs"] == -23.0
    assert {path for path in production.workdir.rglob("*") if path.is_file()} == {
        file.path for file in production.files
    }
    argv = ["ffprobe", "-v", "error", "-of", "json", "-show_streams", str(download.path)]
    streams = json.loads(subprocess.run(argv, check=True, capture_output=True, timeout=60).stdout)["streams"]
    assert [stream["codec_name"] for stream in streams] == [codec, "aac"]
