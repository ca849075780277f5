"""Command lines of the encoders and of the small jobs after them. Pure, built on `media.tools.command`."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

from media.encode.colour_commands import JPEG_COLOURS, UPRIGHT, decoder_options, prepared, standardised
from media.encode.quality_commands import write_reference
from media.encode.scaling import scale_all
from media.encode.video_encoders import encoder_options
from media.inspect.probe import AudioStream
from media.pictures.watermark import overlaid
from media.plan.overrides import TrimSpan
from media.plan.plan import Plan
from media.plan.quality_samples import REFERENCE_NAME, Run
from media.plan.rungs import PlannedRung
from media.plan.seek_commands import seek_options
from media.plan.shape import of_one_size, size_options
from media.plan.sprite import SHEET_NAME, SpritePlan
from media.plan.tracks import PlannedAudio, PlannedText
from media.tools.command import Command, MediaInput, Tool, compile_ffmpeg, own_output, read, write
from media.tools.limits import Limits
from profiles import LadderProfile, PosterSettings

SAMPLE_WIDTH: Final = 32
SAMPLE_HEIGHT: Final = 18
_MAX_SAMPLES: Final = 150
NOTABLE_SECONDS: Final = 1
"""Black or frozen parts from this length on are recorded."""
_EXACT_SECONDS, _LOOSE_SECONDS = Fraction(1, 1_000_000_000), Fraction(-1, 10_000)
"""The packager cuts a segment's length off to ticks of the file's clock; one too few adds up within hours."""


def source_options(limits: Limits, threads: int, trim: TrimSpan | None = None) -> dict[str, Any]:
    """The longest time that may be read, one second above the limit so that a breach shows in the result.

    A source of which only a part is wanted is read up to one second behind it, and from its beginning unless
    the part says where decoding may begin.
    """
    most, seek = limits.max_duration_seconds, trim.seek if trim else None
    if trim is not None and trim.end is not None:
        most = min(most, float(trim.end))
    if seek is None:
        return {"t": f"{most + 1:.3f}", "threads": str(threads)}
    # Counted from what is decoded first.
    left = {"t": f"{most + 1 - seek.first_seconds:.3f}", "threads": str(threads)}
    return left | seek_options(seek.start_microseconds, seek.position_microseconds)


def encode_video(
    source: MediaInput,
    stream_index: int,
    plan: Plan,
    profile: LadderProfile,
    *,
    directory: Path,
    limits: Limits,
    threads: int,
) -> Command:
    """Decode the video once; encode all renditions and the sheet of small pictures from it.

    Each rendition becomes `video_<rung>.mp4` in `directory`. The smallest one is also searched for black and
    frozen parts, which costs least there.
    """
    options = source_options(limits, threads, plan.trim)
    options |= decoder_options(plan.form) | size_options(plan.shape)
    picture = read(source, limits, **options)[str(stream_index)]
    outputs, rest = ladder(
        part_of(on_frame_grid(picture, plan), plan),
        plan,
        profile,
        directory=directory,
        threads=threads,
        samples=plan.samples,
    )
    outputs.append(_sprite(rest, plan.sprite, profile.sprite.quality, directory / SHEET_NAME))
    return compile_ffmpeg("encode-video", outputs, threads=threads, progress=True, talkative=True)


def on_frame_grid(picture: Any, plan: Plan) -> Any:
    """Bring the picture to one size and a constant rate: frame `n` is what shows at `n` / rate."""
    picture = of_one_size(picture, plan.shape, boxed=plan.boxed, stretched=plan.needs_one_size)
    picture = prepared(picture, plan.form)
    if plan.deinterlace:
        picture = picture.filter("bwdif", mode="send_frame", deint="interlaced")
    steady = picture.filter("fps", fps=str(plan.frame_rate), start_time=0)
    return steady.filter("tpad", stop=plan.held_frames, stop_mode="clone") if plan.held_frames else steady


def part_of(picture: Any, plan: Plan, start_frame: int = 0, end_frame: int | None = None) -> Any:
    """Cut by the numbers of the frames, so that exactly the wanted ones are left.

    Args:
        picture: The whole source on the plan's grid of frames.
        plan: Tells which part of the source is wanted.
        start_frame: First frame to keep, counted from the beginning of that part.
        end_frame: The frame after the last one; None for the end of that part.
    """
    first, end_frame = plan.first_frame, plan.wanted_frames if end_frame is None else end_frame
    if (first + start_frame, end_frame) == (0, None):
        return picture
    end = {} if end_frame is None else {"end_frame": first + end_frame}
    return picture.filter("trim", start_frame=first + start_frame, **end).filter("setpts", "PTS-STARTPTS")


def ladder(
    picture: Any,
    plan: Plan,
    profile: LadderProfile,
    *,
    directory: Path,
    threads: int,
    samples: Sequence[Run] = (),
    notable_seconds: float = NOTABLE_SECONDS,
) -> tuple[list[Any], Any]:
    """Encode every rendition of a picture at the plan's rate.

    Args:
        picture: The stream.
        plan: What to make.
        profile: How it is encoded.
        directory: Where the renditions go.
        threads: Processor cores to use.
        samples: Frames of the largest rendition to keep as they are, for the comparison afterwards.
        notable_seconds: Shortest black or frozen part that is reported.

    Returns:
        The outputs from large to small, then that of the samples, and one more copy of the picture.
    """
    picture = standardised(picture, plan.form, plan.top.width, plan.top.height, hdr=plan.tone_map)
    if plan.watermark is not None:
        picture = overlaid(picture, plan.watermark)
    pictures, rest = scale_all(picture, plan.rungs, usual_form=plan.usual_form)
    outputs, kept = [], []
    for position, rung in enumerate(plan.rungs):
        scaled = pictures[position]
        if rung is plan.smallest:
            scaled = scaled.filter("blackdetect", d=notable_seconds).filter("freezedetect", d=notable_seconds)
        if position == 0 and samples:
            both = scaled.filter_multi_output("split", 2)
            scaled, kept = both[0], [write_reference(both[1], samples, directory / REFERENCE_NAME)]
        options = encoder_options(rung, plan, profile.video, threads)
        outputs.append(write([scaled], video_file(directory, rung), **options))
    return outputs + kept, rest


def remux(
    video: Path, audios: Sequence[tuple[PlannedAudio, Path]], path: Path, limits: Limits, *, codec: str
) -> Command:
    """Join a rendition and all sound into one progressive MP4, its index in front; nothing is encoded."""
    streams = [read(own_output(video), limits)["v:0"]]
    languages: dict[str, str] = {}
    for position, (track, file) in enumerate(audios):
        streams.append(read(own_output(file), limits)["a:0"])
        languages |= language_tag(track.stream, position)
    tag = {"tag:v": "hvc1"} if codec == "hevc" else {}  # Apple's players insist on it
    output = write(streams, path, c="copy", movflags="+faststart", **UPRIGHT, **tag, **languages)
    return compile_ffmpeg("remux", [output], threads=1)


def sample_brightness(video: Path, path: Path, limits: Limits) -> Command:
    """Write tiny grey pictures of the first keyframes as raw bytes, to choose a poster among them."""
    # Not every decoder can leave frames out, so those that are no keyframes are dropped here.
    opened = read(own_output(video), limits, skip_frame="nokey", threads="1", noautorotate=None)
    small = opened["v:0"].filter("select", "key").filter("scale", SAMPLE_WIDTH, SAMPLE_HEIGHT, flags="area")
    picture = small.filter("format", "gray")
    output = write([picture], path, f="rawvideo", fps_mode="passthrough", **{"frames:v": str(_MAX_SAMPLES)})
    return compile_ffmpeg("sample-poster", [output], threads=1)


def poster(
    video: Path,
    path: Path,
    *,
    at_seconds: float,
    size: tuple[int, int],
    settings: PosterSettings,
    limits: Limits,
) -> Command:
    """Cut one picture out of a rendition."""
    picture = read(own_output(video), limits, ss=f"{at_seconds:.6f}", threads="1", noautorotate=None)["v:0"]
    picture = picture.filter("scale", *size, flags="area", **JPEG_COLOURS).filter("format", "yuvj420p")
    options = {"frames:v": "1", "c:v": "mjpeg", "q:v": str(settings.quality)}
    output = write([picture], path, f="image2", update="1", **options)
    return compile_ffmpeg("poster", [output], threads=1)


def package(
    videos: Sequence[tuple[str, Path]],
    audios: Sequence[tuple[PlannedAudio, Path]],
    texts: Sequence[tuple[PlannedText, Path]],
    plan: Plan,
    directory: Path,
) -> Command:
    """Make CMAF files with HLS and DASH manifests over the same byte ranges; subtitles stay plain WebVTT.

    The packager takes the language of sound from its file.

    Args:
        videos: Name and encoded file of every rendition, from large to small.
        audios: Every track of sound with its encoded file, the main one first.
        texts: Every track of subtitles with its file.
        plan: Gives the segment length.
        directory: Where the results go.

    Raises:
        ValueError: A path holds a character that separates fields in the packager's arguments.
    """
    streams = [_stream("video", path, name, directory) for name, path in videos]
    streams += _sound_streams(audios, directory)
    for text, path in texts:
        labels = f"hls_group_id=subtitles,hls_name={text.label},dash_label={text.label}"
        spoken = f",language={text.stream.language}" if text.stream.language else ""
        streams.append(f"{_stream('text', path, text.name, directory, suffix='vtt')},{labels}{spoken}")
    slack = _LOOSE_SECONDS if plan.copied else _EXACT_SECONDS
    return _packager(streams, audios, plan.segment_seconds + slack, directory)


def package_sound(
    audios: Sequence[tuple[PlannedAudio, Path]], segment_seconds: Fraction, directory: Path
) -> Command:
    """Make CMAF files of sound with HLS and DASH manifests over the same byte ranges.

    Raises:
        ValueError: A path holds a character that separates fields in the packager's arguments.
    """
    return _packager(_sound_streams(audios, directory), audios, segment_seconds + _EXACT_SECONDS, directory)


def _packager(
    streams: Sequence[str],
    audios: Sequence[tuple[PlannedAudio, Path]],
    segment_seconds: Fraction,
    directory: Path,
) -> Command:
    segment = f"{float(segment_seconds):.9f}"
    language = audios[0][0].stream.language if audios else None
    return Command(
        step="package",
        tool=Tool.PACKAGER,
        arguments=(
            *streams,
            *("--segment_duration", segment, "--fragment_duration", segment),
            *("--hls_playlist_type", "VOD", "--hls_master_playlist_output", str(directory / "master.m3u8")),
            *("--mpd_output", str(directory / "manifest.mpd"), "--temp_dir", str(directory)),
            *(("--default_language", language) if language else ()),
            *("--quiet", "--io_cache_size", "8388608"),
        ),
    )


def video_file(directory: Path, rung: PlannedRung) -> Path:
    """Where the encoder puts a rendition before packaging."""
    return directory / f"video_{rung.name}.mp4"


def language_tag(audio: AudioStream, position: int = 0) -> dict[str, str]:
    """The option that marks the sound at `position` of an output with its language, if it is known."""
    return {f"metadata:s:a:{position}": f"language={audio.language}"} if audio.language else {}


def _sound_streams(audios: Sequence[tuple[PlannedAudio, Path]], directory: Path) -> list[str]:
    """The label keeps tracks of one language apart; without it DASH would take them for one sound."""
    return [
        f"{_stream('audio', path, track.name, directory)},"
        f"hls_group_id=audio,hls_name={track.label},dash_label={track.label}"
        for track, path in audios
    ]


def _stream(kind: str, path: Path, name: str, directory: Path, suffix: str = "mp4") -> str:
    output = directory / f"{name}.{suffix}"
    for value in (str(path), str(output)):
        if "," in value or "=" in value:
            message = f"path {value!r} holds ',' or '='; use a working directory without them"
            raise ValueError(message)
    return f"in={path},stream={kind},output={output},playlist_name={name}.m3u8"


def _sprite(picture: Any, plan: SpritePlan, quality: int, path: Path) -> Any:
    """Take the picture at the start of every interval, and put all of them on one sheet."""
    taken = picture.filter("fps", fps=f"1/{plan.interval_seconds}", round="up")
    return sprite_sheet(sprite_cell(taken, plan), plan, quality, path)


def sprite_cell(picture: Any, plan: SpritePlan) -> Any:
    """Bring a picture to the size of a cell of the sheet."""
    small = picture.filter("scale", plan.width, plan.height, flags="area", **JPEG_COLOURS)
    return small.filter("setsar", 1).filter("format", "yuvj420p")


def sprite_sheet(cells: Any, plan: SpritePlan, quality: int, path: Path) -> Any:
    """Put a stream of cells on one sheet."""
    options = {"c:v": "mjpeg", "q:v": str(quality), "frames:v": "1", "fps_mode": "passthrough"}
    return write(
        [cells.filter("tile", f"{plan.columns}x{plan.rows}")], path, f="image2", update="1", **options
    )
