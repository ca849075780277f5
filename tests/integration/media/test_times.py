"""Length and rate are those of the packets, and every player gets to the end of picture and sound."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from media.inspect.inspection import inspect_source
from media.inspect.probe import Source
from media.plan.plan import choose_frame_rate
from media.produce.production import Production
from media.tools.errors import ErrorCode, InvalidInputError, LimitExceededError
from media.tools.limits import Budget, Limits
from media.tools.session import Session
from tests import times_sources as sources
from tests.integration.media.conftest import Produce

pytestmark = pytest.mark.integration

Maker = Callable[[Path], Path]
RED, BLUE = "red", "blue"


def _colour(path: Path, at_seconds: float) -> str:
    """What the middle of the picture shows at a time."""
    argv = ["ffmpeg", "-nostdin", "-v", "error", "-ss", f"{at_seconds:.3f}", "-i", str(path)]
    wanted = ["-frames:v", "1", "-vf", "crop=8:8,scale=1:1", "-pix_fmt", "rgb24", "-f", "rawvideo", "-"]
    red, _, blue = subprocess.run([*argv, *wanted], check=True, capture_output=True).stdout[:3]
    return RED if red > blue + 100 else BLUE if blue > red + 100 else f"{red}, {blue}"


def _level(path: Path, start_seconds: float, length_seconds: float) -> float:
    """The highest sample of a part of the sound at 440 Hz, in decibels."""
    part = f"atrim=start={start_seconds}:duration={length_seconds},bandpass=f=440:w=50,volumedetect"
    argv = ["ffmpeg", "-nostdin", "-hide_banner", "-i", str(path), "-vn", "-af", part, "-f", "null", "-"]
    log = subprocess.run(argv, check=True, capture_output=True, text=True).stderr
    return float(log.split("max_volume:")[1].split()[0])


def _lengths(path: Path) -> dict[str, float]:
    """How long picture and sound of a finished file are."""
    argv = ["ffprobe", "-v", "error", "-of", "json", "-show_entries", "stream=codec_type,duration", str(path)]
    found = json.loads(subprocess.run(argv, check=True, capture_output=True).stdout)
    return {stream["codec_type"]: float(stream["duration"]) for stream in found["streams"]}


def _download(production: Production) -> Path:
    return next(file.path for file in production.files if file.name == "mp4")


def _codes(production: Production) -> list[str]:
    return [warning.code.value for warning in production.warnings]


def _inspect(source: Path, directory: Path) -> tuple[Source, Session]:
    limits = Limits()
    session = Session(workdir=directory, limits=limits, budget=Budget(limits.work_seconds), threads=1)
    return inspect_source(session, source), session


@pytest.mark.long_but(2)
@pytest.mark.parametrize(
    ("maker", "seconds", "is_said"),
    [
        (sources.make_late_cue, 2.0, True),
        (sources.make_stale_tag, 2.0, True),
        (sources.make_wrong_matroska_duration, 2.0, True),
        (sources.make_flash_of_24_days, 2.0, True),
        (sources.make_long_chapters, 2.0, True),
        (sources.make_edit_list, 2.0, False),
        (sources.make_fragments, 2.0, False),
        (sources.make_spare_fragment_bytes, 2.0, False),
        (sources.make_matroska_without_index, 2.0, False),
        (sources.make_avi_without_index, 2.0, False),
        (sources.make_windows_media_without_index, 2.0, False),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_length_in_a_header_gives_way_to_that_of_the_packets(
    tmp_path: Path, maker: Maker, seconds: float, is_said: bool
) -> None:
    source, session = _inspect(maker(tmp_path), tmp_path)

    assert source.duration_seconds == pytest.approx(seconds, abs=0.06)
    assert source.video.duration_seconds == pytest.approx(seconds, abs=0.06)
    assert [warning.code for warning in session.warnings] == ["LENGTH_FROM_PACKETS"] * is_said


@pytest.mark.long
@pytest.mark.parametrize(
    ("maker", "seconds", "codes"),
    [
        (sources.make_late_start, 2.0, ["LENGTH_FROM_PACKETS"]),
        (sources.make_wrong_movie_header, 2.0, ["LENGTH_FROM_PACKETS"]),
        (sources.make_spare_bytes, 2.0, []),
        (sources.make_flash_of_slow_pictures, 2.0, []),
        (sources.make_held_picture, 11.0, []),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_result_is_as_long_as_the_packets_of_its_source(
    make: Produce, tmp_path: Path, maker: Maker, seconds: float, codes: list[str]
) -> None:
    production = make(maker(tmp_path))

    path = _download(production)
    for kind, found in _lengths(path).items():
        assert found == pytest.approx(seconds, abs=0.06), kind
    assert production.technical["duration_seconds"] == pytest.approx(seconds, abs=0.06)
    assert _codes(production) == codes
    assert [_colour(path, seconds * share) for share in (0.1, 0.97)] == [RED, BLUE]
    assert _level(path, seconds * 0.8, 0.2) > -30


@pytest.mark.long_but(1)
@pytest.mark.parametrize(
    ("maker", "rate", "is_said"),
    [
        (sources.make_thousand_a_second, 30, True),
        (sources.make_a_fifth_too_fast, 50, True),
        (sources.make_without_rate, 24, False),
        (sources.make_slow_motion, 60, False),
        (sources.make_bursts, 30, False),
        (sources.make_held_picture, 25, False),
        (sources.make_h264_in_avi, 25, False),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_the_rate_is_that_of_the_pictures_while_they_move(
    tmp_path: Path, maker: Maker, rate: int, is_said: bool
) -> None:
    source, session = _inspect(maker(tmp_path), tmp_path)

    assert choose_frame_rate(source.video, 60) == rate
    assert [warning.code for warning in session.warnings] == ["RATE_FROM_TIMESTAMPS"] * is_said


@pytest.mark.long
def test_a_recording_that_claims_a_thousand_pictures_a_second_becomes_one_of_thirty(
    make: Produce, tmp_path: Path
) -> None:
    production = make(sources.make_thousand_a_second(tmp_path))

    assert next(file for file in production.files if file.name == "mp4").frame_rate == 30.0
    assert _lengths(_download(production))["video"] == pytest.approx(2.0, abs=0.06)


@pytest.mark.long_but(1)
@pytest.mark.parametrize(
    ("maker", "seconds", "shown"),
    [
        (sources.make_one_picture, 3.0, [RED, RED]),
        (sources.make_bursts, 6.0, [RED, BLUE]),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_the_last_picture_stays_until_the_sound_ends(
    make: Produce, tmp_path: Path, maker: Maker, seconds: float, shown: list[str]
) -> None:
    production = make(maker(tmp_path))

    path = _download(production)
    lengths = _lengths(path)
    assert lengths["video"] == pytest.approx(seconds, abs=0.06)
    assert abs(lengths["video"] - lengths["audio"]) < 0.06
    assert [_colour(path, 0.1), _colour(path, seconds - 0.2)] == shown
    assert _level(path, seconds - 0.3, 0.2) > -30
    assert _codes(production) == ["PICTURE_ENDS_EARLY"]


def test_silence_follows_sound_that_ends_before_the_picture(make: Produce, tmp_path: Path) -> None:
    production = make(sources.make_short_sound(tmp_path))

    path = _download(production)
    lengths = _lengths(path)
    assert lengths["audio"] == pytest.approx(4.0, abs=0.06)
    assert lengths["video"] == pytest.approx(4.0, abs=0.06)
    assert _level(path, 0.3, 0.5) > -30
    assert _level(path, 1.5, 2.0) < -60
    assert _codes(production) == ["SOUND_ENDS_EARLY"]


@pytest.mark.long_but(2)
@pytest.mark.parametrize(
    ("maker", "missing_bytes"),
    [
        (sources.make_fragments, 2000),
        (sources.make_spare_bytes, 1),
        (sources.make_spare_fragment_bytes, 1),
        (sources.make_matroska_without_index, 200),
        (sources.make_avi_without_index, 200),
        (sources.make_windows_media_without_index, 100),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_source_that_lacks_even_its_last_sample_is_truncated(
    make: Produce, tmp_path: Path, maker: Maker, missing_bytes: int
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        make(sources.cut_inside(maker(tmp_path), missing_bytes))

    assert caught.value.code is ErrorCode.INPUT_TRUNCATED


def test_the_limit_of_length_is_held_against_the_packets(make: Produce, tmp_path: Path) -> None:
    source = sources.make_short_picture(tmp_path)

    with pytest.raises(LimitExceededError, match="lasts 4 seconds; at most 3 are allowed"):
        make(source, limits=Limits(max_duration_seconds=3.0))


@pytest.mark.long
def test_pictures_of_a_video_need_no_picture_until_the_end_of_its_sound(
    make: Produce, tmp_path: Path
) -> None:
    production = make(sources.make_one_picture(tmp_path), profile="thumbnails")

    assert {"poster", "sprite"} <= {file.kind for file in production.files}


@pytest.mark.long
def test_a_picture_that_ends_early_cannot_be_kept_as_it_is(make: Produce, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"goes on for 2\.0") as caught:
        make(sources.make_short_picture(tmp_path), profile="passthrough")

    assert caught.value.code is ErrorCode.PASSTHROUGH_NOT_POSSIBLE


@pytest.mark.long
def test_the_sound_alone_is_as_long_as_its_packets(make: Produce, tmp_path: Path) -> None:
    production = make(sources.make_wrong_movie_header(tmp_path), profile="audio")

    download = next(file for file in production.files if file.name == "m4a")
    assert download.duration_seconds == pytest.approx(2.0, abs=0.06)
    assert _codes(production) == ["LENGTH_FROM_PACKETS"]


@pytest.mark.long
@pytest.mark.parametrize("suffix", ["ts", "mpg", "ogv", "mkv"])
def test_sound_that_begins_after_the_picture_stays_in_step(
    make: Produce, tmp_path: Path, suffix: str
) -> None:
    path = _download(make(sources.make_apart(tmp_path, suffix, sound_seconds=1, picture_seconds=0)))

    assert _lengths(path) == {"video": pytest.approx(3, abs=0.1), "audio": pytest.approx(3, abs=0.1)}
    assert [_level(path, 0.1, 0.7) < -60, _level(path, 1.1, 0.5) > -30] == [True, True]
    assert [_colour(path, 1.8), _colour(path, 2.2)] == [RED, BLUE]


@pytest.mark.parametrize("suffix", ["ts", pytest.param("mpg", marks=pytest.mark.long)])
def test_a_picture_that_begins_after_the_sound_stays_in_step(
    make: Produce, tmp_path: Path, suffix: str
) -> None:
    path = _download(make(sources.make_apart(tmp_path, suffix, sound_seconds=0, picture_seconds=1)))

    assert _lengths(path) == {"video": pytest.approx(3, abs=0.1), "audio": pytest.approx(3, abs=0.1)}
    assert _level(path, 0.1, 0.7) > -30
    assert [_colour(path, 1.8), _colour(path, 2.2)] == [RED, BLUE]
