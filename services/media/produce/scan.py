"""One pass over a video that encodes none: small pictures, candidates for the poster, and its true length."""

from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

from media.encode.colour_commands import JPEG_COLOURS, decoder_options, prepared, standardised
from media.encode.damage import picture_loss
from media.encode.encode import check_whole
from media.encode.encode_commands import SAMPLE_HEIGHT, SAMPLE_WIDTH, source_options
from media.headers.colours import HDR_TRANSFERS
from media.inspect.probe import Source
from media.inspect.refusals import explain
from media.package.poster import choose_sample, poster_size
from media.plan.plan import choose_frame_rate, display_size
from media.plan.shape import decoded_shape, size_options
from media.plan.sprite import SHEET_NAME, SpritePlan, plan_sprite
from media.produce.production import Stages
from media.tools.command import Command, compile_ffmpeg, discard, read, write
from media.tools.errors import ToolFailedError
from media.tools.output import ProgressSample
from media.tools.session import Session
from profiles import PosterSettings, SpriteSettings, ThumbnailSettings

_CANDIDATES: Final = "candidate_%03d.jpg"
_SAMPLES: Final = "samples.gray"
_ANY_RATE: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanOptions:
    """Which pictures are wanted; without `thumbnails` there are only the sheet and the poster."""

    sprite: SpriteSettings
    poster: PosterSettings
    thumbnails: ThumbnailSettings | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """What the pass gave.

    Attributes:
        sprite: The sheet of small pictures, laid out as `sprite_plan` says.
        poster: The most telling of the pictures that the sheet holds.
        poster_size: Its pixels.
        thumbnails: Pictures at equal distances, in order.
        thumbnail_size: Their pixels.
        thumbnail_seconds: When each is shown.
        video_seconds: Media time that could be decoded.
    """

    sprite: Path
    sprite_plan: SpritePlan
    poster: Path
    poster_size: tuple[int, int]
    video_seconds: float
    thumbnails: tuple[Path, ...] = ()
    thumbnail_size: tuple[int, int] = (0, 0)
    thumbnail_seconds: tuple[float, ...] = field(default=())


def scan(session: Session, source: Source, overrides: ScanOptions, stages: Stages) -> Scan:
    """Decode the whole video once.

    Raises:
        InvalidInputError: The source turned out to be damaged or cut short.
        LimitExceededError: The source is longer than allowed, or the work takes too long.
    """
    declared = source.video.duration_seconds or source.duration_seconds
    size = display_size(source.video)
    sprite_plan = plan_sprite(size, declared, overrides.sprite)
    rate = choose_frame_rate(source.video, _ANY_RATE)
    receive, seconds = stages.by_time(declared), 0.0

    def watch(sample: ProgressSample) -> None:
        nonlocal seconds
        seconds = float(sample.frames / rate)
        receive(replace(sample, out_seconds=seconds))

    command = scan_command(session, source, overrides, sprite_plan)
    try:
        done = session.produce(command, outputs=2, on_progress=watch)
    except ToolFailedError as error:
        raise explain(error, session.limits) from error
    # No sound is decoded here, so only the length of the picture itself can be compared.
    unheard = source.duration_seconds or 0.0 if source.video.duration_seconds else seconds
    check_whole(session, source, seconds, unheard)
    if session.keeps_damage:
        session.warn(*picture_loss(float(done.faults.get(source.video.index, 0) / rate)))
    thumbnails = tuple(sorted(session.workdir.glob("thumb_*.jpg")))
    chosen = choose_sample((session.workdir / _SAMPLES).read_bytes())
    distance = _distance(source, overrides)
    return Scan(
        sprite=session.workdir / SHEET_NAME,
        sprite_plan=sprite_plan,
        poster=session.workdir / (_CANDIDATES % (chosen + 1)),
        poster_size=poster_size(*size, overrides.poster.max_long_side_pixels),
        video_seconds=seconds,
        thumbnails=thumbnails,
        thumbnail_size=_thumbnail_size(size, overrides),
        thumbnail_seconds=tuple(
            round(float((position + Fraction(1, 2)) * distance), 3) for position in range(len(thumbnails))
        ),
    )


def scan_command(session: Session, source: Source, overrides: ScanOptions, sprite: SpritePlan) -> Command:
    """The one process of the pass; the frames of its first output tell how long the video is."""
    size = display_size(source.video)
    largest = poster_size(*size, overrides.poster.max_long_side_pixels)
    video, form, shape = source.video, source.video.form, decoded_shape(source.video)
    options = decoder_options(form) | source_options(session.limits, session.threads) | size_options(shape)
    picture = read(source.media, session.limits, **options)[str(video.index)]
    if shape and (video.interlaced or video.is_converted):
        picture = shape.stretched(picture)
    picture = prepared(picture, form)
    if video.interlaced:
        picture = picture.filter("bwdif", mode="send_frame", deint="interlaced")
    picture = standardised(picture, form, *largest, hdr=video.color_transfer in HDR_TRANSFERS)
    branches = picture.filter_multi_output("split", 3 if overrides.thumbnails else 2)
    steady = branches[0].filter("fps", fps=str(choose_frame_rate(video, _ANY_RATE)), start_time=0)
    outputs = [
        discard([steady], fps_mode="passthrough"),
        *_taken(branches[1], session, overrides, sprite, largest),
    ]
    if overrides.thumbnails:
        outputs.append(_thumbnails(branches[2], session, source, overrides, size))
    return compile_ffmpeg("scan", outputs, threads=session.threads, progress=True)


def _taken(
    picture: Any, session: Session, overrides: ScanOptions, sprite: SpritePlan, largest: tuple[int, int]
) -> list[Any]:
    """At the start of every interval: a cell of the sheet, a tiny grey picture to rate it, a candidate."""
    rate = {"fps": f"1/{sprite.interval_seconds}", "start_time": 0, "round": "up"}
    copies = picture.filter("fps", **rate).filter_multi_output("split", 3)
    cells = _jpeg(copies[0], sprite.width, sprite.height)
    sheet = cells.filter("tile", f"{sprite.columns}x{sprite.rows}")
    grey = copies[1].filter("scale", SAMPLE_WIDTH, SAMPLE_HEIGHT, flags="area").filter("format", "gray")
    most = {"frames:v": str(sprite.columns * sprite.rows), "fps_mode": "passthrough"}
    return [
        write(
            [sheet],
            session.workdir / SHEET_NAME,
            **_image(overrides.sprite.quality),
            update="1",
            **{"frames:v": "1", "fps_mode": "passthrough"},
        ),
        write([grey], session.workdir / _SAMPLES, f="rawvideo", **most),
        write(
            [_jpeg(copies[2], *largest)],
            session.workdir / _CANDIDATES,
            **_image(overrides.poster.quality),
            **most,
        ),
    ]


def _thumbnails(
    picture: Any, session: Session, source: Source, overrides: ScanOptions, size: tuple[int, int]
) -> Any:
    """One picture from the middle of every equal part."""
    settings = overrides.thumbnails
    assert settings is not None  # noqa: S101 - the caller asks only then
    distance = _distance(source, overrides)
    earlier = picture.filter("setpts", f"PTS-{float(distance / 2):.6f}/TB")
    taken = earlier.filter("fps", fps=str(1 / distance), start_time=0, round="up")
    options = {"frames:v": str(settings.count), "fps_mode": "passthrough"}
    small = _jpeg(taken, *_thumbnail_size(size, overrides))
    return write([small], session.workdir / "thumb_%02d.jpg", **_image(settings.quality), **options)


def _distance(source: Source, overrides: ScanOptions) -> Fraction:
    """Seconds from one thumbnail to the next; a source of unknown length gets the distance of the sheet."""
    declared = source.video.duration_seconds or source.duration_seconds
    if declared is None or overrides.thumbnails is None:
        return Fraction(overrides.sprite.interval_seconds)
    return (Fraction(declared) / overrides.thumbnails.count).limit_denominator(100_000)


def _thumbnail_size(size: tuple[int, int], overrides: ScanOptions) -> tuple[int, int]:
    return poster_size(*size, overrides.thumbnails.max_long_side_pixels) if overrides.thumbnails else (0, 0)


def _jpeg(picture: Any, width: int, height: int) -> Any:
    scaled = picture.filter("scale", width, height, flags="area", **JPEG_COLOURS).filter("setsar", 1)
    return scaled.filter("format", "yuvj420p")


def _image(quality: int) -> dict[str, str]:
    return {"f": "image2", "c:v": "mjpeg", "q:v": str(quality)}
