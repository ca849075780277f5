"""Checks every output before it is published: by probing, by decoding samples, against its manifests."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn

from ledger.states import ErrorCode
from processor import command
from processor.command import MediaInput, own_output
from processor.containers import check_mp4_complete
from processor.encode import Encoded, tolerance_seconds
from processor.errors import InvalidInputError, ProcessingFailedError, ToolFailedError, last_lines
from processor.ffprobe import ProbeDocument, StreamDocument, parse_document
from processor.loudness import CorrectedLoudness, Method
from processor.package import Packaged
from processor.plan import Plan, PlannedRung
from processor.session import Session
from processor.sprite import read_track
from processor.subtitles import fit_cues
from processor.tracks import PlannedAudio
from processor.verify_manifests import check_manifests

_VERIFY_SECONDS: Final = 120.0
_AUDIO_SAMPLE_SECONDS: Final = 20.0
_DOWNLOAD_SAMPLE_SECONDS: Final = 1.0
_LOUDNESS_TOLERANCE_LU: Final = 1.0


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


def verify(session: Session, packaged: Packaged, plan: Plan, encoded: Encoded) -> dict[str, CheckedFile]:
    """Check all outputs.

    Args:
        session: The job's shared state.
        packaged: The files.
        plan: What was to be made.
        encoded: What the encoders reported.

    Returns:
        What was found, by output name (`720p`, `audio`, `mp4`, `poster`).

    Raises:
        ProcessingFailedError: An output is not what it must be.
    """
    video_seconds = encoded.video_seconds
    checks: dict[str, Callable[[], CheckedFile]] = {
        rung.name: _rendition_check(session, packaged.renditions[rung.name], plan, rung, video_seconds)
        for rung in plan.rungs
    }
    for track in plan.audios:
        checks[track.name] = _audio_check(session, packaged.audios[track.name], track)
    checks["mp4"] = _download_check(session, packaged, plan, video_seconds)
    checks["poster"] = _picture_check(session, packaged.poster)
    checks["sprite"] = _picture_check(session, packaged.sprite, plan.sprite.sheet_size)
    results = session.together(*checks.values(), workers=session.threads + 1)
    checked = dict(zip(checks, results, strict=True))
    cadences = {name: checked[name].keyframe_seconds for name in packaged.renditions}
    if len(set(cadences.values())) != 1:
        _fail(f"The keyframes of the renditions do not lie at the same times: {_counts(cadences)}.")
    for path in packaged.texts.values():
        _check_subtitles(path, video_seconds)
    _check_scrub_track(packaged, plan, video_seconds)
    _check_loudness(encoded.audio.loudness)
    check_manifests(packaged, plan, {name: item.duration_seconds for name, item in checked.items()})
    return checked


def _rendition_check(
    session: Session, path: Path, plan: Plan, rung: PlannedRung, video_seconds: float
) -> Callable[[], CheckedFile]:
    def check() -> CheckedFile:
        document = _inspect(session, own_output(path))
        stream = _only_stream(document, path, "video")
        if (stream.codec_name, stream.width, stream.height) != (plan.codec, rung.width, rung.height):
            _fail(
                f"{path.name} holds {stream.codec_name} {stream.width}x{stream.height}, not what was planned."
            )
        if stream.rotation or stream.pixel_aspect != 1:
            _fail(f"{path.name} would be shown turned or stretched.")
        duration = _duration(document, stream, path)
        if abs(duration - video_seconds) > tolerance_seconds(video_seconds):
            _fail(f"{path.name} lasts {duration:.3f} seconds instead of {video_seconds:.3f}.")
        keyframes = tuple(round(frame.seconds, 3) for frame in document.frames if frame.key_frame)
        _check_cadence(keyframes, duration, plan, path)
        return CheckedFile(stream=stream, duration_seconds=duration, keyframe_seconds=keyframes)

    return check


def _check_cadence(keyframes: tuple[float, ...], duration: float, plan: Plan, path: Path) -> None:
    """Keyframes must come exactly every planned group, or players could not switch between renditions."""
    step = float(plan.gop_seconds)
    expected = max(1, -(-round(duration * plan.frame_rate) // plan.gop_frames))
    if len(keyframes) != expected:
        _fail(f"{path.name} has {len(keyframes)} decodable keyframes instead of {expected}.")
    start = keyframes[0]
    for position, seconds in enumerate(keyframes):
        if abs(seconds - start - position * step) > 0.5 / plan.frame_rate:
            _fail(f"{path.name} has a keyframe at {seconds} s instead of {start + position * step:.3f} s.")


def _check_loudness(loudness: Mapping[str, CorrectedLoudness]) -> None:
    """A plain gain is exact; how much a limiter takes away depends on the sound, so that is only recorded."""
    for name, track in loudness.items():
        target, reached = track.correction.settings.target_lufs, track.result.integrated_lufs
        if track.correction.method is Method.GAIN and abs(reached - target) > _LOUDNESS_TOLERANCE_LU:
            _fail(f"{name} has a loudness of {reached:.1f} LUFS instead of {target:.1f}.")


def _audio_check(session: Session, path: Path, track: PlannedAudio) -> Callable[[], CheckedFile]:
    def check() -> CheckedFile:
        document = _sample(session, own_output(path), _AUDIO_SAMPLE_SECONDS)
        stream = _only_stream(document, path, "audio")
        if stream.codec_name != "aac" or stream.channels != track.channels:
            _fail(f"{path.name} holds {stream.codec_name} sound with {stream.channels} channels.")
        return CheckedFile(stream=stream, duration_seconds=_duration(document, stream, path))

    return check


def _download_check(
    session: Session, packaged: Packaged, plan: Plan, video_seconds: float
) -> Callable[[], CheckedFile]:
    def check() -> CheckedFile:
        path = packaged.download
        document = _sample(session, own_output(path), _DOWNLOAD_SAMPLE_SECONDS)
        kinds = sorted(stream.codec_type for stream in document.streams)
        if kinds != [*["audio"] * len(plan.audios), "video"]:
            _fail(f"{path.name} holds the streams {kinds}.")
        video = next(stream for stream in document.streams if stream.codec_type == "video")
        duration = _duration(document, video, path)
        if abs(duration - video_seconds) > tolerance_seconds(video_seconds):
            _fail(f"{path.name} lasts {duration:.3f} seconds instead of {video_seconds:.3f}.")
        return CheckedFile(stream=video, duration_seconds=duration)

    return check


def _check_subtitles(path: Path, video_seconds: float) -> None:
    text = path.read_text(encoding="utf-8")
    _, cues = fit_cues(text, video_seconds)
    if not text.startswith("WEBVTT\n") or not cues or cues != text.count(" --> "):
        _fail(f"{path.name} holds {cues} usable cues of {text.count(' --> ')}.")


def _check_scrub_track(packaged: Packaged, plan: Plan, video_seconds: float) -> None:
    """Every moment of the video must have its picture, and every picture must lie on the sheet."""
    cues = read_track(packaged.scrub.read_text(encoding="utf-8"))
    width, height = plan.sprite.sheet_size
    if len(cues) != plan.sprite.cells(video_seconds):
        _fail(f"The scrub track has {len(cues)} pictures instead of {plan.sprite.cells(video_seconds)}.")
    ends = [0.0, *(cue.end_seconds for cue in cues)]
    if [cue.start_seconds for cue in cues] != ends[:-1] or abs(ends[-1] - video_seconds) > 0.001:
        _fail("The scrub track leaves a part of the video out.")
    if any(cue.x + cue.width > width or cue.y + cue.height > height for cue in cues):
        _fail("The scrub track points beside the sheet of pictures.")


def _picture_check(
    session: Session, path: Path, size: tuple[int, int] | None = None
) -> Callable[[], CheckedFile]:
    def check() -> CheckedFile:
        source = MediaInput(path=path, formats=("image2", "jpeg_pipe"), codecs=("mjpeg",))
        document = _sample(session, source, 1.0)
        stream = _only_stream(document, path, "video")
        if size is not None and (stream.width, stream.height) != size:
            _fail(f"{path.name} is {stream.width}x{stream.height} instead of {size[0]}x{size[1]}.")
        return CheckedFile(stream=stream, duration_seconds=None)

    return check


def _sample(session: Session, source: MediaInput, seconds: float) -> ProbeDocument:
    """Probe a file and decode its beginning."""
    name = source.path.name
    wanted = command.probe_sample(source, session.limits, step=f"verify {name}", seconds=seconds)
    document = _run(session, wanted, source.path)
    if not all(stream.decoded_frames for stream in document.streams):
        _fail(f"{name} holds a stream that cannot be decoded.")
    return document


def _inspect(session: Session, source: MediaInput) -> ProbeDocument:
    """Probe a rendition and decode all of its keyframes."""
    wanted = command.probe_keyframes(source, session.limits, step=f"verify {source.path.name}")
    return _run(session, wanted, source.path)


def _run(session: Session, wanted: command.Command, path: Path) -> ProbeDocument:
    try:
        if path.suffix == ".mp4":
            check_mp4_complete(path)
        completed = session.inspect(wanted, seconds=_VERIFY_SECONDS)
        document = parse_document(completed.stdout)
    except (ToolFailedError, InvalidInputError) as error:
        raise _failure(f"{path.name} cannot be read back: {error.message}") from error
    if completed.log.strip():
        _fail(f"Reading {path.name} back gave errors: {last_lines(completed.log)}.")
    return document


def _only_stream(document: ProbeDocument, path: Path, kind: str) -> StreamDocument:
    if [stream.codec_type for stream in document.streams] != [kind]:
        _fail(
            f"{path.name} holds {[stream.codec_type for stream in document.streams]} instead of one {kind}."
        )
    return document.streams[0]


def _duration(document: ProbeDocument, stream: StreamDocument, path: Path) -> float:
    duration = stream.duration_seconds or document.duration_seconds
    if duration is None:
        _fail(f"{path.name} does not state its duration.")
    return duration


def _counts(cadences: dict[str, tuple[float, ...]]) -> str:
    return ", ".join(f"{name} has {len(times)}" for name, times in cadences.items())


def _failure(message: str) -> ProcessingFailedError:
    return ProcessingFailedError(
        ErrorCode.VERIFICATION_FAILED,
        message,
        "Nothing was published. Report this job to the operator; the same source would fail again.",
    )


def _fail(message: str) -> NoReturn:
    raise _failure(message)
