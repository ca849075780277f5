"""Encodes the renditions: one process that decodes the video once, and one for the sound beside it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ledger.states import ErrorCode
from processor import encode_commands
from processor.command import Command
from processor.encode_commands import video_file
from processor.errors import InvalidInputError, LimitExceededError, ToolFailedError
from processor.limits import Limits
from processor.output import ProgressSample
from processor.plan import Plan
from processor.probe import Source, explain
from processor.session import Session
from profiles import Profile

DURATION_TOLERANCE_SECONDS = 0.5
DURATION_TOLERANCE_SHARE = 0.01
_SOURCE_FAULTS = (
    "Invalid data found when processing input",
    "does not contain any stream",
    "not on whitelist",
)


ProgressCallback = Callable[[ProgressSample], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoded:
    """The encoders' results, not yet packaged.

    Attributes:
        videos: Name and file of every rendition, from large to small.
        audio: The encoded sound, if the source has any.
        video_seconds: Media time that the video encoder wrote.
    """

    videos: tuple[tuple[str, Path], ...]
    audio: Path | None
    video_seconds: float


def encode(
    session: Session, source: Source, plan: Plan, profile: Profile, on_progress: ProgressCallback
) -> Encoded:
    """Make all renditions and the sound.

    `on_progress` receives the video encoder's progress.

    Raises:
        InvalidInputError: The source turned out to be damaged or cut short.
        LimitExceededError: The source is longer than allowed, or the work takes too long.
    """
    frames = 0

    def watch(sample: ProgressSample) -> None:
        nonlocal frames
        frames = sample.frames
        on_progress(sample)

    video = _video_command(session, source, plan, profile)
    tasks: list[Callable[[], object]] = [
        lambda: session.produce(video, outputs=len(plan.rungs), on_progress=watch)
    ]
    audio_path = session.workdir / "audio_source.mp4" if plan.audio is not None else None
    if plan.audio is not None and audio_path is not None:
        audio = encode_commands.encode_audio(
            source.media, plan.audio.index, plan, profile.audio, path=audio_path, limits=session.limits
        )
        tasks.append(lambda: session.produce(audio, outputs=1, on_progress=lambda _: None))
    try:
        session.together(*tasks)
    except ToolFailedError as error:
        if _blames_source(error):
            raise explain(error, session.limits) from error
        raise
    video_seconds = float(frames / plan.frame_rate)
    check_whole(source, video_seconds, session.limits)
    videos = tuple((rung.name, video_file(session.workdir, rung)) for rung in plan.rungs)
    return Encoded(videos=videos, audio=audio_path, video_seconds=video_seconds)


def tolerance_seconds(duration_seconds: float) -> float:
    """How far two durations of the same video may differ."""
    return max(DURATION_TOLERANCE_SECONDS, duration_seconds * DURATION_TOLERANCE_SHARE)


def check_whole(source: Source, video_seconds: float, limits: Limits) -> None:
    """Compare what was decoded with what the source declares; a damaged file encodes without any error.

    Raises:
        InvalidInputError: Clearly less than declared came out, or nothing.
        LimitExceededError: More came out than the longest duration allowed.
    """
    if video_seconds > limits.max_duration_seconds + DURATION_TOLERANCE_SECONDS:
        raise LimitExceededError(
            ErrorCode.LIMIT_EXCEEDED,
            f"The video is longer than the allowed {limits.max_duration_seconds:.0f} seconds.",
            "Upload a shorter video, or ask the operator to raise the limit.",
        )
    if video_seconds <= 0:
        raise InvalidInputError(
            ErrorCode.INPUT_UNREADABLE,
            "No picture could be decoded from the video.",
            "Check that the file plays, export it again as MP4, and upload the new file.",
        )
    declared = _declared_video_seconds(source)
    if declared is not None and declared - video_seconds > tolerance_seconds(declared):
        raise InvalidInputError(
            ErrorCode.INPUT_TRUNCATED,
            f"Only {video_seconds:.2f} of the declared {declared:.2f} seconds of video could be decoded.",
            "Upload the complete file again; if it is complete, export it again as MP4.",
        )


def _blames_source(error: ToolFailedError) -> bool:
    return any(fault in error.log for fault in _SOURCE_FAULTS)


def _video_command(session: Session, source: Source, plan: Plan, profile: Profile) -> Command:
    return encode_commands.encode_video(
        source.media,
        source.video.index,
        plan,
        profile.video,
        directory=session.workdir,
        limits=session.limits,
        threads=session.threads,
    )


def _declared_video_seconds(source: Source) -> float | None:
    """How long the picture should be; the container's length may be that of a longer sound track."""
    if not source.container.declares_duration:
        return None
    if source.video.duration_seconds is not None:
        return source.video.duration_seconds
    return source.duration_seconds if source.audio is None else None
