"""How much memory the encoding of a plan takes, and how many threads fit into a task. Pure."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from media.inspect.probe import Source
from media.plan.plan import Plan
from media.tools.errors import MemoryNeededError
from media.tools.limits import MEBIBYTE

# Peaks of the encoder as measured on ffmpeg 5.1: a 1080p ladder 454, 502 and 627 MiB with 1, 2 and 4 threads,
# the same from 2160p 536 MiB with 2, one 2160p HEVC output 1628 MiB with 2. The model is within 15 % of each.
_BASE_BYTES: Final = 230 * MEBIBYTE
_DECODED_FRAMES: Final = (4, 2)
_ENCODER_FRAMES: Final = {"h264": (30, 6), "hevc": (90, 8), "av1": (90, 8)}
_BYTES_PER_PIXEL: Final = Fraction(3, 2)
_MODEL_ERROR: Final = 0.85


@dataclass(frozen=True, slots=True)
class TaskSize:
    """What the media work may use.

    Attributes:
        threads: Processor cores, rounded up.
        memory_bytes: What the encoder must fit into; None where the threads were chosen by somebody who knew.
    """

    threads: int
    memory_bytes: int | None


def needed_bytes(source: Source, plan: Plan, threads: int) -> int:
    """About how much memory the encoder takes at its peak."""
    few, more = _DECODED_FRAMES
    decoded = (few + more * threads) * source.video.width * source.video.height
    few, more = _ENCODER_FRAMES[plan.codec]
    encoded = (few + more * threads) * sum(rung.width * rung.height for rung in plan.rungs)
    return _BASE_BYTES + int((decoded + encoded) * _BYTES_PER_PIXEL)


def fitting_threads(source: Source, plan: Plan, size: TaskSize) -> int:
    """As many threads as there are cores, or as many as the memory has room for.

    Raises:
        MemoryNeededError: One thread would be killed for it too; a larger task may do.
    """
    if size.memory_bytes is None:
        return size.threads
    for threads in range(size.threads, 0, -1):
        if needed_bytes(source, plan, threads) <= size.memory_bytes:
            return threads
    needed = needed_bytes(source, plan, 1)
    if needed * _MODEL_ERROR > size.memory_bytes:
        raise MemoryNeededError(
            f"The work needs about {needed // MEBIBYTE} MiB of memory; the task has "
            f"{size.memory_bytes // MEBIBYTE} MiB.",
            "Use max_height or another profile, or ask the operator for larger processor tasks.",
            needed_bytes=int(needed * _MODEL_ERROR),
        )
    return 1
