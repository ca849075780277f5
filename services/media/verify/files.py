"""Checks of single files: each is probed and read back, and must hold exactly what was planned."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from media.containers.completeness import check_mp4_complete
from media.encode.encode import tolerance_seconds
from media.encode.subtitles import fit_cues
from media.inspect.ffprobe import ProbeDocument, StreamDocument, parse_document
from media.package.package import Packaged
from media.plan.plan import Plan
from media.plan.rungs import PlannedRung
from media.plan.sprite import read_track
from media.plan.tracks import PlannedAudio
from media.tools import command
from media.tools.command import MediaInput, own_output
from media.tools.errors import InvalidInputError, ToolFailedError, noted
from media.tools.session import Session
from media.verify.colours import check_labels
from media.verify.error import fail, failure

_BASE_SECONDS: Final = 120.0
_SAMPLE_SECONDS: Final = 1.0
_START_TOLERANCE_SECONDS: Final = 0.010
_AAC_FRAME_SECONDS: Final = 1024 / 44_100
"""An AAC track may declare that it starts up to one frame early: that frame only primes the decoder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedFile:
    """What probing showed about one output.

    Attributes:
        stream: Its main stream.
        duration_seconds: Measured length; None for a picture.
        keyframe_seconds: When each keyframe of a rendition is shown.
    """

    stream: StreamDocument
    duration_seconds: float | None
    keyframe_seconds: tuple[float, ...] = ()


Check = Callable[[], CheckedFile]


def rendition_check(
    session: Session,
    path: Path,
    plan: Plan,
    rung: PlannedRung,
    frames: int,
    decode: Literal["keyframes", "all"],
) -> Check:
    """Check a rendition of a rung that must hold `frames` frames; decode its keyframes or all of it."""

    def check() -> CheckedFile:
        wanted = command.probe_frames(
            own_output(path), session.limits, step=f"verify {path.name}", everything=decode == "all"
        )
        video_seconds = frames / plan.frame_rate
        document = _run(session, wanted, path, float(video_seconds))
        stream = _only_stream(document, path, "video")
        if (stream.codec_name, stream.width, stream.height) != (plan.codec, rung.width, rung.height):
            fail(
                f"{path.name} holds {stream.codec_name} {stream.width}x{stream.height}, not what was planned."
            )
        if _is_turned(stream) or stream.pixel_aspect != 1:
            fail(f"{path.name} would be shown turned or stretched.")
        if not plan.copied:
            check_labels(path.name, stream, plan.form.colours)
        duration = _duration(document, stream, path)
        if abs(duration - video_seconds) > tolerance_seconds(float(video_seconds)):
            fail(f"{path.name} lasts {duration:.3f} seconds instead of {float(video_seconds):.3f}.")
        if stream.packets != frames:
            fail(f"{path.name} holds {stream.packets} frames instead of {frames}.")
        if decode == "all" and len(document.frames) != frames:
            fail(f"{path.name} has {len(document.frames)} decodable frames instead of {frames}.")
        keyframes = tuple(round(frame.seconds, 3) for frame in document.frames if frame.key_frame)
        if not plan.copied:
            _check_cadence(keyframes, frames, plan, path)
        return CheckedFile(stream=stream, duration_seconds=duration, keyframe_seconds=keyframes)

    return check


def _is_turned(stream: StreamDocument) -> bool:
    """Whether any player could turn the picture; some obey even what is no quarter."""
    return stream.rotation != 0 or not stream.obeys_turn


def _check_cadence(keyframes: tuple[float, ...], frames: int, plan: Plan, path: Path) -> None:
    """Keyframes must come exactly every planned group, or players could not switch between renditions."""
    step = float(plan.gop_seconds)
    expected = -(-frames // plan.gop_frames)
    if len(keyframes) != expected:
        fail(f"{path.name} has {len(keyframes)} decodable keyframes instead of {expected}.")
    if abs(keyframes[0]) > _START_TOLERANCE_SECONDS:
        fail(f"{path.name} starts at {keyframes[0]:.3f} s instead of 0 s, apart from the sound.")
    for position, seconds in enumerate(keyframes):
        if abs(seconds - position * step) > 0.5 / plan.frame_rate:
            fail(f"{path.name} has a keyframe at {seconds} s instead of {position * step:.3f} s.")


def audio_check(session: Session, path: Path, track: PlannedAudio, *, copied: bool = False) -> Check:
    """Check the header of a track of sound; `media.verify.audio` decodes all of it.

    A copied track starts where it does in the source.
    """

    def check() -> CheckedFile:
        document = _run(
            session, command.probe(own_output(path), session.limits, step=f"verify {path.name}"), path
        )
        stream = _only_stream(document, path, "audio")
        if stream.codec_name != "aac" or stream.channels != track.channels:
            fail(f"{path.name} holds {stream.codec_name} sound with {stream.channels} channels.")
        start = stream.start_time or 0.0
        earliest = -_AAC_FRAME_SECONDS - _START_TOLERANCE_SECONDS
        if not (copied or earliest <= start <= _START_TOLERANCE_SECONDS):
            fail(f"{path.name} starts at {start:.3f} s instead of 0 s, apart from the picture.")
        return CheckedFile(stream=stream, duration_seconds=_duration(document, stream, path))

    return check


def download_check(session: Session, packaged: Packaged, plan: Plan, video_seconds: float) -> Check:
    """Check the progressive file and decode its beginning."""

    def check() -> CheckedFile:
        path = packaged.download
        document = _sample(session, own_output(path))
        kinds = sorted(stream.codec_type for stream in document.streams)
        if kinds != [*["audio"] * len(plan.audios), "video"]:
            fail(f"{path.name} holds the streams {kinds}.")
        video = next(stream for stream in document.streams if stream.codec_type == "video")
        if _is_turned(video):
            fail(f"{path.name} would be shown turned.")
        duration = _duration(document, video, path)
        if abs(duration - video_seconds) > tolerance_seconds(video_seconds):
            fail(f"{path.name} lasts {duration:.3f} seconds instead of {video_seconds:.3f}.")
        return CheckedFile(stream=video, duration_seconds=duration)

    return check


def picture_check(session: Session, path: Path, size: tuple[int, int] | None = None) -> Check:
    """Decode a JPEG, and compare its size if one is given."""

    def check() -> CheckedFile:
        document = _sample(session, MediaInput(path=path, formats=("image2", "jpeg_pipe"), codecs=("mjpeg",)))
        stream = _only_stream(document, path, "video")
        if size is not None and (stream.width, stream.height) != size:
            fail(f"{path.name} is {stream.width}x{stream.height} instead of {size[0]}x{size[1]}.")
        return CheckedFile(stream=stream, duration_seconds=None)

    return check


def check_subtitles(path: Path, video_seconds: float) -> None:
    """Every cue of a WebVTT file must be usable and lie within the video."""
    text = path.read_text(encoding="utf-8")
    _, cues = fit_cues(text, video_seconds)
    if not text.startswith("WEBVTT\n") or not cues or cues != text.count(" --> "):
        fail(f"{path.name} holds {cues} usable cues of {text.count(' --> ')}.")


def check_scrub_track(packaged: Packaged, plan: Plan, video_seconds: float) -> None:
    """Every moment of the video must have its picture, and every picture must lie on the sheet."""
    cues = read_track(packaged.scrub.read_text(encoding="utf-8"))
    width, height = plan.sprite.sheet_size
    if len(cues) != plan.sprite.cells(video_seconds):
        fail(f"The scrub track has {len(cues)} pictures instead of {plan.sprite.cells(video_seconds)}.")
    ends = [0.0, *(cue.end_seconds for cue in cues)]
    if [cue.start_seconds for cue in cues] != ends[:-1] or abs(ends[-1] - video_seconds) > 0.001:
        fail("The scrub track leaves a part of the video out.")
    if any(cue.x + cue.width > width or cue.y + cue.height > height for cue in cues):
        fail("The scrub track points beside the sheet of pictures.")


def _sample(session: Session, source: MediaInput) -> ProbeDocument:
    """Probe a file and decode its beginning."""
    name = source.path.name
    wanted = command.probe_sample(source, session.limits, step=f"verify {name}", seconds=_SAMPLE_SECONDS)
    document = _run(session, wanted, source.path)
    if not all(stream.decoded_frames for stream in document.streams):
        fail(f"{name} holds a stream that cannot be decoded.")
    return document


def _run(session: Session, wanted: command.Command, path: Path, media_seconds: float = 0.0) -> ProbeDocument:
    """Read a file back; the time for it grows with its length."""
    try:
        if path.suffix == ".mp4":
            check_mp4_complete(path)
        completed = session.inspect(wanted, seconds=_BASE_SECONDS + media_seconds)
        document = parse_document(completed.stdout)
    except (ToolFailedError, InvalidInputError) as error:
        raise failure(f"{path.name} cannot be read back: {error.message}") from error
    if completed.log.strip():
        raise noted(failure(f"Reading {path.name} back gave errors."), completed.log)
    return document


def _only_stream(document: ProbeDocument, path: Path, kind: str) -> StreamDocument:
    kinds = [stream.codec_type for stream in document.streams]
    if kinds != [kind]:
        fail(f"{path.name} holds {kinds} instead of one {kind}.")
    return document.streams[0]


def _duration(document: ProbeDocument, stream: StreamDocument, path: Path) -> float:
    duration = stream.duration_seconds or document.duration_seconds
    if duration is None:
        fail(f"{path.name} does not state its duration.")
    return duration
