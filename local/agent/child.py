"""One task as a child process: its cores and limits, output, stop and end."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from local.servers.process import ProcessIdentity

_INIT_PROGRAM = Path(__file__).with_name("container.py")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_MIB = 1024 * 1024
_DIE_WITH_INIT = ("setpriv", "--pdeathsig", "KILL", "--")
_KILL_GRACE_SECONDS = 5.0


class CorePool:
    """Shares the machine's cores among tasks: each new one gets those with the least to do."""

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


class TaskProcess:
    """A running container command with everything it started.

    Start it from a thread that lives as long as the agent: the kernel ends the task with that thread.

    Args:
        command: Program and arguments.
        environment: The whole environment.
        directory: Working directory.
        cores: CPU cores it may run on.
        on_line: Called from a reader thread with every line of output.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        directory: Path,
        cores: Sequence[int],
        on_line: Callable[[str], None],
    ) -> None:
        affinity = ["taskset", "--cpu-list", ",".join(str(core) for core in cores)]
        # -I -S: nothing of the task's PYTHONPATH or site-packages reaches the init program.
        self._process = subprocess.Popen(
            [*affinity, sys.executable, "-I", "-S", str(_INIT_PROGRAM), *_DIE_WITH_INIT, *command],
            env={"PATH": environment.get("PATH", os.defpath)},
            cwd=directory,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._hand_over(environment)
        self.cores = tuple(cores)
        self._on_line = on_line
        self._reader = threading.Thread(target=self._read, name=f"task-output-{self.pid}", daemon=True)
        self._reader.start()
        self._kill_at: float | None = None

    @property
    def pid(self) -> int:
        """The process id of the task's init process."""
        return self._process.pid

    @property
    def is_stopping(self) -> bool:
        """Say whether TERM was sent."""
        return self._kill_at is not None

    def exit_code(self) -> int | None:
        """Give the exit code once the task and all its output have ended, else None."""
        if self._kill_at is not None and time.monotonic() > self._kill_at:
            self.kill()
        code = self._process.poll()
        if code is None:
            return None
        self._reader.join(timeout=_KILL_GRACE_SECONDS)
        return code if code >= 0 else 128 - code

    def stop(self, timeout_seconds: float) -> None:
        """Send TERM now; ``exit_code`` sends KILL when the timeout has passed."""
        if self._kill_at is None:
            self._kill_at = time.monotonic() + timeout_seconds
            self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End the task with everything it started, as a container's end does."""
        self._signal(signal.SIGUSR1)

    def end_now(self) -> None:
        """Kill the task and wait until it is gone; for the agent's own end."""
        self.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_KILL_GRACE_SECONDS)
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def resident_mib(self) -> float:
        """Give the resident memory of the task, shared pages counted once per process."""
        return sum(_resident_bytes(pid) for pid in descendants(self.pid)) / _MIB

    def identity(self) -> ProcessIdentity | None:
        """Give what identifies the init process beyond its pid."""
        return ProcessIdentity.of(self.pid)

    def _hand_over(self, environment: Mapping[str, str]) -> None:
        """Tell the init process the task's environment in a way that no other process can read later."""
        stream = self._process.stdin
        if stream is None:
            return
        # A process that has ended already is told of by its exit code.
        with contextlib.suppress(BrokenPipeError), stream:
            stream.write(json.dumps(dict(environment)).encode("ascii"))

    def _signal(self, number: signal.Signals) -> None:
        if self._process.poll() is None:
            self._process.send_signal(number)

    def _read(self) -> None:
        stream = self._process.stdout
        if stream is None:
            return
        with stream:
            for line in stream:
                self._on_line(line.decode("utf-8", errors="replace").rstrip("\n"))


def descendants(pid: int) -> list[int]:
    """Give ``pid`` and every process below it."""
    found: list[int] = []
    waiting = [pid]
    while waiting:
        current = waiting.pop()
        found.append(current)
        for path in Path(f"/proc/{current}/task").glob("*/children"):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                waiting += [int(child) for child in path.read_text(encoding="ascii").split()]
    return found


def _resident_bytes(pid: int) -> int:
    try:
        fields = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return (int(fields[1]) - int(fields[2])) * _PAGE_BYTES
