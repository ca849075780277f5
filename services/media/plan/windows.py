"""Cuts a long video into windows that can be encoded apart and joined without a seam. Pure.

A window is a range of output frames, never a piece of the source file: cutting a file at its keyframes loses
frames of open groups, and undoes edit lists. Windows begin on the grid of the media segments, so that the
joined renditions have the same segments as those of one long encode.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from media.plan.plan import Plan
from media.plan.sprite import SpritePlan
from media.tools.errors import ErrorCode, InvalidInputError

MOST_WINDOWS: Final = 1000
"""Their names travel between states of the workflow, whose payload is limited to 256 KiB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A range of output frames, counted from the first one that is wanted.

    Attributes:
        index: Its place, from 0.
        start_frame: The first frame; a multiple of the frames of a segment.
        end_frame: The frame after the last one; None for a last window that goes as far as the source.
    """

    index: int
    start_frame: int
    end_frame: int | None

    @property
    def name(self) -> str:
        """Its name in the ledger and on the shared files."""
        return f"window-{self.index:04d}"

    @property
    def frames(self) -> int | None:
        """How many frames it must have; None when only the source tells."""
        return None if self.end_frame is None else self.end_frame - self.start_frame

    def start_seconds(self, frame_rate: Fraction) -> Fraction:
        """When its first frame is shown."""
        return self.start_frame / frame_rate


def cut_windows(plan: Plan, window_seconds: float) -> tuple[Window, ...]:
    """Cut what is wanted of a video into windows of about `window_seconds`.

    The last one ends with the wanted part, or else has no end, for declared lengths are never exact; it is at
    least half as long as the others.

    Args:
        plan: Gives the frame rate, the length of a segment, and the expected length of the video.
        window_seconds: Wanted length; becomes a whole number of segments, and grows when there would be more
            than `MOST_WINDOWS`.
    """
    segment_frames = plan.gop_frames * plan.gops_per_segment
    total_frames = (plan.expected_seconds or 0.0) * float(plan.frame_rate)
    wanted_frames = max(window_seconds * float(plan.frame_rate), total_frames / MOST_WINDOWS)
    step = segment_frames * max(1, round(wanted_frames / segment_frames))
    if total_frames / step > MOST_WINDOWS:
        step += segment_frames
    count = max(1, round(total_frames / step))
    starts = [step * index for index in range(count)]
    ends = [*starts[1:], plan.wanted_frames]
    return tuple(
        Window(index=index, start_frame=start, end_frame=end)
        for index, (start, end) in enumerate(zip(starts, ends, strict=True))
    )


def cell_frames(window: Window, sprite: SpritePlan, frame_rate: Fraction) -> tuple[int, ...]:
    """The frames of a window, counted from its first, that go on the sheet of small pictures.

    Cell `k` shows the last frame at or before `k` intervals, as in one long encode.
    """
    cells = sprite.columns * sprite.rows
    shown = (int(cell * sprite.interval_seconds * frame_rate) for cell in range(cells))
    return tuple(
        frame - window.start_frame
        for frame in shown
        if frame >= window.start_frame and (window.end_frame is None or frame < window.end_frame)
    )


def check_frames(windows: Sequence[Window], frames: Sequence[int]) -> int:
    """Check that the windows follow each other without a gap, and give the frames of the whole.

    Windows behind the real end of a video whose declared length is too long are empty.

    Args:
        windows: All windows in order.
        frames: How many frames came out of each.

    Raises:
        InvalidInputError: A window ended too early although the video goes on behind it.
    """
    ended = False
    for window, found in zip(windows, frames, strict=True):
        if found and ended:
            raise InvalidInputError(
                ErrorCode.INPUT_UNREADABLE,
                f"Pictures are missing before frame {window.start_frame}: the video is damaged there.",
                "Check that the file plays to its end, export it again as MP4, and upload the new file.",
            )
        ended = ended or (window.frames is not None and found < window.frames)
    return sum(frames)
