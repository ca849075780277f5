"""Executions that ask for their turn, on behalf of a job that waits."""

from typing import Any

import pytest

from ledger.database.connection import LedgerConnection
from ledger.jobs import jobs
from ledger.models import Job
from ledger.turns import admission
from runtime.turns import pause_seconds
from tests.integration.functions.orchestration.outcome_events import ask
from tests.ledger_support import EXECUTION_PREFIX, FakeStepFunctions, column, event_types, queued_job

pytestmark = pytest.mark.integration
ARN = f"{EXECUTION_PREFIX}:by-hand"


def waiting(conn: LedgerConnection, **changes: Any) -> Job:
    return queued_job(conn, owner="console", execution_arn=ARN, **changes)


def turn(job: Job, attempt: int = 1) -> dict[str, Any]:
    return {"source": "turn", "job_id": str(job.id), "attempt": attempt, "execution_arn": ARN}


def test_an_execution_gets_a_free_slot_and_is_not_started_again(ledger_conn: LedgerConnection) -> None:
    job, fake = waiting(ledger_conn), FakeStepFunctions()

    answers = [ask(ledger_conn, turn(job), fake) for _ in range(2)]

    assert answers[0] == answers[1] == {"job_id": str(job.id), "attempt": 1, "status": "ADMITTED"}
    assert fake.started == []
    assert event_types(ledger_conn, job.id).count("job.dispatched") == 1
    assert admission.admit(ledger_conn, 1) is None  # it counts


def test_an_execution_waits_for_a_slot_and_goes_on_when_its_turn_comes(ledger_conn: LedgerConnection) -> None:
    running = queued_job(ledger_conn)
    admission.admit(ledger_conn, 1)
    job = waiting(ledger_conn)

    first = ask(ledger_conn, turn(job))
    assert (first["status"], first["wait_seconds"]) == ("WAITING", 30)

    jobs.cancel(ledger_conn, running.id)
    assert ask(ledger_conn, turn(job))["status"] == "ADMITTED"


def test_who_asks_also_starts_the_job_whose_turn_it_is(ledger_conn: LedgerConnection) -> None:
    job = waiting(ledger_conn)
    other = queued_job(ledger_conn, owner="another-key")
    ledger_conn.execute("UPDATE job_owners SET last_started_at = now() WHERE owner = 'console'")

    answer = ask(ledger_conn, turn(job), fake := FakeStepFunctions())

    assert answer["status"] == "WAITING"
    assert [started["name"] for started in fake.started] == [f"{other.id}-1"]


@pytest.mark.parametrize(("waited", "pause"), [(0, 30), (599, 30), (1200, 60), (6000, 300), (86_400, 300)])
def test_pauses_grow_with_the_time_waited(waited: float, pause: int) -> None:
    assert pause_seconds(waited) == pause


def test_an_execution_that_has_waited_too_long_fails_its_job(ledger_conn: LedgerConnection) -> None:
    queued_job(ledger_conn)
    admission.admit(ledger_conn, 1)
    job = waiting(ledger_conn)
    ledger_conn.execute("UPDATE jobs SET queued_at = queued_at - interval '2 hours' WHERE id = %s", (job.id,))

    answers = [ask(ledger_conn, turn(job)) for _ in range(2)]

    assert answers[0] == answers[1]
    assert answers[0]["status"] == "FAILED"
    assert answers[0]["announcement"]["attributes"]["error_code"] == "NO_CAPACITY"
    assert "2.0 hours for its turn" in column(ledger_conn, job.id, "error_message")


def test_an_execution_whose_job_was_cancelled_retried_or_never_made_ends_quietly(
    ledger_conn: LedgerConnection,
) -> None:
    job = waiting(ledger_conn)
    jobs.cancel(ledger_conn, job.id)
    assert ask(ledger_conn, turn(job))["status"] == "IGNORED"

    jobs.retry(ledger_conn, job.id)
    assert ask(ledger_conn, turn(job), fake := FakeStepFunctions())["status"] == "IGNORED"
    assert [started["name"] for started in fake.started] == [f"{job.id}-2"]

    unknown = turn(job) | {"job_id": "00000000-0000-0000-0000-000000000000"}
    assert ask(ledger_conn, unknown)["status"] == "IGNORED"
