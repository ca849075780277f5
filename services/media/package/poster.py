"""Chooses and cuts the poster: a picture with something on it, not the black frame of many openings."""

import statistics
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from media.encode import encode_commands
from media.encode.encode_commands import SAMPLE_HEIGHT, SAMPLE_WIDTH
from media.plan.plan import Plan
from media.tools.session import Session
from profiles import PosterSettings

_SAMPLE_BYTES: Final = SAMPLE_WIDTH * SAMPLE_HEIGHT
_GOOD_SHARE: Final = 0.8
_DARKEST_MEAN: Final = 24.0
_BRIGHTEST_MEAN: Final = 232.0


def make_poster(
    session: Session, videos: Mapping[str, Path], plan: Plan, settings: PosterSettings, path: Path
) -> None:
    """Write the poster as JPEG.

    The keyframes of the smallest rendition are rated (cheap), and the best one is cut from the largest.

    Args:
        session: The job's shared state.
        videos: Encoded file of every rung.
        plan: Gives the distance of keyframes and the size of the largest rung.
        settings: Size limit and quality.
        path: The file to write.
    """
    samples = session.workdir / "poster_samples.gray"
    session.produce(
        encode_commands.sample_brightness(videos[plan.smallest.name], samples, session.limits), outputs=0
    )
    position = choose_sample(samples.read_bytes())
    samples.unlink()
    command = encode_commands.poster(
        videos[plan.top.name],
        path,
        at_seconds=float(position * plan.gop_seconds),
        size=poster_size(plan.top.width, plan.top.height, settings.max_long_side_pixels),
        settings=settings,
        limits=session.limits,
    )
    session.produce(command, outputs=0)


def choose_sample(raw: bytes) -> int:
    """Choose among tiny grey pictures that follow each other in `raw`.

    Contrast marks a picture that shows something. Of those nearly as good as the best, the first is taken,
    because the beginning of a video says most about it.

    Returns:
        The position of the chosen picture, 0 when there is none.
    """
    scores = [
        _score(raw[start : start + _SAMPLE_BYTES])
        for start in range(0, len(raw) - _SAMPLE_BYTES + 1, _SAMPLE_BYTES)
    ]
    good = max(scores, default=0.0) * _GOOD_SHARE
    return next((position for position, score in enumerate(scores) if score >= good), 0)


def poster_size(width: int, height: int, max_long_side: int) -> tuple[int, int]:
    """The poster's size: that of the rendition, reduced to the longest side allowed, in even numbers."""
    scale = min(1.0, max_long_side / max(width, height))
    return max(2, 2 * round(width * scale / 2)), max(2, 2 * round(height * scale / 2))


def _score(pixels: bytes) -> float:
    mean = statistics.fmean(pixels)
    contrast = statistics.pstdev(pixels, mean)
    return contrast if _DARKEST_MEAN <= mean <= _BRIGHTEST_MEAN else contrast / 4
