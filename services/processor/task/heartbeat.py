"""Heartbeats of the running attempt: to the workflow's task token and to the ledger, from one thread."""

import logging
import threading
from collections.abc import Callable
from typing import Final

import psycopg

from ledger.errors import FenceLostError, LedgerUnavailableError
from ledger.states import JobStatus
from processor.task.stop import Stop, StopReason
from processor.task.token import TaskToken, TokenGoneError, TokenUnreachableError

logger = logging.getLogger(__name__)

HEARTBEAT_SECONDS: Final = 15.0
_UNWANTED: Final = frozenset({JobStatus.CANCELLED, JobStatus.FAILED})


class Heartbeat:
    """Shows life every 15 s until it is ended; a lost token or fence throws the attempt's switch.

    A heartbeat that fails for another reason is only logged: the next one is its retry, and the workflow
    waits for several missed heartbeats.

    Args:
        token: The task token; its heartbeat comes first because a slow database must not delay it.
        stop: The switch of the attempt.
        interval_seconds: The time between heartbeats.
    """

    def __init__(self, token: TaskToken, stop: Stop, *, interval_seconds: float = HEARTBEAT_SECONDS) -> None:
        self._token = token
        self._stop = stop
        self._interval_seconds = interval_seconds
        self._ledger_heartbeat: Callable[[], None] | None = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def start(self) -> None:
        """Start, at once and then every interval."""
        self._thread.start()

    def watch_ledger(self, heartbeat: Callable[[], None]) -> None:
        """Also call `heartbeat` from now on; it raises FenceLostError when the attempt is superseded."""
        self._ledger_heartbeat = heartbeat

    def forget_ledger(self) -> None:
        """Keep only the token alive from now on: completing the job voids the hold that would be checked."""
        self._ledger_heartbeat = None

    def end(self) -> None:
        """Stop and wait a moment for a heartbeat under way."""
        self._ended.set()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        while not self._ended.is_set() and self._stop.reason is not StopReason.TOKEN_GONE:
            try:
                self._tell_workflow()
                self._tell_ledger()
            except Exception:
                logger.exception("heartbeat failed unexpectedly")
            self._ended.wait(self._interval_seconds)

    def _tell_workflow(self) -> None:
        try:
            self._token.send_heartbeat()
        except TokenGoneError:
            if not self._ended.is_set():
                self._stop.request(StopReason.TOKEN_GONE)
        except TokenUnreachableError as error:
            logger.warning("heartbeat not delivered", extra={"reason": str(error)})

    def _tell_ledger(self) -> None:
        heartbeat = self._ledger_heartbeat
        if heartbeat is None or self._stop.reason is not None:
            return
        try:
            heartbeat()
        except FenceLostError as error:
            if not self._ended.is_set():
                self._stop.request(reason_of(error))
        except (LedgerUnavailableError, psycopg.Error) as error:
            logger.warning("ledger heartbeat failed", extra={"reason": type(error).__name__})


def reason_of(error: FenceLostError) -> StopReason:
    """Tell whether nobody needs the work any more, or another worker does it."""
    return StopReason.JOB_SETTLED if error.status in _UNWANTED else StopReason.FENCE_LOST
