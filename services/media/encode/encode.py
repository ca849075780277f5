"""Encodes the renditions: one process that decodes the video once, and one for the sound beside it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from media.encode import encode_commands
from media.encode.audio import EncodedAudio, encode_audio
from media.encode.damage import missing_frames, picture_loss
from media.encode.encode_commands import video_file
from media.encode.picture_facts import PictureFacts, read_picture_facts
from media.encode.subtitles import extract_subtitles
from media.inspect.probe import Source
from media.inspect.refusals import explain
from media.plan.overrides import TrimSpan
from media.plan.plan import Plan
from media.plan.quality_samples import REFERENCE_NAME
from media.plan.shape import needs_box, size_warnings
from media.plan.sprite import SHEET_NAME
from media.plan.tracks import PlannedText
from media.tools.command import Command
from media.tools.errors import (
    DamagedInputError,
    ErrorCode,
    InvalidInputError,
    LimitExceededError,
    ToolFailedError,
)
from media.tools.output import ProgressSample
from media.tools.runner import Completed
from media.tools.session import Session
from profiles import LadderProfile

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
        audio: The encoded sound.
        texts: Every track of subtitles with its file.
        sprite: The sheet of small pictures.
        picture: What was measured on the way.
        frames: Frames that the video encoder wrote.
        video_seconds: Their media time.
        reference: The frames of the plan's samples as the encoders got them; None if none were kept.
        poster: The poster, where it was chosen while the source was decoded.
    """

    videos: tuple[tuple[str, Path], ...]
    audio: EncodedAudio
    texts: tuple[tuple[PlannedText, Path], ...]
    sprite: Path
    picture: PictureFacts
    frames: int
    video_seconds: float
    reference: Path | None = None
    poster: Path | None = None


def encode(
    session: Session, source: Source, plan: Plan, profile: LadderProfile, on_progress: ProgressCallback
) -> Encoded:
    """Make all renditions and the sound.

    `on_progress` receives the video encoder's progress.

    Raises:
        InvalidInputError: The source turned out to be damaged or cut short.
        LimitExceededError: The source is longer than allowed, or the work takes too long.
    """
    video = _Track(on_progress)
    sound: list[EncodedAudio] = []
    notes: list[str] = []
    texts: list[tuple[PlannedText, Path]] = []

    def encode_picture() -> None:
        notes.append(_encode_picture(session, source, plan, profile, video))

    tasks: list[Callable[[], object]] = [
        encode_picture,
        lambda: sound.append(encode_audio(session, source, plan.audios, profile.audio)),
        lambda: texts.extend(extract_subtitles(session, source, plan.texts)),
    ]
    try:
        session.together(*tasks)
    except ToolFailedError as error:
        if blames_source(error):
            raise explain(error, session.limits) from error
        raise
    video_seconds = float(video.frames / plan.frame_rate)
    check_whole(session, source, video_seconds, sound[0].seconds, plan)
    videos = tuple((rung.name, video_file(session.workdir, rung)) for rung in plan.rungs)
    return Encoded(
        videos=videos,
        audio=sound[0],
        texts=tuple(texts),
        sprite=session.workdir / SHEET_NAME,
        picture=read_picture_facts(notes[0], plan.rungs, video_seconds),
        frames=video.frames,
        video_seconds=video_seconds,
        reference=session.workdir / REFERENCE_NAME if plan.samples else None,
    )


class _Track:
    """Remembers how far the video encoder came."""

    def __init__(self, on_progress: ProgressCallback) -> None:
        self.frames = 0
        self._on_progress = on_progress

    def watch(self, sample: ProgressSample) -> None:
        self.frames = sample.frames
        self._on_progress(sample)


def tolerance_seconds(duration_seconds: float) -> float:
    """How far two durations of the same video may differ."""
    return max(DURATION_TOLERANCE_SECONDS, duration_seconds * DURATION_TOLERANCE_SHARE)


def check_whole(
    session: Session,
    source: Source,
    video_seconds: float,
    audio_seconds: float,
    plan: Plan | None = None,
) -> None:
    """Compare what was decoded with what the source declares; a damaged file encodes without any error.

    Args:
        session: Gives the ceilings of the source, and bears what is missing where that is wanted.
        source: What probing told.
        video_seconds: Length of the picture that came out.
        audio_seconds: Length of the sound that came out.
        plan: What was made of it; None for its own frames, all of them.

    Raises:
        InvalidInputError: Clearly less than declared came out, or nothing.
        LimitExceededError: More came out than the longest duration allowed.
    """
    limits = session.limits
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
    if plan is not None and plan.trim is not None:
        _check_part(session, source, plan.trim, video_seconds)
        return
    if not source.container.declares_duration:
        return
    # The container's length may be that of a longer sound track or of subtitles, the video's own is exact.
    longest = max(video_seconds, audio_seconds)
    held_seconds = float(plan.held_frames / plan.frame_rate) if plan else 0.0
    declarations = [(source.video.duration_seconds, video_seconds - held_seconds)]
    if not (source.subtitles and source.video.duration_seconds):
        declarations.append((source.duration_seconds, longest))
    for declared, decoded in declarations:
        if declared is not None and declared - decoded > tolerance_seconds(declared):
            message = f"Only {decoded:.2f} of {declared:.2f} seconds of video could be decoded."
            remedy = "Upload the complete file again; if it is complete, export it again as MP4."
            lost = {"lost_seconds": round(declared - decoded, 3)}
            session.bear(DamagedInputError(ErrorCode.INPUT_TRUNCATED, message, remedy, lost))


def _check_part(session: Session, source: Source, trim: TrimSpan, video_seconds: float) -> None:
    declares = source.container.declares_duration
    declared = (source.video.duration_seconds or source.duration_seconds) if declares else None
    expected = trim.length(declared)
    if expected is not None and expected - video_seconds > tolerance_seconds(expected):
        message = f"Only {video_seconds:.2f} of the wanted {expected:.2f} seconds of video could be decoded."
        remedy = "Check that the file plays to its end, and that trim lies within it."
        if not declares:
            raise InvalidInputError(ErrorCode.OVERRIDE_NOT_POSSIBLE, message, remedy)
        lost = {"lost_seconds": round(expected - video_seconds, 3)}
        session.bear(DamagedInputError(ErrorCode.INPUT_TRUNCATED, message, remedy, lost))


def _encode_picture(
    session: Session, source: Source, plan: Plan, profile: LadderProfile, video: _Track
) -> str:
    """Encode all renditions; once more, with bars, if the picture turned out to change its aspect.

    And once more where damage that is borne ends the picture early: the last one stays for what is missing.
    """

    def run(plan: Plan) -> Completed:
        command = _video_command(session, source, plan, profile)
        return session.produce(command, outputs=len(plan.rungs), on_progress=video.watch)

    done = run(plan)
    if plan.shape is not None:
        session.warn(*size_warnings(done.notes, plan.shape))
        if needs_box(done.notes, plan.shape):
            plan = replace(plan, boxed=True)
            done = run(plan)
    if not session.keeps_damage:
        return done.notes
    held = missing_frames(source, plan, video.frames)
    if held:
        done = run(replace(plan, held_frames=plan.held_frames + held))
    lost_frames = max(done.faults.get(source.video.index, 0), held)
    session.warn(*picture_loss(float(lost_frames / plan.frame_rate)))
    return done.notes


def blames_source(error: ToolFailedError) -> bool:
    """Whether a tool failed because of what it read."""
    return any(fault in error.log for fault in _SOURCE_FAULTS)


def _video_command(session: Session, source: Source, plan: Plan, profile: LadderProfile) -> Command:
    return encode_commands.encode_video(
        source.media,
        source.video.index,
        plan,
        profile,
        directory=session.workdir,
        limits=session.limits,
        threads=session.threads,
    )
