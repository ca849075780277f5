"""Wall time, processor time and peak memory of a command with everything it starts."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

_SAMPLE_SECONDS = 0.1
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Cost:
    """What a run took.

    Attributes:
        cpu_seconds: User and system time of the whole tree.
        peak_mib: Highest sum of resident memory of the whole tree, sampled ten times a second.
    """

    wall_seconds: float
    cpu_seconds: float
    peak_mib: float

    def plus(self, other: "Cost") -> "Cost":
        """The cost of one run after another."""
        return Cost(
            self.wall_seconds + other.wall_seconds,
            self.cpu_seconds + other.cpu_seconds,
            max(self.peak_mib, other.peak_mib),
        )


def run_measured(argv: Sequence[str], log: Path) -> Cost:
    """Run a command to its end.

    Raises:
        RuntimeError: It failed; the message holds the end of its log.
    """
    with log.open("wb") as output:
        started = time.monotonic()
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        watch = MemoryWatch(process.pid)
        watch.start()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - started
        watch.end()
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        message = f"{argv[0]} ended with {process.returncode}: {log.read_text(errors='replace')[-2000:]}"
        raise RuntimeError(message)
    return Cost(wall, usage.ru_utime + usage.ru_stime, watch.peak_bytes / _MEBIBYTE)


class MemoryWatch(threading.Thread):
    """Adds up the resident memory of a process and all of its descendants.

    Attributes:
        first_bytes: The sum when the watch was made.
        peak_bytes: The highest sum so far.
    """

    def __init__(self, root: int, every_seconds: float = _SAMPLE_SECONDS) -> None:
        super().__init__(daemon=True)
        self._root = root
        self._every_seconds = every_seconds
        self._over = threading.Event()
        self.first_bytes = self.peak_bytes = self._now()

    def run(self) -> None:
        """Watch until `end` is called."""
        while not self._over.wait(self._every_seconds):
            self.peak_bytes = max(self.peak_bytes, self._now())

    def _now(self) -> int:
        return sum(_resident(pid) for pid in process_tree(self._root))

    def end(self) -> None:
        """Stop watching."""
        self._over.set()
        self.join()


def process_tree(root: int, *, without: Collection[int] = ()) -> list[int]:
    """A process and all of its descendants, but for the branches of those in `without`."""
    found, open_ends = [], [root]
    while open_ends:
        pid = open_ends.pop()
        found.append(pid)
        for task in Path(f"/proc/{pid}/task").glob("*/children"):
            try:
                open_ends += [int(child) for child in task.read_text().split() if int(child) not in without]
            except OSError:
                continue
    return found


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE_BYTES
    except (OSError, IndexError):
        return 0


if sys.platform != "linux":
    raise ImportError("the benchmark reads /proc and runs on Linux only")
