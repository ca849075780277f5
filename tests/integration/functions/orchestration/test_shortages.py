"""A step whose task finds no room waits with its attempt unspent; one that AWS refuses for good does not."""

from typing import Any

import pytest

from ledger.chunks import chunks
from ledger.database.connection import LedgerConnection
from ledger.jobs import jobs
from ledger.models import Job
from ledger.states import ErrorCode
from ledger.turns import admission
from orchestration.shortages import NO_ROOM, REFUSED
from tests.integration.functions.orchestration.outcome_events import (
    ask,
    out_of_memory,
    started_with,
    stopped,
    workflow,
)
from tests.ledger_support import (
    EXECUTION_PREFIX,
    FakeStepFunctions,
    claimed,
    column,
    event_types,
    queued_job,
    started_job,
)

pytestmark = pytest.mark.integration
FULL = "Capacity is unavailable at this time. Please try again later or in a different availability zone"


def short(job: Job, error: str = "ECS.AmazonECSException", cause: str = FULL) -> dict[str, Any]:
    return workflow(job, error, cause) | {"size": {"cpu_units": 1024, "memory_mib": 2048, "larger": []}}


def running(conn: LedgerConnection) -> Job:
    """The only job in work, whose execution has begun."""
    job = started_job(conn)
    assert admission.admit(conn, 1) is not None
    return job


def turn(job: Job) -> dict[str, Any]:
    return {"source": "turn", "job_id": str(job.id), "attempt": 1}


@pytest.mark.parametrize("error", sorted(NO_ROOM))
def test_a_task_without_room_sends_its_job_back_to_the_queue_unspent(
    ledger_conn: LedgerConnection, error: str
) -> None:
    job = running(ledger_conn)

    answers = [ask(ledger_conn, short(job, error)) for _ in range(2)]

    assert [(answer["status"], answer["wait_seconds"]) for answer in answers] == [("WAITING", 30)] * 2
    stored = {name: column(ledger_conn, job.id, name) for name in ("status", "attempt", "dispatched_at")}
    assert stored == {"status": "QUEUED", "attempt": 1, "dispatched_at": None}
    assert column(ledger_conn, job.id, "execution_arn") == f"{EXECUTION_PREFIX}:{job.id}-1"
    assert event_types(ledger_conn, job.id).count("job.returned") == 1
    told = ledger_conn.execute("SELECT data FROM events WHERE type = 'job.returned'").fetchall()
    assert told == [({"step": "prepare", "reason": error},)]


def test_the_slot_goes_to_others_and_comes_back_without_a_new_execution(
    ledger_conn: LedgerConnection,
) -> None:
    job = running(ledger_conn)
    ask(ledger_conn, short(job))
    other = queued_job(ledger_conn, owner="another-key")
    assert admission.admit(ledger_conn, 1) == admission.Admitted(other.id, 1)
    assert ask(ledger_conn, turn(job))["status"] == "WAITING"

    jobs.cancel(ledger_conn, other.id)
    assert ask(ledger_conn, turn(job), fake := FakeStepFunctions())["status"] == "ADMITTED"
    assert fake.started == []
    assert claimed(ledger_conn, job).attempt == 1
    assert column(ledger_conn, job.id, "short_since") is None


def test_a_shortage_that_lasts_too_long_fails_the_job_with_its_own_code(
    ledger_conn: LedgerConnection,
) -> None:
    job = running(ledger_conn)
    ask(ledger_conn, short(job))
    ledger_conn.execute("UPDATE jobs SET short_since = short_since - interval '90 minutes'")

    answer = ask(ledger_conn, short(job))

    assert answer["status"] == "FAILED"
    assert answer["announcement"]["attributes"]["error_code"] == "NO_CAPACITY"
    assert "no room for the job's task for 1.5 hours" in answer["announcement"]["message"]


@pytest.mark.parametrize("cancelled", [True, False])
def test_a_job_that_is_settled_or_left_the_execution_behind_is_not_queued_again(
    ledger_conn: LedgerConnection, cancelled: bool
) -> None:
    job = running(ledger_conn)
    if cancelled:
        jobs.cancel(ledger_conn, job.id)
    event = short(job) if cancelled else short(job) | {"execution_arn": f"{EXECUTION_PREFIX}:another"}

    assert ask(ledger_conn, event)["status"] == "IGNORED"
    assert "job.returned" not in event_types(ledger_conn, job.id)


@pytest.mark.parametrize(
    ("error", "cause", "told"),
    [
        (
            "ECS.ClientException",
            "Unable to describe task definition. (Service: AmazonECS; Status Code: 400)",
            "its task definition does not exist",
        ),
        (
            "ECS.AccessDeniedException",
            "User: arn:aws:sts::123456789012:assumed-role/x/y is not authorized to perform: iam:PassRole",
            "may not pass the task its roles",
        ),
        (
            "ECS.ClientException",
            "... is not authorized to perform: ecs:RunTask on resource",
            "may not run it",
        ),
        ("ECS.ClusterNotFoundException", "Cluster not found.", "the ECS cluster does not exist"),
        (
            "ECS.InvalidParameterException",
            "No Fargate configuration exists",
            "refuses to start the job's task",
        ),
    ],
)
def test_a_task_that_aws_refuses_for_good_fails_in_words_for_the_operator(
    ledger_conn: LedgerConnection, error: str, cause: str, told: str
) -> None:
    job = running(ledger_conn)

    answer = ask(ledger_conn, short(job, error, cause))

    assert answer["status"] == "FAILED"
    assert column(ledger_conn, job.id, "error_code") == ErrorCode.TASK_REFUSED
    assert told in column(ledger_conn, job.id, "error_message")
    assert "operator" in column(ledger_conn, job.id, "error_remedy")
    assert "123456789012" not in answer["announcement"]["message"]


@pytest.mark.parametrize(
    "cause",
    [
        "You've reached the limit on the number of vCPUs you can run concurrently",
        "Error retrieving security group information for [sg-1]: Request limit exceeded.",
    ],
)
@pytest.mark.parametrize("error", ["ECS.ClientException", "ECS.InvalidParameterException"])
def test_a_full_quota_behind_the_name_of_a_refusal_is_a_shortage(
    ledger_conn: LedgerConnection, error: str, cause: str
) -> None:
    assert ask(ledger_conn, short(running(ledger_conn), error, cause))["status"] == "WAITING"


def test_a_task_that_ecs_stopped_before_it_began_is_told_by_an_error_of_its_own(
    ledger_conn: LedgerConnection,
) -> None:
    job = running(ledger_conn)
    event = stopped(
        overrides=started_with(job, "token"),
        stopCode="TaskFailedToStart",
        stoppedReason=FULL,
        containers=[{}],
    )

    ask(ledger_conn, event, fake := FakeStepFunctions())

    assert [(call["taskToken"], call["error"]) for call in fake.failures] == [("token", "TaskNotStarted")]


def chunked(conn: LedgerConnection) -> Job:
    job = running(conn)
    held = claimed(conn, job)
    chunks.store_plan(conn, held, "key", ["window-0000", "window-0001"])
    chunks.hand_over(conn, held, "encoding", {})
    return job


def of_chunk(job: Job, error: str, cause: str = FULL, chunk: str = "window-0000") -> dict[str, Any]:
    return out_of_memory(job, source="chunk", chunk=chunk) | {"error": error, "cause": cause}


def test_a_chunk_without_room_waits_by_itself_and_its_job_keeps_the_slot(
    ledger_conn: LedgerConnection,
) -> None:
    job = chunked(ledger_conn)

    answers = [ask(ledger_conn, of_chunk(job, error)) for error in ("AmazonECS.Unknown", "TaskNotStarted")]

    assert [answer["status"] for answer in answers] == ["WAITING", "WAITING"]
    assert column(ledger_conn, job.id, "status") == "PROCESSING"
    assert event_types(ledger_conn, job.id).count("job.short") == 1
    chunks.claim_chunk(ledger_conn, job_id=job.id, attempt=1, name="window-0001", task_arn=None)
    assert column(ledger_conn, job.id, "short_since") is None


@pytest.mark.parametrize(
    ("error", "age", "code"),
    [
        ("AmazonECS.Unknown", "2 hours", ErrorCode.NO_CAPACITY),
        (min(REFUSED), "0", ErrorCode.TASK_REFUSED),
    ],
)
def test_a_chunk_that_waited_too_long_or_is_refused_ends_its_job_by_that_reason(
    ledger_conn: LedgerConnection, error: str, age: str, code: ErrorCode
) -> None:
    job = chunked(ledger_conn)
    ask(ledger_conn, of_chunk(job, "AmazonECS.Unknown"))
    ledger_conn.execute("UPDATE jobs SET short_since = short_since - %s::interval", (age,))

    assert ask(ledger_conn, of_chunk(job, error, "not authorized"))["status"] == "FAILED"

    told = ask(ledger_conn, workflow(job, "States.ExceedToleratedFailureThreshold"))
    assert told["announcement"]["attributes"]["error_code"] == code
