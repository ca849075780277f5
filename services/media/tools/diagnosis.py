"""What a child's end means: who must act, and whether a retry can help."""

import shutil
import signal
from pathlib import Path
from typing import Final

from media.tools.errors import ErrorCode, LimitExceededError, MediaError, ToolFailedError, TransientError
from media.tools.limits import MEBIBYTE, Budget

_FULL_DISK: Final = "No space left on device"
_UNWRITTEN_END: Final = "Error writing trailer"
"""ffmpeg 5.1 returns 0 when the last write of an output failed; only the log tells."""

_CRASHES: Final = frozenset({signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGILL, signal.SIGFPE})
"""Signals that a process brings upon itself; the same source would bring them again, so no retry."""

_ENDED_BY_SIGNAL: Final = 255
"""ffmpeg catches the usual signals, ends in order and returns this; it returns it for nothing else."""

_NEARLY_FULL_BYTES: Final = MEBIBYTE


def diagnose(step: str, exit_code: int, log: str, workdir: Path, budget: Budget) -> MediaError | None:
    """Give the error that describes how a child ended, or None if it ended well.

    Args:
        step: What the child was doing.
        exit_code: As `subprocess` gives it: negative for a signal.
        log: Its standard error.
        workdir: Where it wrote; a full disk is looked up there.
        budget: For the wording when the processor-time limit was met.
    """
    if _FULL_DISK in log or (exit_code != 0 and shutil.disk_usage(workdir).free < _NEARLY_FULL_BYTES):
        return TransientError(
            ErrorCode.OUT_OF_SPACE,
            f"The scratch volume became full during {step!r}.",
            "The workflow retries; if it happens again, the operator must enlarge the task's storage.",
        )
    if exit_code == 0 and _UNWRITTEN_END not in log:
        return None
    number = -exit_code if exit_code < 0 else None
    if number == signal.SIGXCPU:
        return budget.error()
    if number == signal.SIGXFSZ or exit_code == 128 + signal.SIGXFSZ:
        return LimitExceededError(
            ErrorCode.LIMIT_EXCEEDED,
            f"The step {step!r} wrote a larger file than allowed.",
            "Upload a shorter or smaller video, or ask the operator to allow larger files.",
        )
    if exit_code == _ENDED_BY_SIGNAL or (number is not None and number not in _CRASHES):
        name = signal.Signals(number).name if number else "a signal"
        return TransientError(
            ErrorCode.INTERNAL,
            f"The step {step!r} was ended from outside by {name}.",
            "The workflow retries; if it happens again, the operator should look at the task's memory.",
        )
    return ToolFailedError(step, exit_code, log)
