"""What becomes of a job when its task has stopped without an answer."""

import json

import pytest

from ledger.chunks import chunks
from ledger.database.connection import LedgerConnection
from ledger.jobs import worker
from ledger.states import ErrorCode
from tests.integration.functions.orchestration.outcome_events import ask, started_with, stopped, workflow
from tests.ledger_support import (
    FakeStepFunctions,
    claimed,
    client_error,
    column,
    queued_job,
)

pytestmark = pytest.mark.integration


def test_a_stopped_task_that_holds_a_job_fails_its_token(ledger_conn: LedgerConnection) -> None:
    job = queued_job(ledger_conn)
    claimed(ledger_conn, job)
    fake = FakeStepFunctions()

    ask(ledger_conn, stopped(), fake)

    assert (fake.failures[0]["taskToken"], fake.failures[0]["error"]) == ("token-task-1", "Interrupted")
    assert "Spot interruption" in json.loads(fake.failures[0]["cause"])["message"]
    assert column(ledger_conn, job.id, "status") == "PROCESSING"


OUT_OF_MEMORY = {"exitCode": 137, "reason": "OutOfMemoryError: Container killed due to memory usage"}


def test_a_task_that_used_up_its_memory_ends_its_job_by_that_name(ledger_conn: LedgerConnection) -> None:
    claimed(ledger_conn, queued_job(ledger_conn))
    fake = FakeStepFunctions()

    ask(ledger_conn, stopped(containers=[OUT_OF_MEMORY]), fake)

    (answer,) = fake.failures
    cause = json.loads(answer["cause"])
    assert (answer["error"], cause["code"]) == ("OutOfMemory", "OUT_OF_MEMORY")
    assert "larger tasks" in cause["remedy"]


def test_a_chunk_whose_task_used_up_its_memory_tells_its_job_why(ledger_conn: LedgerConnection) -> None:
    job = queued_job(ledger_conn)
    chunks.store_plan(ledger_conn, claimed(ledger_conn, job), "key", ["a", "b"])
    for name in ("a", "b"):
        chunks.claim_chunk(ledger_conn, job_id=job.id, attempt=1, name=name, task_arn=f"arn:task/{name}")
    event = stopped("a", overrides=started_with(job, "token-a"), containers=[OUT_OF_MEMORY])

    ask(ledger_conn, event, FakeStepFunctions())
    answer = ask(
        ledger_conn, workflow(job, "States.ExceedToleratedFailureThreshold", ""), FakeStepFunctions()
    )

    assert answer["status"] == "FAILED"
    assert column(ledger_conn, job.id, "error_code") == "OUT_OF_MEMORY"
    states = ledger_conn.execute("SELECT name, status FROM chunks ORDER BY name").fetchall()
    assert states == [("a", "FAILED"), ("b", "ENCODING")]


def test_a_task_that_released_its_job_or_lost_it_is_ignored(ledger_conn: LedgerConnection) -> None:
    released, lost = queued_job(ledger_conn), queued_job(ledger_conn)
    hold = claimed(ledger_conn, released, task="released")
    worker.release(ledger_conn, hold, ErrorCode.INTERRUPTED, "SIGTERM")
    claimed(ledger_conn, lost, task="lost")
    claimed(ledger_conn, lost, task="winner")
    fake = FakeStepFunctions()

    for task in ("released", "lost", "unknown"):
        assert ask(ledger_conn, stopped(task), fake) == {"result": "ignored"}
    assert ask(ledger_conn, stopped("winner", "RUNNING"), fake) == {"result": "ignored"}
    assert fake.failures == []


def test_a_task_that_never_came_up_fails_the_token_it_was_started_with(ledger_conn: LedgerConnection) -> None:
    job = queued_job(ledger_conn)
    fake = FakeStepFunctions()
    event = stopped(overrides=started_with(job, "token-unused"), stoppedReason="CannotPullContainerError")

    assert ask(ledger_conn, event, fake) == {"result": "failed_token"}
    assert fake.failures[0]["taskToken"] == "token-unused"


@pytest.mark.parametrize("left_out", [{"name": "CHUNK"}, {"name": "CHUNK", "value": None}, {"value": ""}, {}])
def test_a_variable_without_its_value_does_not_hide_the_token(
    ledger_conn: LedgerConnection, left_out: dict[str, str]
) -> None:
    job = queued_job(ledger_conn)
    fake = FakeStepFunctions()
    overrides = started_with(job, "token-unused")
    overrides["containerOverrides"][0]["environment"].insert(0, left_out)

    assert ask(ledger_conn, stopped(overrides=overrides), fake) == {"result": "failed_token"}
    assert fake.failures[0]["taskToken"] == "token-unused"


def test_a_task_that_has_answered_is_left_alone(ledger_conn: LedgerConnection) -> None:
    job = queued_job(ledger_conn)
    claimed(ledger_conn, job)
    fake = FakeStepFunctions()
    event = stopped(overrides=started_with(job, "token-task-1"), containers=[{"exitCode": 0}])

    assert ask(ledger_conn, event, fake) == {"result": "ignored"}
    assert fake.failures == []


def test_a_token_that_another_task_works_with_is_not_failed(ledger_conn: LedgerConnection) -> None:
    job = queued_job(ledger_conn)
    claimed(ledger_conn, job, task="double")
    fake = FakeStepFunctions()
    event = stopped("first", overrides=started_with(job, "token-double"), containers=[{"exitCode": 137}])

    assert ask(ledger_conn, event, fake) == {"result": "ignored"}
    assert fake.failures == []


def test_a_token_that_is_dead_already_is_no_error(ledger_conn: LedgerConnection) -> None:
    claimed(ledger_conn, queued_job(ledger_conn))

    for code in ("TaskTimedOut", "TaskDoesNotExist", "InvalidToken"):
        fake = FakeStepFunctions(error=client_error(code))
        assert ask(ledger_conn, stopped(), fake) == {"result": "already_reported"}


def test_a_refused_report_is_raised_so_that_the_event_is_tried_again(ledger_conn: LedgerConnection) -> None:
    claimed(ledger_conn, queued_job(ledger_conn))
    fake = FakeStepFunctions(error=client_error("ThrottlingException"))

    with pytest.raises(Exception, match="ThrottlingException"):
        ask(ledger_conn, stopped(), fake)
