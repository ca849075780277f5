"""How large this task really is.

A container sees the processors and the memory of its host; what it may use is less. The smallest of all
answers counts.
"""

import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from media.plan.task_size import TaskSize
from processor.task.task_metadata import find_task_limits

CGROUPS: Final = Path("/sys/fs/cgroup")
_NO_LIMIT_BYTES: Final = 1 << 60
"""Version 1 of control groups writes a huge number for no limit."""


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
