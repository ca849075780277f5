"""Usable sources of many shapes become verified renditions that other programs can play."""

import functools
import itertools
import json
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import m3u8
import pytest

from media.produce.produce import produce
from media.produce.production import Production, Progress
from media.tools.limits import Limits
from profiles import get_profile
from tests import media
from tests.integration.media.conftest import Produce
from tests.this_machine import THIS_MACHINE

pytestmark = pytest.mark.integration


def _probe(target: str, directory: Path, *options: str) -> dict[str, Any]:
    argv = ["ffprobe", "-v", "error", "-of", "json", "-show_streams", "-show_format", *options, target]
    output = subprocess.run(argv, cwd=directory, check=True, capture_output=True, timeout=60).stdout
    document: dict[str, Any] = json.loads(output)
    return document


def _decoded_frames(manifest: Path, stream: str) -> int:
    """Play one stream of a manifest to its end with ffmpeg, as a player would, and count its frames."""
    argv = [
        "ffmpeg",
        "-v",
        "error",
        "-i",
        manifest.name,
        "-map",
        stream,
        "-progress",
        "pipe:1",
        "-f",
        "null",
        "-",
    ]
    done = subprocess.run(
        argv, cwd=manifest.parent, check=True, capture_output=True, timeout=60, stdin=subprocess.DEVNULL
    )
    assert done.stderr == b""
    return int([line for line in done.stdout.decode().splitlines() if line.startswith("frame=")][-1][6:])


def _renditions(production: Production) -> list[tuple[str, int | None, int | None]]:
    return [(file.name, file.width, file.height) for file in production.files if file.kind == "rendition"]


def _file(production: Production, name: str) -> Path:
    return next(file.path for file in production.files if file.name == name)


Maker = Callable[[Path], Path]
LONG_NTSC = partial(media.make_ntsc, seconds=9)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Maker], Production]:
    """Gives the production of a maker's source, which is made once for all tests that only look at it."""

    def make_once(maker: Maker) -> Production:
        workdir = tmp_path_factory.mktemp("work")
        source = maker(tmp_path_factory.mktemp("source"))
        return produce(
            source,
            profile=get_profile("web"),
            workdir=workdir,
            limits=Limits(),
            size=THIS_MACHINE,
            report=lambda _: None,
        )

    return functools.cache(make_once)


@pytest.fixture(scope="module")
def bunny(made: Callable[[Maker], Production]) -> Production:
    """Real footage."""
    return made(_real_footage)


def _real_footage(_: Path) -> Path:
    return media.BUNNY


def test_real_footage_gets_every_rung_up_to_its_own_size(bunny: Production) -> None:
    assert _renditions(bunny) == [("720p", 1280, 720), ("480p", 854, 480), ("360p", 640, 360)]
    assert [file.name for file in bunny.files] == [
        *("720p", "480p", "360p", "audio", "mp4", "poster", "sprite", "scrub"),
        *("720p.m3u8", "480p.m3u8", "360p.m3u8", "audio.m3u8", "hls", "dash"),
    ]
    assert all(file.path.stat().st_size > 0 for file in bunny.files)


def test_the_catalogue_says_what_an_independent_probe_says(bunny: Production) -> None:
    for file in bunny.files:
        if file.kind != "rendition":
            continue
        probed = _probe(file.path.name, file.path.parent)
        stream = probed["streams"][0]
        assert (stream["codec_name"], stream["width"], stream["height"]) == ("h264", file.width, file.height)
        assert float(probed["format"]["duration"]) == pytest.approx(file.duration_seconds, abs=0.01)
        assert file.codec is not None
        assert file.codec.startswith("avc1.64")
        assert file.frame_rate == 25.0
        assert file.details["frames"] == 132


@pytest.mark.parametrize("name", ["hls", "dash"])
def test_both_manifests_play_to_the_end(bunny: Production, name: str) -> None:
    manifest = _file(bunny, name)

    assert _decoded_frames(manifest, "0:v:0") == 132
    kinds = {stream["codec_type"] for stream in _probe(manifest.name, manifest.parent)["streams"]}
    assert kinds == {"video", "audio"}


def test_another_hls_parser_finds_every_rung_sound_and_closed_byte_range_playlists(bunny: Production) -> None:
    master_path = _file(bunny, "hls")
    master = m3u8.loads(master_path.read_text())

    assert sorted(item.stream_info.resolution for item in master.playlists) == [
        (640, 360),
        (854, 480),
        (1280, 720),
    ]
    assert [(item.type, item.default) for item in master.media] == [("AUDIO", "YES")]
    for item in master.playlists:
        assert item.stream_info.bandwidth >= item.stream_info.average_bandwidth
        playlist = m3u8.loads((master_path.parent / item.uri).read_text())
        assert playlist.is_endlist
        assert all(segment.byterange for segment in playlist.segments)
        assert sum(segment.duration for segment in playlist.segments) == pytest.approx(5.28, abs=0.01)


def test_surround_sound_becomes_stereo_that_starts_with_the_picture(bunny: Production) -> None:
    stream = _probe("audio.mp4", _file(bunny, "audio").parent)["streams"][0]

    assert (stream["codec_name"], stream["channels"], stream["sample_rate"]) == ("aac", 2, "48000")
    assert abs(float(stream["start_time"])) < 0.03


def test_the_download_is_one_progressive_file_with_its_index_in_front(bunny: Production) -> None:
    path = _file(bunny, "mp4")
    data = path.read_bytes()

    assert data.index(b"moov") < data.index(b"mdat")
    kinds = [stream["codec_type"] for stream in _probe(path.name, path.parent)["streams"]]
    assert sorted(kinds) == ["audio", "video"]


@pytest.mark.long
def test_the_commands_that_ran_are_recorded_so_that_they_can_be_repeated(
    made: Callable[[Maker], Production], tmp_path: Path
) -> None:
    clip = made(media.make_clip)
    steps = {record.step: record for record in clip.commands}

    assert set(steps) == {
        *("encode-video", "measure-audio", "encode-audio"),
        *("package", "remux", "sample-poster", "poster"),
    }
    assert all(record.seconds > 0 for record in clip.commands)
    (tmp_path / "output").mkdir()
    for step in ("encode-video", "encode-audio", "package", "remux"):
        argv = [part.replace(str(clip.workdir), str(tmp_path)) for part in steps[step].argv]
        subprocess.run(argv, check=True, capture_output=True, timeout=60, stdin=subprocess.DEVNULL)
    again = (tmp_path / "output" / "360p.mp4").stat().st_size
    assert again == pytest.approx(_file(clip, "360p").stat().st_size, rel=0.02)


def test_the_stages_are_timed_and_the_technical_facts_kept(bunny: Production) -> None:
    assert list(bunny.stage_seconds) == ["inspecting", "encoding", "packaging", "verifying"]
    assert bunny.technical["video"]["codec"] == "h264"
    assert bunny.technical["audio"]["channels"] == 6
    json.dumps(bunny.technical)


def test_nothing_but_the_outputs_is_left_in_the_scratch_directory(bunny: Production) -> None:
    left = {path for path in bunny.workdir.rglob("*") if path.is_file()}

    assert left == {file.path for file in bunny.files}


@pytest.mark.long
def test_progress_only_rises_and_ends_at_one_hundred(make: Produce) -> None:
    seen: list[Progress] = []
    make(media.BIKES, report=seen.append)

    percents = [progress.percent for progress in seen]
    assert percents == sorted(percents)
    assert percents[-1] == 100.0
    order = [stage for stage, _ in itertools.groupby(progress.stage for progress in seen)]
    assert order == ["inspecting", "encoding", "packaging", "verifying"]


@pytest.mark.long
@pytest.mark.parametrize(
    ("maker", "expected", "seconds", "rate"),
    [
        (
            partial(media.make_landscape, seconds=0.6),
            [("1080p", 1920, 1080), ("720p", 1280, 720), ("480p", 854, 480), ("360p", 640, 360)],
            0.6,
            30.0,
        ),
        (
            partial(media.make_portrait, seconds=1),
            [("720p", 720, 1280), ("480p", 480, 854), ("360p", 360, 640)],
            1.0,
            30.0,
        ),
        (
            partial(media.make_rotated, seconds=1),
            [("720p", 720, 1280), ("480p", 480, 854), ("360p", 360, 640)],
            1.0,
            30.0,
        ),
        (media.make_silent, [("360p", 640, 360)], 3.0, 30.0),
        (LONG_NTSC, [("360p", 640, 360)], 9.009, 29.97),
        (media.make_odd_size, [("180p", 320, 180)], 3.0, 30.0),
        (media.make_variable_rate, [("360p", 640, 360)], 4.0, 48.0),
        (media.make_late_audio, [("360p", 640, 360)], 4.0, 30.0),
        (media.make_anamorphic, [("480p", 854, 480), ("360p", 640, 360)], 3.0, 25.0),
        (media.make_with_cover, [("360p", 640, 272)], 3.08, 25.0),
    ],
    ids=lambda value: getattr(getattr(value, "func", value), "__name__", None),
)
def test_each_kind_of_source_becomes_the_planned_renditions(
    made: Callable[[Maker], Production],
    maker: Maker,
    expected: list[tuple[str, int, int]],
    seconds: float,
    rate: float,
) -> None:
    production = made(maker)

    assert _renditions(production) == expected
    for file in production.files:
        if file.kind == "rendition":
            assert file.duration_seconds == pytest.approx(seconds, abs=0.05)
            assert file.frame_rate == pytest.approx(rate, abs=0.001)
    assert _decoded_frames(_file(production, "hls"), "0:v:0") == round(seconds * rate)


def test_a_source_without_sound_has_no_audio_output_anywhere(made: Callable[[Maker], Production]) -> None:
    production = made(media.make_silent)

    assert not any("audio" in file.name for file in production.files)
    assert "AUDIO" not in _file(production, "hls").read_text()
    assert production.technical["audio"] is None


@pytest.mark.long
def test_the_keyframes_of_an_ntsc_source_lie_at_exact_groups_of_sixty_frames(
    made: Callable[[Maker], Production],
) -> None:
    production = made(LONG_NTSC)

    probed = _probe("360p.mp4", _file(production, "360p").parent, "-show_packets", "-select_streams", "v:0")
    keys = [at for at, packet in enumerate(probed["packets"]) if "K" in packet["flags"]]
    assert keys == list(range(0, 270, 60))
    playlist = m3u8.loads(_file(production, "360p.m3u8").read_text())
    assert [round(segment.duration, 2) for segment in playlist.segments] == [4.0, 4.0, 1.0]


@pytest.mark.long
def test_sound_that_starts_late_stays_late(made: Callable[[Maker], Production]) -> None:
    production = made(media.make_late_audio)

    argv = [
        "ffmpeg",
        "-v",
        "error",
        "-i",
        str(_file(production, "audio")),
        "-t",
        "0.9",
        "-af",
        "volumedetect",
    ]
    done = subprocess.run(
        [*argv[:2], "info", *argv[3:], "-f", "null", "-"], check=True, capture_output=True, timeout=60
    )
    assert b"max_volume: -91.0 dB" in done.stderr


@pytest.mark.long
def test_the_poster_of_a_video_that_opens_black_is_not_black(make: Produce, tmp_path: Path) -> None:
    poster = _file(make(media.make_black_opening(tmp_path)), "poster")

    argv = ["ffmpeg", "-v", "error", "-i", str(poster), "-vf", "scale=1:1,format=gray", "-f", "rawvideo", "-"]
    pixel = subprocess.run(argv, check=True, capture_output=True, timeout=60).stdout
    assert pixel[0] > 40
