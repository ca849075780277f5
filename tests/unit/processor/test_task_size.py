"""Threads and memory follow what the task may really use."""

import os
from pathlib import Path

import pytest

from media.plan.task_size import TaskSize
from media.tools.limits import MEBIBYTE
from processor.task.task_size import measure

CORES = len(os.sched_getaffinity(0))


def _write(directory: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = directory / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text + "\n")
    return directory


@pytest.mark.parametrize(
    ("files", "threads", "memory_mib"),
    [
        ({"cpu.max": "50000 100000", "memory.max": "536870912"}, 1, 512),
        ({"cpu.max": "100000 100000", "memory.max": "max"}, 1, None),
        ({"cpu.max": "max 100000", "memory.max": "max"}, CORES, None),
        (
            {
                "cpu/cpu.cfs_quota_us": "100000",
                "cpu/cpu.cfs_period_us": "100000",
                "memory/memory.limit_in_bytes": "1073741824",
            },
            1,
            1024,
        ),
        (
            {
                "cpu/cpu.cfs_quota_us": "-1",
                "cpu/cpu.cfs_period_us": "100000",
                "memory/memory.limit_in_bytes": "9223372036854771712",
            },
            CORES,
            None,
        ),
        ({}, CORES, None),
        ({"cpu.max": "nonsense", "memory.max": ""}, CORES, None),
    ],
)
def test_the_control_group_bounds_the_task(
    tmp_path: Path, files: dict[str, str], threads: int, memory_mib: int | None
) -> None:
    size = measure({}, _write(tmp_path, files))

    whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert size == TaskSize(threads, whole if memory_mib is None else memory_mib * MEBIBYTE)
