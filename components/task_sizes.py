"""The sizes that a processing task may have: where a job begins, and what comes after a lack of memory."""

from dataclasses import dataclass

from components.choices import TASK_MEMORY_MIB


@dataclass(frozen=True, slots=True)
class TaskSize:
    """A pair of CPU and memory that Fargate offers.

    Attributes:
        cpu_units: 1024 are one vCPU.
        memory_mib: memory of the whole task.
    """

    cpu_units: int
    memory_mib: int

    def as_dict(self) -> dict[str, int]:
        """Give the shape in which the state machine carries it."""
        return {"cpu_units": self.cpu_units, "memory_mib": self.memory_mib}


def larger_sizes(cpu_units: int, memory_mib: int, max_memory_mib: int) -> tuple[TaskSize, ...]:
    """Give the sizes that a task is retried with, in order; each has twice the memory of the one before.

    A try that fails costs a whole encode, so the steps are that wide and not Fargate's smallest. More CPU
    comes only where Fargate does not offer the memory without it.

    Args:
        cpu_units: CPU that a job begins with.
        memory_mib: memory that a job begins with.
        max_memory_mib: memory of the last size; that of the first one for no retry at all.

    Raises:
        ValueError: Fargate has no task with ``max_memory_mib`` and at least ``cpu_units``.
    """
    sizes: list[TaskSize] = []
    size = TaskSize(cpu_units, memory_mib)
    while size.memory_mib < max_memory_mib:
        size = _smallest(size.cpu_units, min(2 * size.memory_mib, max_memory_mib))
        sizes.append(size)
    return tuple(sizes)


def offered_memory_mib(cpu_units: int) -> tuple[int, ...]:
    """Give every amount of memory that Fargate offers with at least this CPU, ascending."""
    return tuple(
        sorted({memory for cpu, sizes in TASK_MEMORY_MIB.items() if cpu >= cpu_units for memory in sizes})
    )


def _smallest(cpu_units: int, memory_mib: int) -> TaskSize:
    fitting = (
        TaskSize(cpu, memory)
        for cpu, sizes in sorted(TASK_MEMORY_MIB.items())
        if cpu >= cpu_units
        for memory in sizes
        if memory >= memory_mib
    )
    found = next(fitting, None)
    if found is None:
        raise ValueError(f"Fargate has no task with {memory_mib} MiB and at least {cpu_units} CPU units")
    return found
