"""The one switch that ends an attempt early, and the watcher that turns SIGTERM into it."""

import logging
import os
import signal
import threading
from collections.abc import Callable
from enum import StrEnum
from types import FrameType, TracebackType
from typing import Final, Self

logger = logging.getLogger(__name__)

_HANDLED_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)
_CLOSE: Final = b"\0"


class StopReason(StrEnum):
    """Why an attempt ends early."""

    INTERRUPTED = "interrupted"
    TOKEN_GONE = "token_gone"  # noqa: S105 (a reason, not a credential)
    FENCE_LOST = "fence_lost"
    JOB_SETTLED = "job_settled"


class StoppedError(Exception):
    """The attempt was told to stop; `Stop.reason` says why."""


class Stop:
    """A switch that is thrown once; the first reason is kept.

    Args:
        on_stop: Called once when the switch is thrown, in the thread that throws it (ends child processes).
    """

    def __init__(self, on_stop: Callable[[], None]) -> None:
        self._on_stop = on_stop
        self._lock = threading.Lock()
        self._thrown = threading.Event()
        self._reason: StopReason | None = None

    @property
    def reason(self) -> StopReason | None:
        """Why the attempt must stop, or None while it may go on."""
        return self._reason

    def request(self, reason: StopReason) -> None:
        """Throw the switch and end running child processes; later calls change nothing."""
        with self._lock:
            if self._reason is not None:
                return
            self._reason = reason
            self._thrown.set()
        logger.warning("attempt must stop", extra={"reason": reason.value})
        self._on_stop()

    def check(self) -> None:
        """Raise StoppedError when the switch has been thrown."""
        if self._reason is not None:
            raise StoppedError(self._reason.value)

    def wait(self, timeout_seconds: float) -> bool:
        """Wait for the switch; return whether it has been thrown."""
        return self._thrown.wait(timeout_seconds)


class SignalWatcher:
    """Throws the switch on SIGTERM and SIGINT, and ends a process that does not unwind in time.

    Python runs signal handlers in the main thread, which may hold the very lock that ending a child needs.
    So the handlers do nothing: the interpreter writes the signal's number to a pipe, and a thread acts on it.

    Args:
        stop: The switch to throw.
        exit_after_seconds: How long the attempt may take to unwind after the signal.
        on_overdue: Called when it took longer; does not return in production.
    """

    def __init__(self, stop: Stop, *, exit_after_seconds: float, on_overdue: Callable[[], None]) -> None:
        self._stop = stop
        self._exit_after_seconds = exit_after_seconds
        self._on_overdue = on_overdue
        self._finished = threading.Event()
        self._read_descriptor, self._write_descriptor = os.pipe()
        os.set_blocking(self._write_descriptor, False)
        self._thread = threading.Thread(target=self._watch, name="signal-watcher", daemon=True)

    def __enter__(self) -> Self:
        """Install the handlers; only the main thread may do this."""
        self._previous_wakeup = signal.set_wakeup_fd(self._write_descriptor, warn_on_full_buffer=False)
        self._previous_handlers = {number: signal.signal(number, _ignore) for number in _HANDLED_SIGNALS}
        self._thread.start()
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Put the previous handlers back and end the thread."""
        self._finished.set()
        for number, handler in self._previous_handlers.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._previous_wakeup)
        os.write(self._write_descriptor, _CLOSE)
        self._thread.join()
        os.close(self._read_descriptor)
        os.close(self._write_descriptor)

    def _watch(self) -> None:
        while True:
            received = os.read(self._read_descriptor, 1)
            if received == _CLOSE:
                return
            if received[0] in _HANDLED_SIGNALS:
                break
        self._stop.request(StopReason.INTERRUPTED)
        if not self._finished.wait(self._exit_after_seconds):
            self._on_overdue()


def _ignore(number: int, frame: FrameType | None) -> None:
    """Leave the signal to the watcher thread, which reads its number from the wake-up pipe."""
