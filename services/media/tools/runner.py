"""The one place that starts media tools: bounded, observed, and certain to end.

A child gets an argument list (no shell), closed standard input, an almost empty environment, its own process
group and the fence of `media.tools.isolation`. It ends by itself, by the wall-clock budget, by a sibling's
failure, or by `terminate_all`; in each case nothing of its group is left.
"""

import os
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from media.tools.command import Command
from media.tools.diagnosis import diagnose
from media.tools.errors import ErrorCode, InterruptedWorkError
from media.tools.fence_kernel import Kernel
from media.tools.fence_memory import memory_kills, out_of_memory
from media.tools.fence_status import FenceStatus
from media.tools.isolation import bare, child_environment, fenced
from media.tools.limits import Allowance, Budget
from media.tools.output import Answer, FaultCounter, LogTail, problems

KILL_AFTER_SECONDS: Final = 2.0
_POLL_SECONDS: Final = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """A child that ended well.

    Attributes:
        argv: The command without its fence, so that it can be run again by hand.
        stdout: What it wrote, unless it was progress.
        log: The kept part of its standard error; of a talkative command, only the errors.
        notes: Everything that a talkative command wrote.
        seconds: Wall time.
        faults: How many packets of each stream it could not decode, or only in part.
    """

    argv: tuple[str, ...]
    stdout: bytes
    log: str
    seconds: float
    notes: str = ""
    faults: Mapping[int, int] = field(default_factory=dict)


class _Child:
    """One running process group and the reason, if any, for which we ended it."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self.stopped_for: Exception | None = None
        self._kill_at = 0.0

    def signal_group(self, number: signal.Signals) -> None:
        try:
            os.killpg(self.process.pid, number)
        except ProcessLookupError:
            return

    def stop(self, reason: Exception) -> None:
        """Ask the group to end; `watch` and `finish` make sure that it does."""
        if self.stopped_for is None:
            self.stopped_for = reason
            self._kill_at = time.monotonic() + KILL_AFTER_SECONDS
        self.signal_group(signal.SIGTERM)

    def watch(self, budget: Budget, cancel: threading.Event) -> None:
        """Stop the child when its time is up, and kill it when it does not listen."""
        if self.stopped_for is not None:
            if time.monotonic() >= self._kill_at:
                self.signal_group(signal.SIGKILL)
        elif cancel.is_set():
            self.stop(_interrupted())
        elif budget.remaining() <= 0:
            self.stop(budget.error())

    def finish(self, grace_seconds: float) -> None:
        """Wait for the process, then kill whatever is left of its group."""
        try:
            self.process.wait(timeout=max(grace_seconds, 0))
        except subprocess.TimeoutExpired:
            self.signal_group(signal.SIGKILL)
            self.process.wait()
        self.signal_group(signal.SIGKILL)


class _Children:
    """All running children of this process, and whether new ones may still start."""

    def __init__(self) -> None:
        self._running: dict[int, _Child] = {}
        self._refusing = False

    def start(self, argv: list[str], workdir: Path, status: int) -> _Child:
        if self._refusing:
            raise _interrupted()
        process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=child_environment(workdir),
            cwd=workdir,
            start_new_session=True,
            pass_fds=(status,),
        )
        child = _Child(process)
        self._running[process.pid] = child
        if self._refusing:  # terminate_all may have taken its list just before this child was on it
            child.stop(_interrupted())
        return child

    def release(self, child: _Child) -> None:
        """Leave nothing behind, also when a progress callback has raised an exception."""
        if child.process.poll() is None:
            child.finish(0)
        self._running.pop(child.process.pid, None)
        for pipe in (child.process.stdout, child.process.stderr):
            if pipe is not None:
                pipe.close()

    def pids(self) -> tuple[int, ...]:
        return tuple(self._running)

    def terminate_all(self) -> None:
        self._refusing = True
        children = list(self._running.values())
        for child in children:
            child.stop(_interrupted())
        deadline = time.monotonic() + KILL_AFTER_SECONDS
        for child in children:
            child.finish(deadline - time.monotonic())

    def accept(self) -> None:
        self._refusing = False


_children = _Children()


def terminate_all() -> None:
    """End every running child: TERM to its group, KILL after 2 seconds; refuse new ones from now on.

    May be called from any thread or from a signal handler; `run` then raises InterruptedWorkError.
    """
    _children.terminate_all()


def reset() -> None:
    """Accept children again after `terminate_all`, in a process that goes on living."""
    _children.accept()


def running_pids() -> tuple[int, ...]:
    """The process ids of the children that run now, each the leader of its own group."""
    return _children.pids()


def run(
    command: Command,
    *,
    workdir: Path,
    allowance: Allowance,
    budget: Budget,
    cancel: threading.Event,
    receive: Callable[[bytes], None] | None = None,
    kernel: Kernel | None = None,
) -> Completed:
    """Run one tool to its end.

    `cancel` ends the child early, when a sibling has failed. With `receive`, standard output is handed over
    piece by piece and not kept.
    With `kernel`, the fence counts on no more than that, rather than on all that this kernel offers.

    Raises:
        TransientError: Somebody else killed the child, the disk is full, or the fence does not start here.
        LimitExceededError: The budget or a resource limit is used up.
        ToolFailedError: The tool failed or crashed, or answered more than the command allows.
        InterruptedWorkError: `terminate_all` ended it, or `cancel` was set.
    """
    if budget.remaining() <= 0:
        raise budget.error()
    started = time.monotonic()
    log, faults = LogTail(), FaultCounter()
    answer = Answer(command.step, command.max_answer_bytes)

    def note(data: bytes) -> None:
        log.feed(data)
        faults.feed(data)

    sinks = (receive or answer.feed, note)
    kills = memory_kills()
    with FenceStatus() as status:
        argv = fenced(command, allowance, workdir, status=status.writer, kernel=kernel)
        code = _run_child(argv, workdir, status, lambda child: _attend(child, sinks, budget, cancel))
    errors = problems(log.text()) if command.talkative else log.text()
    failure = out_of_memory(command.step, code, kills) or diagnose(
        command.step, code, errors, workdir, budget
    )
    if failure is not None:
        raise failure
    return Completed(
        argv=tuple(bare(command)),
        stdout=answer.data(),
        log=errors,
        notes=log.text() if command.talkative else "",
        seconds=time.monotonic() - started,
        faults=faults.by_stream,
    )


def _run_child(argv: list[str], workdir: Path, status: FenceStatus, attend: Callable[[_Child], None]) -> int:
    """Give the exit code of a child that ended by itself; raise what ended it, or kept it from starting."""
    child = _children.start(argv, workdir, status.writer)
    status.started()
    try:
        attend(child)
    finally:
        _children.release(child)
    if child.stopped_for is not None:
        raise child.stopped_for
    trouble = status.trouble()
    if trouble is not None:
        raise trouble
    return int(child.process.returncode)


def _attend(
    child: _Child, sinks: Iterable[Callable[[bytes], None]], budget: Budget, cancel: threading.Event
) -> None:
    """Read the child's pipes until it ends; watch the clock and the cancel event meanwhile."""
    with selectors.DefaultSelector() as selector:
        for pipe, sink in zip((child.process.stdout, child.process.stderr), sinks, strict=True):
            if pipe is not None:
                selector.register(pipe, selectors.EVENT_READ, sink)
        while selector.get_map():
            for key, _ in selector.select(_POLL_SECONDS):
                data = os.read(key.fd, 65536)
                if data:
                    key.data(data)
                else:
                    selector.unregister(key.fileobj)
            child.watch(budget, cancel)
    while child.process.poll() is None:
        with suppress(subprocess.TimeoutExpired):
            child.process.wait(_POLL_SECONDS)
        child.watch(budget, cancel)
    child.finish(0)


def _interrupted() -> InterruptedWorkError:
    return InterruptedWorkError(
        ErrorCode.INTERRUPTED,
        "The task was told to stop before the work was done.",
        "Nothing to do: the workflow starts the job again.",
    )
