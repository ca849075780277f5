"""Encodes one window of a source, and makes of all windows what one long encode would have made."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from media.encode import window_commands
from media.encode.audio import EncodedAudio
from media.encode.damage import LEAST_HELD_SECONDS, picture_loss
from media.encode.encode import Encoded, blames_source, check_whole
from media.encode.encode_commands import video_file
from media.encode.picture_facts import MOST_SECTIONS, PictureFacts, Section, read_picture_facts
from media.encode.window_commands import CELLS_NAME, EDGE_SECONDS, WindowRecipe, is_notable
from media.inspect.probe import Source
from media.inspect.refusals import explain
from media.plan.plan import Plan
from media.plan.quality_samples import REFERENCE_NAME, runs_within
from media.plan.rungs import PlannedRung
from media.plan.seek_commands import first_seconds
from media.plan.shape import needs_box
from media.plan.sprite import SHEET_NAME
from media.plan.tracks import PlannedText
from media.plan.windows import Window, check_frames
from media.tools.errors import ErrorCode, ProcessingFailedError, ToolFailedError
from media.tools.output import ProgressSample
from media.tools.runner import Completed
from media.tools.session import Session
from profiles import LadderProfile


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodedWindow:
    """One finished window.

    Attributes:
        window: Which one.
        directory: Where its renditions and small pictures are.
        frames: How many frames each rendition has.
        picture: What was measured; times count from the start of the window.
        lost_seconds: About how much of it could not be decoded, or only in part.
    """

    window: Window
    directory: Path
    frames: int
    picture: PictureFacts
    lost_seconds: float = 0.0


def encode_window(
    session: Session, recipe: WindowRecipe, window: Window, on_progress: Callable[[ProgressSample], None]
) -> EncodedWindow:
    """Encode one window into the session's directory.

    Raises:
        InvalidInputError: The source turned out to be damaged.
        LimitExceededError: The work takes too long.
    """
    plan, frames = recipe.plan, 0

    def watch(sample: ProgressSample) -> None:
        nonlocal frames
        frames = sample.frames
        on_progress(sample)

    def encode(plan: Plan, window: Window, *, seek: bool) -> Completed:
        return _encode(session, replace(recipe, plan=plan), window, watch, seek=seek)

    done, seek = encode(plan, window, seek=True), True
    if not _covers(done.notes, window, plan):
        done, seek = encode(plan, window, seek=False), False
    if plan.shape is not None and needs_box(done.notes, plan.shape):
        plan = replace(plan, boxed=True)
        done = encode(plan, window, seek=seek)
    found, ended = frames, _ended(window, plan, frames) if recipe.holds_ends else None
    if ended is not None and ended.end_frame is not None:
        longest = plan.first_frame + ended.end_frame
        done = encode(replace(plan, held_frames=longest), ended, seek=seek)
    # Where the end is not found all behind it is decoded too, and what fails there is another window's.
    lost = frames - found or min(done.faults.get(recipe.source.stream_index, 0), frames)
    return EncodedWindow(
        window=window,
        directory=session.workdir,
        frames=frames,
        picture=read_picture_facts(done.notes, plan.rungs, float(frames / plan.frame_rate)),
        lost_seconds=float(lost / plan.frame_rate),
    )


def _encode(
    session: Session,
    recipe: WindowRecipe,
    window: Window,
    watch: Callable[[ProgressSample], None],
    *,
    seek: bool,
) -> Completed:
    command = window_commands.encode_window(recipe, window, session.workdir, seek=seek)
    try:
        return session.produce(command, outputs=len(recipe.plan.rungs), on_progress=watch)
    except ToolFailedError as error:
        if blames_source(error):
            raise explain(error, session.limits) from error
        raise


def _ended(window: Window, plan: Plan, frames: int) -> Window | None:
    """The window with the end that its picture should have reached; None where it did, or nobody knows."""
    if window.end_frame is not None:
        return window if frames < window.end_frame - window.start_frame else None
    if plan.expected_seconds is None:
        return None
    end = round(plan.expected_seconds * float(plan.frame_rate))
    missing = (end - window.start_frame - frames) / plan.frame_rate
    return replace(window, end_frame=end) if missing > LEAST_HELD_SECONDS else None


def _covers(notes: str, window: Window, plan: Plan) -> bool:
    """Whether decoding began early enough to know what the window's first frame shows."""
    start = window_commands.window_start(window, plan)
    return start == 0 or any(found <= start for found in first_seconds(notes).values())


def join_windows(
    session: Session,
    source: Source,
    windows: Sequence[EncodedWindow],
    plan: Plan,
    profile: LadderProfile,
    sound: EncodedAudio,
    texts: tuple[tuple[PlannedText, Path], ...],
) -> Encoded:
    """Join all windows in the session's directory, as if the source had been encoded in one go.

    Raises:
        InvalidInputError: The source is damaged or cut short.
        LimitExceededError: The source is longer than allowed.
        ProcessingFailedError: Frames got lost at the joints.
    """
    frames = check_frames([item.window for item in windows], [item.frames for item in windows])
    video_seconds = float(frames / plan.frame_rate)
    check_whole(session, source, video_seconds, sound.seconds, plan)
    if session.keeps_damage:
        session.warn(*picture_loss(sum(item.lost_seconds for item in windows)))
    filled = [item for item in windows if item.frames]
    session.together(
        *(lambda rung=rung: _join_rung(session, filled, plan, rung, frames) for rung in plan.rungs),
        lambda: _join_cells(session, filled, plan, profile),
        lambda: _join_references(session, filled, plan),
        workers=session.threads,
    )
    return Encoded(
        videos=tuple((rung.name, video_file(session.workdir, rung)) for rung in plan.rungs),
        audio=sound,
        texts=texts,
        sprite=session.workdir / SHEET_NAME,
        picture=join_facts(filled, plan),
        frames=frames,
        video_seconds=video_seconds,
        reference=session.workdir / REFERENCE_NAME if plan.samples else None,
    )


def join_facts(windows: Sequence[EncodedWindow], plan: Plan) -> PictureFacts:
    """Put together what the windows measured: likeness by frames, and sections that touch at a joint."""
    total = sum(item.frames for item in windows)
    names = windows[0].picture.ssim if windows else {}
    ssim = {
        name: round(sum(item.picture.ssim[name] * item.frames for item in windows) / total, 6)
        for name in names
    }
    starts = [float(item.window.start_seconds(plan.frame_rate)) for item in windows]
    black = [(item.picture.black, start) for item, start in zip(windows, starts, strict=True)]
    frozen = [(item.picture.frozen, start) for item, start in zip(windows, starts, strict=True)]
    return PictureFacts(ssim=ssim, black=_join_sections(black), frozen=_join_sections(frozen))


def _join_sections(parts: Sequence[tuple[Sequence[Section], float]]) -> tuple[Section, ...]:
    joined: list[Section] = []
    for sections, shift in parts:
        for start, end in ((round(first + shift, 3), round(last + shift, 3)) for first, last in sections):
            if joined and start == shift and joined[-1][1] >= round(shift, 3) - EDGE_SECONDS:
                joined[-1] = (joined[-1][0], end)
            else:
                joined.append((start, end))
    return tuple(section for section in joined if is_notable(section))[:MOST_SECTIONS]


def _join_rung(
    session: Session, windows: Sequence[EncodedWindow], plan: Plan, rung: PlannedRung, frames: int
) -> None:
    listing = session.workdir / f"windows_{rung.name}.ffconcat"
    files = [(video_file(item.directory, rung), item.frames) for item in windows]
    listing.write_text(window_commands.join_list(files, plan.frame_rate), encoding="utf-8")
    found = 0

    def watch(sample: ProgressSample) -> None:
        nonlocal found
        found = sample.frames

    command = window_commands.join_windows(listing, rung, session.workdir, session.limits, codec=plan.codec)
    listed = tuple(path.absolute() for path, _ in files)
    session.produce(replace(command, also_reads=listed), outputs=0, on_progress=watch)
    listing.unlink()
    if found != frames:
        raise ProcessingFailedError(
            ErrorCode.VERIFICATION_FAILED,
            f"The joined {rung.name} has {found} frames; its windows have {frames}.",
            "Nothing was published. Report this job to the operator; the same source would fail again.",
        )


def _join_references(session: Session, windows: Sequence[EncodedWindow], plan: Plan) -> None:
    """Put the frames that the windows kept behind each other; they are bare pictures of one size."""
    if not plan.samples:
        return
    with (session.workdir / REFERENCE_NAME).open("wb") as target:
        for item in windows:
            if runs_within(plan.samples, item.window.start_frame, item.window.end_frame):
                with (item.directory / REFERENCE_NAME).open("rb") as part:
                    shutil.copyfileobj(part, target)


def _join_cells(
    session: Session, windows: Sequence[EncodedWindow], plan: Plan, profile: LadderProfile
) -> None:
    cells = session.workdir / CELLS_NAME
    with cells.open("wb") as target:
        for item in windows:
            target.write((item.directory / CELLS_NAME).read_bytes())
    session.produce(
        window_commands.make_sheet(cells, plan, profile, session.workdir, session.limits), outputs=0
    )
    cells.unlink()
