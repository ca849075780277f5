"""Which frames are kept as the encoders got them, so that the finished renditions can be compared. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

REFERENCE_NAME: Final = "reference.yuv"
_UNKNOWN_GROUPS: Final = (0, 2, 8, 32, 128)
"""Groups of pictures to look at when nobody knows how many there will be."""


@dataclass(frozen=True, slots=True)
class Run:
    """Frames that follow each other.

    Attributes:
        first: Number of the first one in the output; always that of a keyframe, so that no other frame has to
            be decoded to reach it.
        frames: How many.
    """

    first: int
    frames: int


def choose_runs(total_frames: int | None, gop_frames: int, *, places: int, frames: int) -> tuple[Run, ...]:
    """Choose what to compare: the start of the groups in the middle of each of `places` equal parts.

    Args:
        total_frames: Expected length; None when the source does not tell.
        gop_frames: Distance of keyframes.
        places: How many parts; 0 for no comparison.
        frames: Frames to take at each place, at most a group.
    """
    if total_frames is None:
        groups: Sequence[int] = _UNKNOWN_GROUPS[:places]
    else:
        middles = [total_frames * (2 * place + 1) // (2 * places) for place in range(places)]
        groups = sorted({middle // gop_frames for middle in middles})
    return tuple(Run(group * gop_frames, min(frames, gop_frames)) for group in groups)


def runs_within(runs: Sequence[Run], start_frame: int, end_frame: int | None) -> tuple[Run, ...]:
    """The runs that begin in a part of the output, numbered from its start; None leaves its end open."""
    return tuple(
        Run(run.first - start_frame, run.frames)
        for run in runs
        if start_frame <= run.first and (end_frame is None or run.first < end_frame)
    )


def existing_runs(runs: Sequence[Run], total_frames: int) -> tuple[Run, ...]:
    """What is left of `runs` in a video that turned out to have `total_frames`."""
    if any(before.first + before.frames > after.first for before, after in pairwise(runs)):
        message = f"runs {runs} overlap; choose fewer places"
        raise ValueError(message)
    return tuple(
        Run(run.first, min(run.frames, total_frames - run.first)) for run in runs if run.first < total_frames
    )
