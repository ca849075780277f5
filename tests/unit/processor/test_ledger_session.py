"""A worker outlives a database failover, but not for ever and not after it was told to stop."""

from typing import Any

import psycopg
import pytest

import ledger.jobs.worker
from ledger.errors import FenceLostError, LedgerUnavailableError
from processor.task import ledger_session
from processor.task.ledger_session import LedgerSession
from processor.task.stop import Stop, StoppedError, StopReason


class FakeConnection:
    """Remembers that it was closed."""

    def __init__(self) -> None:
        self.closed = False

    def close(self) -> None:
        self.closed = True


class Rig:
    """A session over fake connections, and a ledger call that fails as told."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.stop = Stop(on_stop=lambda: None)
        self.opened: list[FakeConnection] = []
        self.open_errors: list[Exception] = []
        self.call_errors: list[Exception] = []
        self.calls = 0
        self.session = LedgerSession(self._open, self.stop)  # type: ignore[arg-type]
        monkeypatch.setattr(ledger_session, "_PUBLISH_DELAYS_SECONDS", (0.0, 0.0, 0.0))
        for name in ("heartbeat", "complete", "release"):
            monkeypatch.setattr(ledger.jobs.worker, name, self._call)

    def _open(self) -> FakeConnection:
        if self.open_errors:
            raise self.open_errors.pop(0)
        self.opened.append(FakeConnection())
        return self.opened[-1]

    def _call(self, *_: Any, **__: Any) -> str:
        self.calls += 1
        if self.call_errors:
            raise self.call_errors.pop(0)
        return "done"

    def complete(self) -> Any:
        return self.session.complete(None, [], {}, stack="dev", media_bucket="m")  # type: ignore[arg-type]


@pytest.fixture
def rig(monkeypatch: pytest.MonkeyPatch) -> Rig:
    return Rig(monkeypatch)


def test_one_connection_serves_all_calls(rig: Rig) -> None:
    rig.complete()
    rig.complete()
    assert len(rig.opened) == 1
    rig.session.close()
    assert rig.opened[0].closed


def test_a_lost_connection_is_replaced_and_the_call_repeated(rig: Rig) -> None:
    rig.call_errors = [psycopg.OperationalError("terminating connection"), psycopg.InterfaceError("closed")]
    rig.open_errors = [LedgerUnavailableError("failing over")]
    assert rig.complete() == "done"
    assert [connection.closed for connection in rig.opened] == [True, True, False]


def test_a_database_that_stays_away_is_an_error_in_the_end(rig: Rig) -> None:
    rig.open_errors = [LedgerUnavailableError("away") for _ in range(10)]
    with pytest.raises(LedgerUnavailableError):
        rig.complete()


def test_a_refusal_of_the_ledger_is_not_repeated(rig: Rig) -> None:
    rig.call_errors = [FenceLostError("superseded")]
    with pytest.raises(FenceLostError):
        rig.complete()
    assert rig.calls == 1


def test_waiting_for_the_database_ends_when_the_attempt_must_stop(rig: Rig) -> None:
    rig.call_errors = [psycopg.OperationalError("away")]
    rig.stop.request(StopReason.INTERRUPTED)
    with pytest.raises(StoppedError):
        rig.complete()
    assert rig.calls == 1


def test_a_stopped_attempt_can_still_be_released(rig: Rig) -> None:
    rig.stop.request(StopReason.INTERRUPTED)
    rig.session.release(None, None, "stopped")  # type: ignore[arg-type]
    assert rig.calls == 1


def test_a_beat_is_not_repeated(rig: Rig) -> None:
    rig.call_errors = [psycopg.OperationalError("away")]
    with pytest.raises(psycopg.OperationalError):
        rig.session.heartbeat(None, "encoding")  # type: ignore[arg-type]
    assert rig.calls == 1
