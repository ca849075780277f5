"""An encoder gets as many threads as the memory has room for."""

from dataclasses import replace

import pytest

from media.inspect.probe import Source
from media.plan.plan import make_plan
from media.plan.task_size import TaskSize, fitting_threads, needed_bytes
from media.tools.errors import ErrorCode, MemoryNeededError
from media.tools.limits import MEBIBYTE
from tests.ladders import ladder
from tests.unit.media.test_plan import SOURCE


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


def test_work_that_cannot_fit_is_out_of_memory_before_it_begins_with_both_numbers() -> None:
    source = _source(7680, 4320)
    plan = make_plan(source, ladder("h264-to-hevc"))

    with pytest.raises(MemoryNeededError, match=r"\d+ MiB of memory; the task has 1024 MiB") as refused:
        fitting_threads(source, plan, TaskSize(2, 1024 * MEBIBYTE))

    assert refused.value.code == ErrorCode.OUT_OF_MEMORY
    enough = TaskSize(2, refused.value.needed_bytes + 1)
    assert fitting_threads(source, plan, enough) == 1
