"""Heartbeats keep the attempt alive, and stop it when the workflow or the ledger has moved on."""

import threading
from collections.abc import Callable

import psycopg
import pytest

from ledger.errors import FenceLostError, LedgerUnavailableError
from ledger.states import JobStatus
from processor.task.heartbeat import Heartbeat
from processor.task.stop import Stop, StopReason
from processor.task.token import TokenGoneError, TokenUnreachableError


class Beats:
    """Counts beats and raises what it is told to."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.count = 0
        self._changed = threading.Condition()

    def send_heartbeat(self) -> None:
        with self._changed:
            self.count += 1
            self._changed.notify_all()
        if self.error is not None:
            raise self.error

    def wait_for(self, count: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self.count >= count, timeout=5)


class Rig:
    """A heartbeat with fakes around it."""

    def __init__(self) -> None:
        self.token, self.ledger = Beats(), Beats()
        self.stop = Stop(on_stop=lambda: None)
        self.heartbeat = Heartbeat(self.token, self.stop, interval_seconds=0.01)  # type: ignore[arg-type]


@pytest.fixture
def rig() -> Rig:
    return Rig()


def test_the_token_is_kept_alive_before_and_after_the_claim(rig: Rig) -> None:
    rig.heartbeat.start()
    rig.token.wait_for(2)
    rig.heartbeat.watch_ledger(rig.ledger.send_heartbeat)
    rig.ledger.wait_for(2)
    rig.heartbeat.end()
    assert rig.stop.reason is None
    beats = rig.token.count
    assert not rig.stop.wait(0.05)
    assert rig.token.count == beats


def lose_token(rig: Rig) -> None:
    rig.token.error = TokenGoneError("gone")


def lose_fence(rig: Rig) -> None:
    rig.ledger.error = FenceLostError("superseded", JobStatus.PROCESSING)


def cancel_job(rig: Rig) -> None:
    rig.ledger.error = FenceLostError("cancelled", JobStatus.CANCELLED)


@pytest.mark.parametrize(
    ("lose", "reason"),
    [
        (lose_token, StopReason.TOKEN_GONE),
        (lose_fence, StopReason.FENCE_LOST),
        (cancel_job, StopReason.JOB_SETTLED),
    ],
)
def test_a_lost_token_or_fence_stops_the_attempt(
    rig: Rig, lose: Callable[[Rig], None], reason: StopReason
) -> None:
    rig.heartbeat.watch_ledger(rig.ledger.send_heartbeat)
    lose(rig)
    rig.heartbeat.start()
    assert rig.stop.wait(5)
    rig.heartbeat.end()
    assert rig.stop.reason is reason


def test_the_token_is_still_kept_alive_while_a_stopped_attempt_unwinds(rig: Rig) -> None:
    rig.heartbeat.start()
    rig.stop.request(StopReason.INTERRUPTED)
    rig.token.wait_for(rig.token.count + 3)
    rig.heartbeat.end()


@pytest.mark.parametrize(
    "error",
    [psycopg.OperationalError("failover"), LedgerUnavailableError("away"), psycopg.InterfaceError("x")],
)
def test_a_database_that_is_away_does_not_stop_the_attempt(rig: Rig, error: Exception) -> None:
    rig.ledger.error = error
    rig.token.error = TokenUnreachableError("away")
    rig.heartbeat.watch_ledger(rig.ledger.send_heartbeat)
    rig.heartbeat.start()
    rig.ledger.wait_for(3)
    rig.token.wait_for(3)
    rig.heartbeat.end()
    assert rig.stop.reason is None
