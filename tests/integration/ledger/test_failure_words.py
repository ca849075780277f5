"""Whichever way a failure comes into the ledger, it is looked at there."""

from collections.abc import Callable

import pytest

from ledger.chunks import chunks
from ledger.database.connection import LedgerConnection
from ledger.jobs import job_queries, settlement, wording, worker
from ledger.jobs.failures import failure
from ledger.models import Claim
from ledger.states import ErrorCode
from tests.ledger_support import STACK, claimed, column, queued_job

pytestmark = pytest.mark.integration

MACHINE = failure(ErrorCode.INPUT_UNREADABLE, "[mov @ 0x55d0c8a3b2c0] moov atom not found")
Enter = Callable[[LedgerConnection, Claim], None]


def as_end_of_the_job(conn: LedgerConnection, claim: Claim) -> None:
    settlement.fail(conn, claim.job_id, claim.attempt, MACHINE, stack=STACK)


def as_end_of_a_hold(conn: LedgerConnection, claim: Claim) -> None:
    worker.release(conn, claim, MACHINE.code, MACHINE.message)


def as_end_of_a_chunk(conn: LedgerConnection, claim: Claim) -> None:
    chunks.store_plan(conn, claim, "key", ["sound"])
    taken = chunks.claim_chunk(conn, job_id=claim.job_id, attempt=1, name="sound", task_arn=None)
    assert isinstance(taken, chunks.ChunkClaim)
    chunks.fail(conn, taken, MACHINE)


@pytest.mark.parametrize("enter", [as_end_of_the_job, as_end_of_a_hold, as_end_of_a_chunk])
def test_a_failure_in_the_machines_words_is_noticed(ledger_conn: LedgerConnection, enter: Enter) -> None:
    claim = claimed(ledger_conn, queued_job(ledger_conn))

    with pytest.raises(wording.MachineWordsError, match="an address and a tool's log line"):
        enter(ledger_conn, claim)


def test_in_production_the_job_fails_all_the_same_in_words_for_people(
    ledger_conn: LedgerConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wording, "_strict", False)
    job = queued_job(ledger_conn)
    as_end_of_the_job(ledger_conn, claimed(ledger_conn, job))

    assert column(ledger_conn, job.id, "status") == "FAILED"
    assert column(ledger_conn, job.id, "error_message") == "The file cannot be read."
    events = job_queries.events(ledger_conn, job.id, after_id=0, limit=10)
    assert events is not None
    assert events[-1].data["message"] == "The file cannot be read."
    assert "0x" not in str(column(ledger_conn, job.id, "announcement"))
