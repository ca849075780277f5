"""Shares the machine's CPU cores among tasks: each new task gets those with the least to do."""

import os
from collections import Counter


class CorePool:
    """Counts how many tasks use each core this process may run on."""

    def __init__(self, cores: list[int] | None = None) -> None:
        self._use = Counter(dict.fromkeys(cores or sorted(os.sched_getaffinity(0)), 0))

    def take(self, count: int) -> tuple[int, ...]:
        """Take ``count`` cores, or all of them when the machine has fewer."""
        chosen = tuple(sorted(sorted(self._use, key=lambda core: (self._use[core], core))[:count]))
        self._use.update(chosen)
        return chosen

    def give_back(self, cores: tuple[int, ...]) -> None:
        """Return cores that ``take`` gave."""
        self._use.subtract(cores)
