"""The init process of one local task: when the main process ends, nothing of the task is left.

A container takes all its processes down with it; a plain child process does not. This small program
becomes the reaper of every orphan below it, passes TERM on, and kills what remains at the end. It is
run as a file by an isolated interpreter and imports nothing of the platform.

On Fargate nothing in a container sees what starts it. Here it can be seen, and a task's environment holds
secrets. So that environment comes on standard input, as JSON, and never becomes this process's own; and its
memory is closed to processes of its user.
"""

import contextlib
import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_CHILD_SUBREAPER = 36
_SIGNAL_EXIT_BASE = 128
_HANDLED = (signal.SIGTERM, signal.SIGUSR1)


def main(command: list[str]) -> int:
    """Run ``command`` to its end and give its exit code, or 128 plus the signal that ended it."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    # A request to stop that arrives before the main process exists is kept, not lost.
    signal.pthread_sigmask(signal.SIG_BLOCK, _HANDLED)
    # The agent is gone without a word: a container host that dies takes its containers along.
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGUSR1, 0, 0, 0)
    child = subprocess.Popen(
        command,
        env=json.load(sys.stdin),
        stdin=subprocess.DEVNULL,
        process_group=0,
        preexec_fn=_unblock,  # noqa: PLW1509 - no thread runs here
    )
    signal.signal(signal.SIGTERM, lambda *_: _send(child.pid, signal.SIGTERM))
    signal.signal(signal.SIGUSR1, lambda *_: _send(child.pid, signal.SIGKILL))
    _unblock()
    code = child.wait()
    _kill_descendants()
    return code if code >= 0 else _SIGNAL_EXIT_BASE - code


def _unblock() -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _HANDLED)


def _kill_descendants() -> None:
    while children := _children(os.getpid()):
        for pid in children:
            _send(pid, signal.SIGKILL)
            # After its parent has gone, a grandchild becomes a child of this process and is next.
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
        time.sleep(0.005)


def _children(pid: int) -> list[int]:
    path = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in path.read_text(encoding="ascii").split()]


def _send(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
