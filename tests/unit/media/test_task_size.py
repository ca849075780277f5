"""Threads and memory follow what the task may really use."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from ledger.states import ErrorCode
from media.inspect.probe import Source
from media.plan.plan import make_plan
from media.plan.task_size import TaskSize, fitting_threads, measure, needed_bytes
from media.tools.errors import LimitExceededError
from media.tools.limits import MEBIBYTE
from tests.ladders import ladder
from tests.unit.media.test_plan import SOURCE

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


def _source(width: int, height: int) -> Source:
    return replace(SOURCE, video=replace(SOURCE.video, width=width, height=height))


@pytest.mark.parametrize(
    ("profile", "size", "threads", "measured_mib"),
    [
        ("web", (1920, 1080), 1, 454),
        ("web", (1920, 1080), 2, 502),
        ("web", (1920, 1080), 4, 627),
        ("web", (3840, 2160), 2, 536),
        ("h264-to-hevc", (3840, 2160), 2, 1628),
    ],
)
def test_the_estimate_is_near_what_was_measured(
    profile: str, size: tuple[int, int], threads: int, measured_mib: int
) -> None:
    source = _source(*size)

    needed = needed_bytes(source, make_plan(source, ladder(profile)), threads) / MEBIBYTE

    assert needed == pytest.approx(measured_mib, rel=0.15)


def test_a_task_with_little_memory_uses_fewer_threads_than_it_has_cores() -> None:
    source = _source(3840, 2160)
    plan = make_plan(source, ladder("h264-to-hevc"))

    assert fitting_threads(source, plan, TaskSize(8, 64 * 1024 * MEBIBYTE)) == 8
    assert fitting_threads(source, plan, TaskSize(8, 2048 * MEBIBYTE)) < 8
    assert fitting_threads(source, replace(plan, codec="h264"), TaskSize(2, 2048 * MEBIBYTE)) == 2


def test_work_that_cannot_fit_is_refused_with_both_numbers() -> None:
    source = _source(7680, 4320)
    plan = make_plan(source, ladder("h264-to-hevc"))

    with pytest.raises(LimitExceededError, match=r"\d+ MiB of memory; the task has 1024 MiB") as refused:
        fitting_threads(source, plan, TaskSize(2, 1024 * MEBIBYTE))

    assert refused.value.code == ErrorCode.LIMIT_EXCEEDED
