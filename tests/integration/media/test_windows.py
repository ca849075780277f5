"""Windows of one source, joined, against one long encode of it: the same frames at the same times."""

import functools
import json
import subprocess
from array import array
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from media.encode import window_commands
from media.encode.audio import EncodedAudio
from media.encode.encode import Encoded, encode
from media.encode.encode_commands import video_file
from media.encode.window import encode_window, join_windows
from media.encode.window_commands import WindowRecipe, WindowSource
from media.inspect.inspection import inspect_source
from media.inspect.probe import Source
from media.pictures.watermark import inspect_watermark
from media.plan.overrides import NO_OVERRIDES, Overrides, Trim, Watermark
from media.plan.plan import Plan, make_plan
from media.plan.seeking import reach_trim
from media.plan.windows import Window, cut_windows
from media.tools.errors import InvalidInputError
from media.tools.limits import Budget, Limits
from media.tools.session import Session
from profiles import LadderProfile, Rung
from tests import media, media_pictures
from tests.ladders import ladder
from tests.media import BUNNY, ffmpeg

_RUNG = Rung(name="144p", short_side_pixels=144, long_side_pixels=256, max_bitrate_kbps=50_000)
_FINE = {"gop_seconds": 0.5, "segment_seconds": 1.0, "crf": 10.0, "rungs": (_RUNG,)}


def _fine(name: str, preset: str | int) -> LadderProfile:
    """Nearly lossless, so that pictures can be compared; with short segments for many windows."""
    profile = ladder(name)
    video = profile.video.model_copy(update={**_FINE, "preset": preset})
    return profile.model_copy(update={"video": video})


PROFILE = _fine("web", "ultrafast")
_WINDOW_SECONDS = 2.0
_H264 = ("-c:v", "libx264", "-preset", "veryfast")
_SOUND = ("-c:a", "aac", "-ac", "2")
_REMUXED = "remuxed.mp4"


Maker = Callable[[Path], Path]


def _footage(directory: Path) -> Path:
    """The real footage at 256x144 without loss and with its sound, from which the others are made.

    Not Matroska, which would round the times to milliseconds.
    """
    path = directory / "footage.mov"
    lossless = ("-c:v", "libx264", "-preset", "ultrafast", "-qp", "0")
    _once("-i", str(BUNNY), "-vf", "scale=256:144", *lossless, "-c:a", "pcm_s16le", "-ac", "2", str(path))
    return path


def _plain(path: Path, *options: str) -> Path:
    _once("-i", str(_footage(path.parent)), *_H264, *options, str(path))
    return path


def _once(*arguments: str) -> None:
    if not Path(arguments[-1]).exists():
        ffmpeg(*arguments)


@pytest.fixture(scope="module")
def source_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Maker], Path]:
    """Gives the file of a maker, which is made once for all tests that read it."""
    directory = tmp_path_factory.mktemp("sources")
    return functools.cache(lambda maker: maker(directory))


def closed_groups(directory: Path) -> Path:
    return _plain(directory / "closed.mp4", "-g", "30", "-bf", "3", *_SOUND)


def open_groups(directory: Path) -> Path:
    return _plain(directory / "open.mp4", "-g", "30", "-bf", "3", "-x264-params", "open-gop=1")


def three_seconds(directory: Path) -> Path:
    return _plain(directory / "short.mp4", "-t", "3", "-g", "30")


def hevc(directory: Path) -> Path:
    params = "log-level=error:open-gop=1:keyint=30"
    return _plain(directory / "hevc.mp4", "-c:v", "libx265", "-preset", "ultrafast", "-x265-params", params)


def ntsc(directory: Path) -> Path:
    return _plain(directory / "ntsc.mp4", "-r", "30000/1001", "-g", "45")


def variable_rate(directory: Path) -> Path:
    chosen = "select='not(mod(n,3))+lt(mod(n,7),2)'"
    return _plain(directory / "vfr.mp4", "-vf", chosen, "-fps_mode", "vfr", "-g", "40")


def still_for_seconds(directory: Path) -> Path:
    """No new picture for longer than a window: what a window shows comes from far before it."""
    chosen = "select='lt(t,0.7)+gt(t,4)'"
    return _plain(directory / "still.mp4", "-vf", chosen, "-fps_mode", "vfr", "-g", "250")


def late_picture(directory: Path) -> Path:
    path, footage = directory / "late.mp4", str(_footage(directory))
    ffmpeg(
        *("-itsoffset", "1.3", "-i", footage, "-i", footage, "-map", "0:v", "-map", "1:a"),
        *(*_H264, "-g", "30", *_SOUND, "-t", "5", str(path)),
    )
    return path


def picture_before_sound(directory: Path) -> Path:
    """The picture ends after less than two seconds, the sound goes on for two windows more."""
    path, footage = directory / "held.mp4", str(_footage(directory))
    ffmpeg(
        *("-t", "1.8", "-i", footage, "-i", footage, "-map", "0:v", "-map", "1:a"),
        *(*_H264, "-g", "30", *_SOUND, str(path)),
    )
    return path


def edit_list(directory: Path) -> Path:
    path = directory / "edit.mp4"
    ffmpeg("-ss", "0.77", "-i", str(open_groups(directory)), "-c", "copy", str(path))
    return path


def matroska(directory: Path) -> Path:
    path = directory / "open.mkv"
    ffmpeg("-i", str(open_groups(directory)), "-c", "copy", str(path))
    return path


def transport_stream(directory: Path) -> Path:
    path = directory / "stream.ts"
    ffmpeg("-i", str(open_groups(directory)), "-c", "copy", "-muxdelay", "0.9", str(path))
    return path


def interlaced_program_stream(directory: Path) -> Path:
    path = directory / "fields.mpg"
    ffmpeg(
        *("-i", str(_footage(directory)), "-vf", "tinterlace=mode=interleave_top,fps=25,setfield=tff"),
        *("-c:v", "mpeg2video", "-b:v", "2M", "-flags", "+ildct+ilme", "-top", "1", "-g", "15", "-bf", "2"),
        *("-c:a", "mp2", "-ac", "2", "-f", "mpeg", str(path)),
    )
    return path


def single_fields(directory: Path) -> Path:
    path = directory / "single.ts"
    ffmpeg(
        *("-i", str(_footage(directory)), "-vf", "tinterlace=mode=interleave_top,separatefields,setsar=2"),
        *(
            "-c:v",
            "libx265",
            "-preset",
            "ultrafast",
            "-x265-params",
            "interlace=tff:keyint=30:log-level=error",
        ),
        *("-an", str(path)),
    )
    return path


@dataclass(frozen=True, kw_only=True)
class Pair:
    """One source, encoded in one go and in windows."""

    windows: tuple[Window, ...]
    parts: tuple[Path, ...]
    whole: Encoded
    joined: Encoded


def _session(directory: Path) -> Session:
    directory.mkdir()
    return Session(workdir=directory, limits=Limits(), budget=Budget(300), threads=2)


def _window_source(session: Session, source: Source) -> WindowSource:
    if source.container.name not in {"MPEG-TS", "MPEG-PS"}:
        return WindowSource(
            media=source.media, stream_index=source.video.index, start_microseconds=source.start_microseconds
        )
    path = session.workdir / _REMUXED
    session.produce(
        window_commands.remux_picture(source.media, source.video.index, path, session.limits), outputs=0
    )
    return WindowSource(
        media=window_commands.remuxed(source.media, path), stream_index=0, start_microseconds=0
    )


def _recipe(source: WindowSource, plan: Plan, profile: LadderProfile = PROFILE) -> WindowRecipe:
    return WindowRecipe(source=source, plan=plan, profile=profile, limits=Limits(), threads=2)


def _plan(session: Session, source: Source, overrides: Overrides, profile: LadderProfile = PROFILE) -> Plan:
    watermark = inspect_watermark(session, overrides.watermark) if overrides.watermark else None
    return reach_trim(session, source, make_plan(source, profile, overrides, watermark))


def _encode_both(
    directory: Path,
    path: Path,
    overrides: Overrides = NO_OVERRIDES,
    window_seconds: float = _WINDOW_SECONDS,
    profile: LadderProfile = PROFILE,
) -> Pair:
    single = _session(directory / "single")
    source = inspect_source(single, path)
    plan = _plan(single, source, overrides, profile)
    whole = encode(single, source, plan, profile, lambda _: None)
    joining = _session(directory / "joined")
    recipe = _recipe(_window_source(joining, source), plan, profile)
    windows = cut_windows(plan, window_seconds)
    encoded = [
        encode_window(_session(directory / window.name), recipe, window, lambda _: None) for window in windows
    ]
    joined = join_windows(joining, source, encoded, plan, profile, whole.audio, whole.texts)
    parts = tuple(video_file(item.directory, plan.top) for item in encoded)
    return Pair(windows=windows, parts=parts, whole=whole, joined=joined)


def _assert_equal(pair: Pair) -> None:
    """The joined renditions have the frames, times and pictures of one encode, as have the by-products."""
    assert len(pair.windows) >= 2
    for (_, whole), (_, joined) in zip(pair.whole.videos, pair.joined.videos, strict=True):
        assert _packets(joined) == _packets(whole)
        assert _worst_likeness(whole, joined) > 0.95
    assert pair.joined.video_seconds == pair.whole.video_seconds
    assert pair.joined.sprite.read_bytes() == pair.whole.sprite.read_bytes()
    assert pair.joined.reference is not None
    assert pair.whole.reference is not None
    assert pair.joined.reference.read_bytes() == pair.whole.reference.read_bytes()
    likeness = pair.whole.picture.ssim
    assert pair.joined.picture.ssim == pytest.approx(likeness, rel=0.01)


def _packets(path: Path) -> list[tuple[int, int, str]]:
    """Time, length and kind of every packet, in the order of display."""
    shown = subprocess.run(
        ["ffprobe", "-v", "error", "-show_entries", "packet=pts,duration,flags", "-of", "json", str(path)],
        capture_output=True, check=True, timeout=60,
    )  # fmt: skip
    packets: list[dict[str, Any]] = json.loads(shown.stdout)["packets"]
    return sorted((packet["pts"], packet["duration"], packet["flags"]) for packet in packets)


def _worst_likeness(first: Path, second: Path) -> float:
    """The smallest SSIM of two frames with the same number; one frame off would be far below 0.9."""
    shown = subprocess.run(
        ["ffmpeg", "-v", "error", "-i", str(first), "-i", str(second), "-lavfi", "ssim=stats_file=-",
         "-f", "null", "-"],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    return min(
        float(line.split("All:")[1].split()[0]) for line in shown.stdout.splitlines() if "All:" in line
    )


def _decoded(path: Path) -> list[str]:
    """A digest of every picture; any error of the decoder fails the test."""
    shown = subprocess.run(
        ["ffmpeg", "-v", "error", "-xerror", "-i", str(path), "-f", "framemd5", "-"],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert shown.stderr == ""
    return [line.split(",")[-1].strip() for line in shown.stdout.splitlines() if not line.startswith("#")]


def _lag_samples(first: Path, second: Path) -> int:
    """By how many samples the second sound is late; compared in the middle, with at most 60 either way."""
    one, other = (
        array("f", subprocess.run(
            ["ffmpeg", "-v", "error", "-i", str(path), "-ac", "1", "-f", "f32le", "-"],
            capture_output=True, check=True, timeout=60,
        ).stdout)
        for path in (first, second)
    )  # fmt: skip
    assert len(one) == len(other)
    places = range(len(one) // 2, len(one) // 2 + 2000)
    distances = {lag: sum((one[at] - other[at + lag]) ** 2 for at in places) for lag in range(-60, 61)}
    lag = min(distances, key=distances.__getitem__)
    assert distances[lag] < 0.01 * sum(one[at] ** 2 for at in places)
    return lag


@pytest.mark.long_but(1)
@pytest.mark.parametrize(
    "make_source",
    [
        closed_groups,
        open_groups,
        hevc,
        ntsc,
        variable_rate,
        still_for_seconds,
        late_picture,
        picture_before_sound,
        edit_list,
        matroska,
        transport_stream,
        interlaced_program_stream,
        single_fields,
    ],
    ids=lambda maker: maker.__name__,
)
def test_joined_windows_hold_the_frames_of_one_long_encode(
    make_source: Maker, source_of: Callable[[Maker], Path], tmp_path: Path
) -> None:
    _assert_equal(_encode_both(tmp_path, source_of(make_source)))


@pytest.mark.long
@pytest.mark.parametrize(("profile", "preset"), [("web-hevc", "ultrafast"), ("web-av1", 13)])
def test_joined_windows_of_other_codecs_hold_the_frames_of_one_encode_and_decode_over_the_joints(
    profile: str, preset: str | int, source_of: Callable[[Maker], Path], tmp_path: Path
) -> None:
    path = source_of(three_seconds)

    pair = _encode_both(tmp_path, path, window_seconds=1.0, profile=_fine(profile, preset))

    _assert_equal(pair)
    assert len(pair.windows) == 3
    ((_, joined),) = pair.joined.videos
    assert _decoded(joined) == [digest for part in pair.parts for digest in _decoded(part)]


@pytest.mark.long
@pytest.mark.parametrize(
    ("make_source", "trim"),
    [
        (open_groups, Trim(start_seconds=2.52, end_seconds=5.01)),
        (variable_rate, Trim(start_seconds=2.4)),
        (transport_stream, Trim(start_seconds=2.3, end_seconds=4.8)),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_joined_windows_of_a_part_with_a_watermark_hold_the_frames_of_one_encode_of_it(
    make_source: Maker, trim: Trim, source_of: Callable[[Maker], Path], tmp_path: Path
) -> None:
    logo = media_pictures.make_picture(tmp_path, "logo.png")
    watermark = Watermark(path=logo, position="top-left", opacity=0.7, width_percent=20.0)

    overrides = Overrides(trim=trim, watermark=watermark, max_height=120)

    _assert_equal(_encode_both(tmp_path, source_of(make_source), overrides, window_seconds=1.0))


@pytest.mark.long_but(1)
@pytest.mark.parametrize(
    ("make_source", "is_sought"),
    [
        (open_groups, True),
        (variable_rate, True),
        (late_picture, True),
        (edit_list, True),
        (matroska, True),
        (transport_stream, False),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_part_that_is_sought_has_the_frames_and_the_sound_of_one_read_from_the_beginning(
    make_source: Maker, is_sought: bool, source_of: Callable[[Maker], Path], tmp_path: Path
) -> None:
    trim = Trim(start_seconds=3.1, end_seconds=4.9)
    path = source_of(make_source)
    near, far = _session(tmp_path / "near"), _session(tmp_path / "far")
    source = inspect_source(near, path)
    sought = _plan(near, source, Overrides(trim=trim))
    plain = make_plan(source, PROFILE, Overrides(trim=trim))

    first = encode(near, source, sought, PROFILE, lambda _: None)
    second = encode(far, source, plain, PROFILE, lambda _: None)

    assert sought.trim is not None
    assert (sought.trim.seek is not None) == is_sought
    for (_, one), (_, other) in zip(first.videos, second.videos, strict=True):
        assert _packets(one) == _packets(other)
        assert _worst_likeness(one, other) > 0.99
    assert first.sprite.read_bytes() == second.sprite.read_bytes()
    for (track, one), (_, other) in zip(first.audio.tracks, second.audio.tracks, strict=True):
        assert track.trim is not None
        assert (track.trim.seek is not None) == is_sought
        assert _packets(one) == _packets(other)
        # Matroska rounds its times to a millisecond; other files are exact.
        assert abs(_lag_samples(one, other)) <= (48 if make_source is matroska else 0)


def test_windows_of_a_video_that_ends_too_early_are_refused(tmp_path: Path) -> None:
    source = media.make_truncated_index_first(tmp_path)
    path = tmp_path / "whole.mp4"
    ffmpeg("-i", str(BUNNY), "-c", "copy", "-movflags", "+faststart", str(path))
    session = _session(tmp_path / "inspect")
    inspected = inspect_source(session, path)
    # As if the shared file had lost its end after it was inspected.
    path.write_bytes(source.read_bytes())
    plan = make_plan(inspected, PROFILE)
    origin = WindowSource(media=inspected.media, stream_index=inspected.video.index, start_microseconds=0)
    windows = cut_windows(plan, _WINDOW_SECONDS)

    def work() -> None:
        encoded = [
            encode_window(_session(tmp_path / window.name), _recipe(origin, plan), window, lambda _: None)
            for window in windows
        ]
        join_windows(session, inspected, encoded, plan, PROFILE, EncodedAudio(), ())

    with pytest.raises(InvalidInputError):
        work()
