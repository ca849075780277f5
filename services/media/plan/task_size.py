"""How large this task really is, and what fits into it.

A container sees the processors and the memory of its host; what it may use is less. The smallest of all
answers counts.
"""

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Final

from ledger.states import ErrorCode
from media.inspect.probe import Source
from media.plan.plan import Plan
from media.tools.errors import LimitExceededError
from media.tools.limits import MEBIBYTE
from processor.task.task_metadata import find_task_limits

CGROUPS: Final = Path("/sys/fs/cgroup")
_NO_LIMIT_BYTES: Final = 1 << 60
"""Version 1 of control groups writes a huge number for no limit."""

# Peaks of the encoder as measured on ffmpeg 5.1: a 1080p ladder 454, 502 and 627 MiB with 1, 2 and 4 threads,
# the same from 2160p 536 MiB with 2, one 2160p HEVC output 1628 MiB with 2. The model is within 15 % of each.
_BASE_BYTES: Final = 230 * MEBIBYTE
_DECODED_FRAMES: Final = (4, 2)
_ENCODER_FRAMES: Final = {"h264": (30, 6), "hevc": (90, 8), "av1": (90, 8)}
_BYTES_PER_PIXEL: Final = Fraction(3, 2)
_MODEL_ERROR: Final = 0.85


@dataclass(frozen=True, slots=True)
class TaskSize:
    """What this process may use.

    Attributes:
        threads: Processor cores, rounded up.
        memory_bytes: Of the whole task.
    """

    threads: int
    memory_bytes: int


@cache
def this_task() -> TaskSize:
    """The size of the task that this process runs in."""
    return measure(os.environ, CGROUPS)


def measure(environ: Mapping[str, str], cgroups: Path) -> TaskSize:
    """Ask the scheduler, the control group and the task's metadata.

    Args:
        environ: Holds the address of the metadata where there is one.
        cgroups: Where control groups are mounted.
    """
    told = find_task_limits(environ)
    cores = [float(len(os.sched_getaffinity(0))), _quota(cgroups), told.cpus]
    memory = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"), _memory(cgroups), told.memory_bytes]
    return TaskSize(
        threads=max(1, math.ceil(min(value for value in cores if value))),
        memory_bytes=min(value for value in memory if value),
    )


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
        LimitExceededError: The work would be killed for its memory even with one thread.
    """
    for threads in range(size.threads, 0, -1):
        if needed_bytes(source, plan, threads) <= size.memory_bytes:
            return threads
    needed = needed_bytes(source, plan, 1)
    if needed * _MODEL_ERROR > size.memory_bytes:
        raise LimitExceededError(
            ErrorCode.LIMIT_EXCEEDED,
            f"The work needs about {needed // MEBIBYTE} MiB of memory; the task has "
            f"{size.memory_bytes // MEBIBYTE} MiB.",
            "Use max_height or another profile, or ask the operator for larger processor tasks.",
        )
    return 1


def _quota(cgroups: Path) -> float | None:
    """Cores that the control group grants, of either version; None without a limit."""
    quota, _, period = _read(cgroups / "cpu.max").partition(" ")
    if not quota:
        quota = _read(cgroups / "cpu" / "cpu.cfs_quota_us")
        period = _read(cgroups / "cpu" / "cpu.cfs_period_us")
    if not (quota.isdigit() and period.isdigit() and int(period)):
        return None
    return int(quota) / int(period)


def _memory(cgroups: Path) -> int | None:
    text = _read(cgroups / "memory.max") or _read(cgroups / "memory" / "memory.limit_in_bytes")
    return int(text) if text.isdigit() and 0 < int(text) < _NO_LIMIT_BYTES else None


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""
