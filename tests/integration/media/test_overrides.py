"""What one job asks for beyond its profile: a part of the source, a watermark, a lower picture."""

import subprocess
from fractions import Fraction
from pathlib import Path

import pytest

from media.plan.overrides import Overrides, Trim, Watermark, plan_trim
from media.produce.production import Production
from media.tools.errors import ErrorCode, InvalidInputError, LimitExceededError, MediaError
from tests import media, media_pictures
from tests.integration.media.conftest import Produce

pytestmark = pytest.mark.integration


def _path(production: Production, name: str) -> Path:
    return next(file.path for file in production.files if file.name == name)


def _raw(path: Path, *options: str) -> bytes:
    argv = ["ffmpeg", "-v", "error", "-nostdin", "-i", str(path), *options, "-"]
    return subprocess.run(argv, check=True, capture_output=True, timeout=60).stdout


def _colours(path: Path) -> str:
    """The main colour of every frame: r, g or b."""
    raw = _raw(path, "-fps_mode", "passthrough", "-vf", "scale=1:1,format=rgb24", "-f", "rawvideo")
    frames = [raw[at : at + 3] for at in range(0, len(raw), 3)]
    return "".join("rgb"[frame.index(max(frame))] for frame in frames)


def _pixels(path: Path, *places: tuple[int, int], width: int = 640) -> list[tuple[int, ...]]:
    """The colours of the first frame at some places."""
    raw = _raw(path, "-frames:v", "1", "-vf", "format=rgb24", "-f", "rawvideo")
    starts = (3 * (y * width + x) for x, y in places)
    return [tuple(raw[at : at + 3]) for at in starts]


def _is(colour: tuple[int, ...], expected: tuple[int, int, int]) -> bool:
    return all(abs(seen - wanted) < 40 for seen, wanted in zip(colour, expected, strict=True))


def _flash_and_beep(directory: Path) -> Path:
    """Black and silent for 2.4 s; then, at the same moment, white and a tone."""
    path = directory / "flash.mp4"
    media.ffmpeg(
        *("-f", "lavfi", "-i", "color=black:size=160x90:rate=25:duration=4"),
        *("-f", "lavfi", "-i", "aevalsrc='sin(2764*t)*gte(t,2.4)':sample_rate=48000:duration=4"),
        *("-vf", "drawbox=color=white:t=fill:enable='gte(t,2.4)'", "-c:v", "libx264", "-preset", "ultrafast"),
        *("-pix_fmt", "yuv420p", "-c:a", "aac", str(path)),
    )
    return path


def test_exactly_the_wanted_frames_are_made(make: Produce, tmp_path: Path) -> None:
    production = make(
        media.make_colour_steps(tmp_path),
        overrides=Overrides(trim=Trim(start_seconds=1.96, end_seconds=4.04)),
    )

    assert _colours(_path(production, "360p")) == "r" + "g" * 50 + "b"
    assert next(file for file in production.files if file.name == "mp4").duration_seconds == 2.08


def test_picture_and_sound_stay_together(make: Produce, tmp_path: Path) -> None:
    production = make(
        _flash_and_beep(tmp_path), overrides=Overrides(trim=Trim(start_seconds=1.51, end_seconds=3.49))
    )

    download = _path(production, "mp4")
    grey = _raw(download, "-fps_mode", "passthrough", "-vf", "scale=1:1,format=gray", "-f", "rawvideo")
    sound = _raw(download, "-ac", "1", "-ar", "48000", "-f", "u8")
    flash = next(number for number, level in enumerate(grey) if level > 128) / 25
    beep = next(number for number, level in enumerate(sound) if abs(level - 128) > 4) / 48_000
    assert len(grey) == 49  # 1.51 and 3.49 s lie nearest to the frames 38 and 87
    assert flash == pytest.approx(2.4 - 38 / 25, abs=0.001)
    assert beep == pytest.approx(flash, abs=0.012)


@pytest.mark.long
def test_subtitles_move_with_the_part_and_end_with_it(make: Produce, tmp_path: Path) -> None:
    production = make(
        media.make_bunny_with_subtitles(tmp_path),
        overrides=Overrides(trim=Trim(start_seconds=1, end_seconds=3), max_height=360),
    )

    text = _path(production, "subtitles-eng").read_text()
    assert "00:00:00.000 --> 00:00:00.500 " in text
    assert "00:00:01.000 --> 00:00:02.000 " in text


@pytest.mark.long
def test_a_part_with_an_open_end_goes_on_to_the_end(make: Produce) -> None:
    production = make(media.BUNNY, overrides=Overrides(trim=Trim(start_seconds=4.28), max_height=360))

    seconds = next(file for file in production.files if file.name == "mp4").duration_seconds
    assert seconds == pytest.approx(1.0, abs=0.05)


@pytest.mark.long
def test_the_sound_profile_takes_a_part_too(make: Produce) -> None:
    production = make(
        media.BUNNY, profile="audio", overrides=Overrides(trim=Trim(start_seconds=1, end_seconds=2.5))
    )

    lengths = {file.name: file.duration_seconds for file in production.files if file.kind == "download"}
    assert lengths == {"m4a": pytest.approx(1.5, abs=0.05), "opus": pytest.approx(1.5, abs=0.05)}


@pytest.mark.parametrize(
    ("trim", "words"),
    [
        (Trim(start_seconds=6), r"trim\.start_seconds 6 lies behind the end of the source \(5\.\d\d\d s\)"),
        (Trim(end_seconds=9), r"trim\.end_seconds 9 lies behind the end"),
        (Trim(start_seconds=1.001, end_seconds=1.002), "holds no frame"),
    ],
)
@pytest.mark.parametrize("profile", ["web", "audio"])
def test_a_part_outside_the_source_is_refused_with_the_value(
    make: Produce, trim: Trim, words: str, profile: str
) -> None:
    if profile == "audio" and "frame" in words:
        pytest.skip("sound has no frames")
    with pytest.raises(InvalidInputError, match=words) as refused:
        make(media.BUNNY, profile=profile, overrides=Overrides(trim=trim))

    assert refused.value.code == ErrorCode.OVERRIDE_NOT_POSSIBLE


def test_the_ends_of_a_part_lie_on_frames() -> None:
    rate = Fraction(30000, 1001)

    trim = plan_trim(Trim(start_seconds=1.0, end_seconds=2.0), 10.0, rate)

    assert trim is not None
    assert [at * rate for at in (trim.start, trim.end) if at is not None] == [30, 60]
    assert trim.length(10.0) == pytest.approx(1.001)


@pytest.mark.long_but(1)
@pytest.mark.parametrize(
    ("source", "max_height", "sizes"),
    [
        (media.BUNNY, 480, [(854, 480), (640, 360)]),
        (media.BUNNY, 440, [(784, 440), (640, 360)]),
        (media.make_portrait, 640, [(360, 640)]),
        (media.BIKES, 1080, [(640, 272)]),
    ],
    ids=["a-rung", "between", "portrait", "above-the-source"],
)
def test_no_picture_is_higher_than_wanted(
    make: Produce, tmp_path: Path, source: object, max_height: int, sizes: list[tuple[int, int]]
) -> None:
    path = source(tmp_path) if callable(source) else source
    assert isinstance(path, Path)
    trim = Trim(end_seconds=1)

    production = make(path, overrides=Overrides(trim=trim, max_height=max_height))

    made = [(file.width, file.height) for file in production.files if file.kind == "rendition"]
    assert made == sizes


def _mark(directory: Path, **changes: object) -> Watermark:
    """A lime square."""
    path = directory / "watermark.source"
    media.ffmpeg(
        *("-f", "lavfi", "-i", "color=lime:size=100x100,format=rgb24", "-frames:v", "1", "-c:v", "png"),
        *("-f", "image2", str(path)),
    )
    values = {"path": path, "position": "bottom-right", "opacity": 1.0, "width_percent": 10.0} | changes
    return Watermark(**values)  # type: ignore[arg-type]


def _black(directory: Path, size: str = "640x360", *options: str) -> Path:
    path = directory / "black.mp4"
    media.ffmpeg(
        *("-f", "lavfi", "-i", f"color=black:size={size}:rate=25:duration=1", *options),
        *("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", str(path)),
    )
    return path


@pytest.mark.long_but(1)
@pytest.mark.parametrize(
    ("position", "inside"),
    [
        ("top-left", (20, 15)),
        ("top-right", (620, 15)),
        ("bottom-left", (20, 345)),
        ("bottom-right", (620, 345)),
        ("center", (320, 180)),
    ],
)
def test_the_watermark_lies_where_it_is_wanted_and_nowhere_else(
    make: Produce, tmp_path: Path, position: str, inside: tuple[int, int]
) -> None:
    production = make(_black(tmp_path), overrides=Overrides(watermark=_mark(tmp_path, position=position)))

    places = {(20, 15), (620, 15), (20, 345), (620, 345), (320, 180)}
    marked, *others = _pixels(_path(production, "360p"), inside, *(places - {inside}))
    assert _is(marked, (0, 255, 0))
    assert all(_is(other, (0, 0, 0)) for other in others)
    (on_poster,) = _pixels(_path(production, "poster"), inside)
    assert _is(on_poster, (0, 255, 0))


@pytest.mark.long
def test_a_watermark_of_half_opacity_lets_the_picture_through(make: Produce, tmp_path: Path) -> None:
    production = make(_black(tmp_path), overrides=Overrides(watermark=_mark(tmp_path, opacity=0.5)))

    (marked,) = _pixels(_path(production, "360p"), (620, 345))
    assert _is(marked, (0, 128, 0))


@pytest.mark.long
def test_a_watermark_stays_square_where_pixels_are_not(make: Produce, tmp_path: Path) -> None:
    source = _black(tmp_path, "720x576", "-vf", "setsar=64/45")

    production = make(source, overrides=Overrides(watermark=_mark(tmp_path, position="center")))

    path = production.files[0].path
    width, height = production.files[0].width or 0, production.files[0].height or 0
    raw = _raw(path, "-frames:v", "1", "-vf", "format=rgb24", "-f", "rawvideo")
    green = [raw[at + 1] > 128 for at in range(0, len(raw), 3)]
    across = sum(green[width * (height // 2) :][:width])
    down = sum(green[width // 2 :: width])
    assert abs(across - down) <= 3
    assert abs(across - width / 10) <= 3


@pytest.mark.long
def test_a_watermark_is_on_every_frame_of_a_rotated_and_an_hdr_source(make: Produce, tmp_path: Path) -> None:
    production = make(
        media.make_high_dynamic_range(tmp_path),
        overrides=Overrides(watermark=_mark(tmp_path, position="top-left")),
    )

    raw = _raw(
        _path(production, "360p"),
        *("-fps_mode", "passthrough", "-vf", "crop=4:4:24:20,scale=1:1,format=rgb24", "-f", "rawvideo"),
    )
    assert len(raw) == 25 * 3
    assert all(_is(tuple(raw[at : at + 3]), (0, 255, 0)) for at in range(0, len(raw), 3))


@pytest.mark.long_but(3)
@pytest.mark.parametrize(
    ("bad", "code", "kind"),
    [
        (media.make_hls_playlist, ErrorCode.INPUT_NOT_MEDIA, InvalidInputError),
        (media.make_text, ErrorCode.INPUT_NOT_MEDIA, InvalidInputError),
        (media.make_empty, ErrorCode.INPUT_EMPTY, InvalidInputError),
        (_black, ErrorCode.INPUT_NOT_MEDIA, InvalidInputError),
        (media_pictures.make_picture_bomb, ErrorCode.LIMIT_EXCEEDED, LimitExceededError),
        (
            lambda path: media_pictures.make_picture(path, "wide.png", size="5000x4000"),
            ErrorCode.LIMIT_EXCEEDED,
            LimitExceededError,
        ),
        (
            lambda path: media.cut(media_pictures.make_picture(path, "a.png"), 0.5),
            ErrorCode.INPUT_TRUNCATED,
            InvalidInputError,
        ),
    ],
    ids=["playlist", "text", "empty", "video", "bomb", "too-large", "cut"],
)
def test_a_watermark_that_is_no_small_whole_picture_is_refused(
    make: Produce, tmp_path: Path, bad: object, code: ErrorCode, kind: type[MediaError]
) -> None:
    assert callable(bad)
    with pytest.raises(kind, match="The watermark cannot be used") as refused:
        make(media.BIKES, overrides=Overrides(watermark=_mark(tmp_path, path=bad(tmp_path))))

    assert refused.value.code == code
