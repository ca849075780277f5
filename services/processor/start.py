"""The container's command, `python -m processor.start`: hides the task's secrets and tends the worker.

What ECS puts into a container's environment can be read in /proc/PID/environ by every process of the same
user, as long as the process lives and whatever it removes from its own copy. A media tool that a stranger's
file has taken over is such a process. So the program is replaced twice before any tool runs:

1. It writes its environment to an anonymous file and becomes itself again, with only what `PLAIN` names.
2. It is now the container's init. It starts the worker, which inherits the file, closes its own copy unread,
   passes stop signals on, reaps orphans, and ends as the worker ends.
3. The worker, `python -m processor`, reads the file and closes it, which frees it (`receive`).

Init and worker are not dumpable: their memory is closed to their user too, and nobody can have them run code.
Init runs this file by an isolated interpreter, so it imports nothing but the standard library.

The worker is not PID 1 itself: a reaper that waits for any child takes exit codes away from `subprocess`,
which then reports success.
"""

import contextlib
import ctypes
import json
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from typing import Final, NoReturn

HANDOVER: Final = "PROCESSOR_HANDOVER_DESCRIPTOR"
# All that anybody may know. What is not on this list is a secret until somebody puts it here.
PLAIN: Final = frozenset(
    {
        *("PATH", "HOME", "TMPDIR", "LANG"),
        *("PYTHONPATH", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE"),
        *("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_EXECUTION_ENV"),
        *("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SFN", "AWS_CA_BUNDLE"),
        *("ECS_CONTAINER_METADATA_URI_V4", "JOB_ID"),
    }
)
_PASSED_ON: Final = (signal.SIGTERM, signal.SIGINT)
_PR_SET_PDEATHSIG: Final = 1
_PR_SET_DUMPABLE: Final = 4
_PR_SET_CHILD_SUBREAPER: Final = 36
_SIGNAL_EXIT_BASE: Final = 128
_NOT_STARTED: Final = 127


def hand_over(environ: Mapping[str, str]) -> NoReturn:
    """Become the init of this container, with an environment that holds nothing secret.

    Args:
        environ: The whole environment; the worker will get it from `receive`.
    """
    # PID 1 ignores a signal that it does not handle yet; a blocked one waits, also for the next program.
    signal.pthread_sigmask(signal.SIG_BLOCK, _PASSED_ON)
    descriptor = os.memfd_create("environment")
    with open(descriptor, "w", encoding="ascii", closefd=False) as file:
        json.dump(dict(environ), file)
    os.set_inheritable(descriptor, True)
    plain = {name: value for name, value in environ.items() if name in PLAIN}
    program = [sys.executable, "-I", "-S", str(Path(__file__).resolve())]
    os.execve(program[0], program, plain | {HANDOVER: str(descriptor)})  # noqa: S606 (no shell is wanted)


def receive() -> Mapping[str, str]:
    """Return the environment that the task was given, and become unreadable to others.

    Without a handover it does not return: the process hands over what it holds and comes back as the worker.
    The values stay out of `os.environ`, so that no child can inherit them.
    """
    if HANDOVER not in os.environ:
        hand_over(os.environ)
    _prctl(_PR_SET_DUMPABLE, 0)
    descriptor = int(os.environ.pop(HANDOVER))
    os.lseek(descriptor, 0, os.SEEK_SET)
    with open(descriptor, encoding="ascii") as file:
        received: dict[str, str] = json.load(file)
    return received


def tend(descriptor: int) -> int:
    """Run the worker to its end, as the container's init.

    Args:
        descriptor: The file for the worker.

    Returns:
        The worker's exit code, or 128 plus the signal that ended it.
    """
    _prctl(_PR_SET_DUMPABLE, 0)
    # Where it is not PID 1, on a machine without containers, orphans come to it all the same.
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    worker = os.fork() or _become_worker()
    os.close(descriptor)

    def pass_on(number: int, _: FrameType | None) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(worker, number)

    for number in _PASSED_ON:
        signal.signal(number, pass_on)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _PASSED_ON)
    while True:
        pid, status = os.wait()
        if pid == worker:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else _SIGNAL_EXIT_BASE - code


def _become_worker() -> NoReturn:
    try:
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _PASSED_ON)
        os.execv(sys.executable, [sys.executable, "-m", "processor"])  # noqa: S606 (no shell is wanted)
    finally:
        os._exit(_NOT_STARTED)


def _prctl(option: int, value: int) -> None:
    """Set an attribute of this process.

    Raises:
        OSError: The kernel refuses it; a task that cannot hide its secrets does not start.
    """
    if ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), f"prctl({option}, {value})")


if __name__ == "__main__":
    if HANDOVER not in os.environ:
        hand_over(os.environ)
    sys.exit(tend(int(os.environ[HANDOVER])))
