"""Encodes the renditions: one process that decodes the video once, and one for the sound beside it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ledger.states import ErrorCode
from processor import encode_commands
from processor.encode_commands import video_file
from processor.errors import InvalidInputError, LimitExceededError, ToolFailedError
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
    session: Session,
    source: Source,
    plan: Plan,
    profile: Profile,
    on_progress: Callable[[ProgressSample], None],
) -> Encoded:
    """Make all renditions and the sound.

    Args:
        session: The job's shared state.
        source: What to convert.
        plan: What to make.
        profile: Encoder settings.
        on_progress: Receives the video encoder's progress.

    Raises:
        InvalidInputError: The source turned out to be damaged or cut short.
        LimitExceededError: The source is longer than allowed, or the work takes too long.
    """
    audio = session.workdir / "audio_source.mp4" if plan.audio is not None else None
    last: list[ProgressSample] = []

    def watch(sample: ProgressSample) -> None:
        last[:] = [sample]
        on_progress(sample)

    def make_video() -> None:
        command = encode_commands.encode_video(
            source.media,
            source.video.index,
            plan,
            profile.video,
            directory=session.workdir,
            limits=session.limits,
            threads=session.threads,
        )
        session.produce(command, outputs=len(plan.rungs), on_progress=watch)

    def make_audio() -> None:
        if plan.audio is not None and audio is not None:
            command = encode_commands.encode_audio(
                source.media, plan.audio.index, plan, profile.audio, path=audio, limits=session.limits
            )
            session.produce(command, outputs=1, on_progress=lambda _: None)

    try:
        session.together(make_video, make_audio)
    except ToolFailedError as error:
        if any(fault in error.log for fault in _SOURCE_FAULTS):
            raise explain(error, session.limits) from error
        raise
    frames = last[0].frames if last else 0
    encoded = Encoded(
        videos=tuple((rung.name, video_file(session.workdir, rung)) for rung in plan.rungs),
        audio=audio,
        video_seconds=float(frames / plan.frame_rate),
    )
    check_whole(source, encoded.video_seconds, session)
    return encoded


def tolerance_seconds(duration_seconds: float) -> float:
    """How far two durations of the same video may differ."""
    return max(DURATION_TOLERANCE_SECONDS, duration_seconds * DURATION_TOLERANCE_SHARE)


def check_whole(source: Source, video_seconds: float, session: Session) -> None:
    """Compare what was decoded with what the source declares; a damaged file encodes without any error.

    Raises:
        InvalidInputError: Clearly less than declared came out, or nothing.
        LimitExceededError: More came out than the longest duration allowed.
    """
    if video_seconds > session.limits.max_duration_seconds + DURATION_TOLERANCE_SECONDS:
        raise LimitExceededError(
            ErrorCode.LIMIT_EXCEEDED,
            f"The video is longer than the allowed {session.limits.max_duration_seconds:.0f} seconds.",
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


def _declared_video_seconds(source: Source) -> float | None:
    """How long the picture should be; the container's length may be that of a longer sound track."""
    if not source.container.declares_duration:
        return None
    if source.video.duration_seconds is not None:
        return source.video.duration_seconds
    return source.duration_seconds if source.audio is None else None
