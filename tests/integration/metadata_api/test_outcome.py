import json
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ReadTimeoutError

from ledger import admission, chunks, jobs, settlement, worker
from ledger.connection import LedgerConnection
from ledger.failures import failure
from ledger.models import Job
from ledger.states import ErrorCode
from metadata_api.arrival import InvalidEventError
from metadata_api.dispatch import Workflow
from metadata_api.outcome import settle, settle_and_go_on
from tests.ledger_support import (
    EXECUTION_PREFIX,
    MACHINE_ARN,
    STACK,
    FakeStepFunctions,
    claimed,
    client_error,
    column,
    completed,
    count,
    queued_job,
)

pytestmark = pytest.mark.integration


def ask(
    conn: LedgerConnection, event: dict[str, Any], fake: FakeStepFunctions | None = None
) -> dict[str, Any]:
    client = fake or FakeStepFunctions()
    return settle(conn, event, stack=STACK, stepfunctions=lambda: client)  # type: ignore[arg-type,return-value]


def workflow(job: Job, error: str, cause: Any = "", attempt: int = 1) -> dict[str, Any]:
    return {
        "source": "workflow",
        "job_id": str(job.id),
        "attempt": attempt,
        "execution_arn": f"{EXECUTION_PREFIX}:{job.id}-{attempt}",
        "error": error,
        "cause": cause if isinstance(cause, str) else json.dumps(cause),
    }


def execution(job: Job, status: str, error: str | None = None) -> dict[str, Any]:
    name = f"{job.id}-1"
    return {
        "source": "aws.states",
        "detail-type": "Step Functions Execution Status Change",
        "detail": {
            "executionArn": f"{EXECUTION_PREFIX}:{name}",
            "name": name,
            "status": status,
            "error": error,
            "cause": None,
        },
    }


def stopped(task: str = "task-1", last_status: str = "STOPPED", **changes: Any) -> dict[str, Any]:
    detail = {
        "taskArn": f"arn:task/{task}",
        "lastStatus": last_status,
        "stoppedReason": "Spot interruption",
    }
    return {"source": "aws.ecs", "detail-type": "ECS Task State Change", "detail": detail | changes}


def started_with(job: Job, token: str) -> dict[str, Any]:
    environment = [{"name": "JOB_ID", "value": str(job.id)}, {"name": "TASK_TOKEN", "value": token}]
    return {"containerOverrides": [{"name": "processor", "environment": environment}]}


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
    job = queued_job(ledger_conn)
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
    job = queued_job(ledger_conn)

    result = ask(ledger_conn, execution(job, "FAILED", "Lambda.Unknown"))

    assert result == {"result": "requeued"}
    assert column(ledger_conn, job.id, "attempt") == 2


def test_executions_started_by_hand_are_ignored(ledger_conn: LedgerConnection) -> None:
    event = execution(queued_job(ledger_conn), "FAILED")
    event["detail"]["name"] = "try-this"

    assert ask(ledger_conn, event) == {"result": "ignored"}


def test_a_stopped_task_that_holds_a_job_fails_its_token(ledger_conn: LedgerConnection) -> None:
    job = queued_job(ledger_conn)
    claimed(ledger_conn, job)
    fake = FakeStepFunctions()

    ask(ledger_conn, stopped(), fake)

    assert (fake.failures[0]["taskToken"], fake.failures[0]["error"]) == ("token-task-1", "Interrupted")
    assert "Spot interruption" in json.loads(fake.failures[0]["cause"])["message"]
    assert column(ledger_conn, job.id, "status") == "PROCESSING"


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
    machine = Workflow(
        client=lambda: fake,  # type: ignore[arg-type,return-value]
        state_machine_arn=MACHINE_ARN,
        max_running_jobs=1,
    )
    return settle_and_go_on(conn, event, stack=STACK, workflow=machine)


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
