"""How far a task grows when it runs out of memory, and in which steps."""

import pytest

from components.choices import TASK_MEMORY_MIB
from components.task_sizes import TaskSize, larger_sizes, offered_memory_mib


def test_each_size_has_twice_the_memory_of_the_one_before_up_to_the_last() -> None:
    sizes = larger_sizes(1024, 2048, 7168)

    assert sizes == (TaskSize(1024, 4096), TaskSize(1024, 7168))


def test_twice_the_first_size_is_one_retry_and_the_first_size_itself_is_none() -> None:
    assert larger_sizes(4096, 8192, 16384) == (TaskSize(4096, 16384),)
    assert larger_sizes(4096, 8192, 8192) == ()


def test_more_cpu_comes_only_where_fargate_has_no_such_memory_without_it() -> None:
    sizes = larger_sizes(1024, 8192, 122880)

    assert sizes == (
        TaskSize(2048, 16384),
        TaskSize(8192, 32768),
        TaskSize(16384, 65536),
        TaskSize(16384, 122880),
    )


def test_from_every_size_to_every_other_all_steps_are_offered_and_grow() -> None:
    for cpu_units, memory in TASK_MEMORY_MIB.items():
        for largest in offered_memory_mib(cpu_units):
            sizes = larger_sizes(cpu_units, memory.start, largest)
            steps = [memory.start, *(size.memory_mib for size in sizes)]
            assert steps == sorted(set(steps))
            assert steps[-1] == max(largest, memory.start)
            assert all(size.memory_mib in TASK_MEMORY_MIB[size.cpu_units] for size in sizes)


def test_a_size_that_fargate_has_nowhere_is_refused_with_both_numbers() -> None:
    with pytest.raises(ValueError, match="122881 MiB and at least 16384 CPU units"):
        larger_sizes(16384, 65536, 122881)
