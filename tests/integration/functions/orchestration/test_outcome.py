"""What becomes of a job when its workflow or execution has ended."""

import json
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ReadTimeoutError

from ledger.chunks import chunks
from ledger.database.connection import LedgerConnection
from ledger.jobs import jobs, settlement
from ledger.jobs.failures import failure
from ledger.states import ErrorCode
from ledger.turns import admission
from orchestration.outcome import settle_and_go_on
from runtime.arrival import InvalidEventError
from tests.integration.functions.orchestration.outcome_events import (
    SETTINGS,
    ask,
    execution,
    machine,
    workflow,
)
from tests.ledger_support import (
    EXECUTION_PREFIX,
    STACK,
    FakeStepFunctions,
    claimed,
    client_error,
    column,
    completed,
    count,
    queued_job,
    started_job,
)

pytestmark = pytest.mark.integration


def test_a_typed_failure_is_stored_and_returned_with_its_announcement(ledger_conn: LedgerConnection) -> None:
    job = queued_job(ledger_conn)
    cause = {"code": "INPUT_NO_VIDEO", "message": "Only sound.", "remedy": "Send pictures."}

    answer = ask(ledger_conn, workflow(job, "InvalidInput", cause))

    assert answer["status"] == "FAILED"
    attributes = answer["announcement"]["attributes"]
    assert (attributes["event_type"], attributes["error_code"]) == ("job.failed", "INPUT_NO_VIDEO")
    assert "Send pictures." in answer["announcement"]["message"]
    assert column(ledger_conn, job.id, "error_message") == "Only sound."
    assert count(ledger_conn, "outbox") == 0
    assert json.loads(json.dumps(answer)) == answer


def test_a_repeated_question_gets_the_same_answer(ledger_conn: LedgerConnection) -> None:
    job = queued_job(ledger_conn)

    answers = [ask(ledger_conn, workflow(job, "States.Timeout")) for _ in range(3)]

    assert answers[0] == answers[1] == answers[2]
    assert column(ledger_conn, job.id, "error_code") == ErrorCode.TIMED_OUT


def test_a_lost_success_is_answered_with_the_stored_announcement(ledger_conn: LedgerConnection) -> None:
    job = queued_job(ledger_conn)
    completed(ledger_conn, claimed(ledger_conn, job))

    answer = ask(ledger_conn, workflow(job, "States.HeartbeatTimeout"))

    assert answer == {
        "job_id": str(job.id),
        "status": "COMPLETED",
        "announcement": column(ledger_conn, job.id, "announcement"),
    }


def test_stale_cancelled_and_unknown_jobs_are_ignored(ledger_conn: LedgerConnection) -> None:
    stale, cancelled = queued_job(ledger_conn), queued_job(ledger_conn)
    settlement.next_attempt(ledger_conn, stale.id, 1, reason="lost", stack=STACK)
    jobs.cancel(ledger_conn, cancelled.id)
    unknown = workflow(stale, "Transient") | {"job_id": str(uuid4())}

    for event in (workflow(stale, "Transient"), workflow(cancelled, "Transient"), unknown):
        assert ask(ledger_conn, event)["status"] == "IGNORED"


def test_an_unpublishable_announcement_is_queued(ledger_conn: LedgerConnection) -> None:
    job = queued_job(ledger_conn)
    ask(ledger_conn, workflow(job, "ProcessingFailed"))
    event = {"source": "announce", "job_id": str(job.id), "attempt": 1, "topic": "error"}

    answer = ask(ledger_conn, event)

    assert answer["status"] == "FAILED"
    assert ledger_conn.execute("SELECT topic FROM outbox").fetchall() == [("error",)]


@pytest.mark.parametrize(
    ("status", "code"), [("TIMED_OUT", ErrorCode.TIMED_OUT), ("ABORTED", ErrorCode.INTERRUPTED)]
)
def test_an_execution_ended_from_outside_fails_its_job_and_queues_the_announcement(
    ledger_conn: LedgerConnection, status: str, code: ErrorCode
) -> None:
    job = queued_job(ledger_conn)
    claimed(ledger_conn, job)

    for _ in range(2):
        ask(ledger_conn, execution(job, status))

    assert column(ledger_conn, job.id, "error_code") == code
    assert count(ledger_conn, "outbox") == 1


def test_an_aborted_execution_of_a_cancelled_job_announces_nothing(ledger_conn: LedgerConnection) -> None:
    job = started_job(ledger_conn)
    jobs.cancel(ledger_conn, job.id)

    ask(ledger_conn, execution(job, "ABORTED"))

    assert column(ledger_conn, job.id, "status") == "CANCELLED"
    assert count(ledger_conn, "outbox") == 0


def test_a_failure_the_workflow_has_announced_is_left_alone(ledger_conn: LedgerConnection) -> None:
    job = queued_job(ledger_conn)
    ask(ledger_conn, workflow(job, "InvalidInput"))

    result = ask(ledger_conn, execution(job, "FAILED", "JobFailed"))

    assert result == {"result": "confirmed"}
    assert count(ledger_conn, "outbox") == 0


def test_an_execution_that_broke_after_the_completion_still_gets_it_announced(
    ledger_conn: LedgerConnection,
) -> None:
    job = queued_job(ledger_conn)
    completed(ledger_conn, claimed(ledger_conn, job))

    for _ in range(2):
        ask(ledger_conn, execution(job, "ABORTED"))

    assert column(ledger_conn, job.id, "status") == "COMPLETED"
    assert ledger_conn.execute("SELECT topic FROM outbox").fetchall() == [("completion",)]


def test_an_execution_that_failed_in_the_platform_gets_another_attempt(ledger_conn: LedgerConnection) -> None:
    job = started_job(ledger_conn)

    result = ask(ledger_conn, execution(job, "FAILED", "Lambda.Unknown"))

    assert result == {"result": "requeued"}
    assert column(ledger_conn, job.id, "attempt") == 2


def test_an_execution_without_a_job_is_ignored_whatever_its_name(ledger_conn: LedgerConnection) -> None:
    job = started_job(ledger_conn)
    event = execution(job, "FAILED")
    event["detail"]["executionArn"] += "-by-hand"

    assert ask(ledger_conn, event) == {"result": "ignored"}
    assert column(ledger_conn, job.id, "attempt") == 1


@pytest.mark.parametrize(
    ("status", "code"), [("TIMED_OUT", ErrorCode.TIMED_OUT), ("ABORTED", ErrorCode.INTERRUPTED)]
)
def test_the_job_of_an_execution_with_any_name_ends_with_it(
    ledger_conn: LedgerConnection, status: str, code: ErrorCode
) -> None:
    job = queued_job(ledger_conn, owner="console", execution_arn=f"{EXECUTION_PREFIX}:try-this")
    event = execution(job, status)
    event["detail"] |= {"executionArn": f"{EXECUTION_PREFIX}:try-this", "name": "try-this"}

    assert ask(ledger_conn, event) == {"result": "settled"}
    assert column(ledger_conn, job.id, "error_code") == code
    assert ledger_conn.execute("SELECT topic FROM outbox").fetchall() == [("error",)]


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"source": "workflow"},
        {"source": "workflow", "job_id": "x", "attempt": 1, "error": "e"},
        {"source": "aws.states", "detail": {}},
        {"source": "aws.states", "detail": {"name": f"{uuid4()}-1", "status": "ODD"}},
        {"source": "aws.ecs", "detail": {}},
        {"source": "aws.s3", "detail": {}},
    ],
)
def test_events_of_no_known_shape_are_refused(ledger_conn: LedgerConnection, event: dict[str, Any]) -> None:
    with pytest.raises(InvalidEventError):
        ask(ledger_conn, event)


@pytest.mark.parametrize(
    ("status", "error"),
    [("SUCCEEDED", None), ("FAILED", "JobFailed"), ("TIMED_OUT", None), ("ABORTED", None)],
)
def test_the_end_of_an_execution_starts_the_job_that_waits_for_its_slot(
    ledger_conn: LedgerConnection, status: str, error: str | None
) -> None:
    running, waiting, later = (queued_job(ledger_conn) for _ in range(3))
    admission.admit(ledger_conn, 1)
    claim = claimed(ledger_conn, running)
    if status == "SUCCEEDED":
        completed(ledger_conn, claim)
    if error:
        ask(ledger_conn, workflow(running, "InvalidInput"))

    go_on(ledger_conn, execution(running, status, error), fake := FakeStepFunctions())

    assert [call["name"] for call in fake.started] == [f"{waiting.id}-1"]
    assert column(ledger_conn, later.id, "dispatched_at") is None


def test_a_settlement_stands_when_the_next_job_cannot_be_started(ledger_conn: LedgerConnection) -> None:
    running, waiting = queued_job(ledger_conn), queued_job(ledger_conn)
    claimed(ledger_conn, running)
    refusing = FakeStepFunctions(error=client_error("ThrottlingException"))

    answer = go_on(ledger_conn, workflow(running, "InvalidInput"), refusing)

    assert answer["status"] == "FAILED"
    assert admission.admit(ledger_conn, 1) == admission.Admitted(waiting.id, 1)


def test_a_start_with_an_unknown_end_keeps_its_slot_until_it_is_repeated(
    ledger_conn: LedgerConnection,
) -> None:
    running, unclear, last = (queued_job(ledger_conn) for _ in range(3))
    claimed(ledger_conn, running)
    silent = FakeStepFunctions(error=ReadTimeoutError(endpoint_url="https://states.invalid"))

    go_on(ledger_conn, workflow(running, "InvalidInput"), silent)

    assert admission.admit(ledger_conn, 1) is None
    ledger_conn.execute("UPDATE jobs SET dispatched_at = dispatched_at - interval '2 minutes'")
    assert admission.admit_again(ledger_conn) == admission.Admitted(unclear.id, 1)
    assert column(ledger_conn, last.id, "dispatched_at") is None


def go_on(conn: LedgerConnection, event: dict[str, Any], fake: FakeStepFunctions) -> dict[str, Any]:
    return settle_and_go_on(conn, event, settings=SETTINGS, workflow=machine(fake))


def test_a_failed_map_is_told_with_the_reason_of_the_chunk_that_failed(ledger_conn: LedgerConnection) -> None:
    job = queued_job(ledger_conn)
    chunks.store_plan(ledger_conn, claimed(ledger_conn, job), "plan", ["window-0000", "window-0001"])
    held = chunks.claim_chunk(ledger_conn, job_id=job.id, attempt=1, name="window-0001", task_arn=None)
    assert isinstance(held, chunks.ChunkClaim)
    chunks.fail(ledger_conn, held, failure(ErrorCode.INPUT_UNREADABLE, "Pictures are missing."))

    told = ask(ledger_conn, workflow(job, "States.ExceedToleratedFailureThreshold", "threshold exceeded"))

    assert told["status"] == "FAILED"
    assert column(ledger_conn, job.id, "error_code") == "INPUT_UNREADABLE"
    assert column(ledger_conn, job.id, "error_message") == "Pictures are missing."
