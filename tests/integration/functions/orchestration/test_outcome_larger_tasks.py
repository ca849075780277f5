"""A step whose task ran out of memory goes on in a larger one, as long as there is one."""

from typing import Any

import pytest

from ledger.chunks import chunks
from ledger.chunks.chunks import ChunkClaim
from ledger.database.connection import LedgerConnection
from ledger.errors import FenceLostError
from ledger.jobs import jobs, worker
from ledger.models import Failure, Job
from ledger.states import ErrorCode
from tests.integration.functions.orchestration.outcome_events import ask, out_of_memory, workflow
from tests.ledger_support import claimed, column, queued_job

pytestmark = pytest.mark.integration
LACK = Failure(code=ErrorCode.OUT_OF_MEMORY, message="The step 'encode' needs more memory.", remedy="Less.")


def enlargements(conn: LedgerConnection, job: Job) -> list[dict[str, Any]]:
    rows = conn.execute(
        "SELECT data FROM events WHERE job_id = %s AND type = 'job.enlarged' ORDER BY id", (job.id,)
    )
    return [row[0] for row in rows]


def chunk_of(conn: LedgerConnection, job: Job) -> ChunkClaim:
    """A job in one chunk, which a worker encodes."""
    chunks.store_plan(conn, claimed(conn, job), "key", ["window-0000"])
    held = chunks.claim_chunk(conn, job_id=job.id, attempt=1, name="window-0000", task_arn="arn:task/chunk")
    assert isinstance(held, ChunkClaim)
    return held


def of_chunk(job: Job, *larger_mib: int) -> dict[str, Any]:
    return out_of_memory(job, *larger_mib, source="chunk", chunk="window-0000")


def test_the_answer_names_the_next_size_and_those_after_it(ledger_conn: LedgerConnection) -> None:
    job = queued_job(ledger_conn)
    claimed(ledger_conn, job)

    answer = ask(ledger_conn, out_of_memory(job, 4096, 8192))

    assert (answer["status"], answer["step"]) == ("ENLARGED", "prepare")
    assert answer["size"] == {
        "cpu_units": 1024,
        "memory_mib": 4096,
        "larger": [{"cpu_units": 1024, "memory_mib": 8192}],
    }
    assert column(ledger_conn, job.id, "status") == "PROCESSING"


def test_the_jobs_history_tells_from_which_size_to_which(ledger_conn: LedgerConnection) -> None:
    job = queued_job(ledger_conn)
    claimed(ledger_conn, job)

    ask(ledger_conn, out_of_memory(job, 4096, cause={"code": "OUT_OF_MEMORY", "message": "Too big."}))

    (told,) = enlargements(ledger_conn, job)
    assert (told["from_memory_mib"], told["to_memory_mib"]) == (2048, 4096)
    assert (told["from_cpu_units"], told["to_cpu_units"]) == (1024, 1024)
    assert (told["step"], told["code"], told["message"]) == ("prepare", "OUT_OF_MEMORY", "Too big.")


def test_the_worker_of_the_small_task_can_write_no_more(ledger_conn: LedgerConnection) -> None:
    job = queued_job(ledger_conn)
    hold = claimed(ledger_conn, job)

    ask(ledger_conn, out_of_memory(job, 4096))

    with pytest.raises(FenceLostError):
        worker.heartbeat(ledger_conn, hold, "encoding")


def test_a_repeated_question_gets_the_same_answer_and_spares_the_larger_task(
    ledger_conn: LedgerConnection,
) -> None:
    job = queued_job(ledger_conn)
    claimed(ledger_conn, job)
    first = ask(ledger_conn, out_of_memory(job, 4096))
    larger = claimed(ledger_conn, job, task="larger")

    assert ask(ledger_conn, out_of_memory(job, 4096)) == first

    worker.heartbeat(ledger_conn, larger, "encoding")
    assert len(enlargements(ledger_conn, job)) == 1


def test_the_largest_size_fails_with_the_code_the_size_and_a_remedy(ledger_conn: LedgerConnection) -> None:
    job = queued_job(ledger_conn)
    claimed(ledger_conn, job)

    answer = ask(ledger_conn, out_of_memory(job))

    assert answer["status"] == "FAILED"
    assert column(ledger_conn, job.id, "error_code") == "OUT_OF_MEMORY"
    assert "2048 MiB" in column(ledger_conn, job.id, "error_message")
    assert "larger tasks" in column(ledger_conn, job.id, "error_remedy")


def test_sizes_that_the_plan_knows_to_be_too_small_are_not_tried(ledger_conn: LedgerConnection) -> None:
    job = queued_job(ledger_conn)
    claimed(ledger_conn, job)
    planned = {"code": "OUT_OF_MEMORY", "message": "The work needs 5000 MiB.", "needed_memory_mib": 5000}

    answer = ask(ledger_conn, out_of_memory(job, 4096, 8192, cause=planned))

    assert (answer["size"]["memory_mib"], answer["size"]["larger"]) == (8192, [])


def test_a_plan_that_no_size_can_hold_fails_at_once(ledger_conn: LedgerConnection) -> None:
    job = queued_job(ledger_conn)
    claimed(ledger_conn, job)
    planned = {"code": "OUT_OF_MEMORY", "message": "The work needs 9000 MiB.", "needed_memory_mib": 9000}

    answer = ask(ledger_conn, out_of_memory(job, 4096, 8192, cause=planned))

    assert answer["status"] == "FAILED"
    told = column(ledger_conn, job.id, "error_message")
    assert told == "The work needs 9000 MiB. The largest task has 8192 MiB."


@pytest.mark.parametrize("error", ["LimitExceeded", "ProcessingFailed", "Interrupted"])
def test_a_larger_task_is_no_answer_to_another_error(ledger_conn: LedgerConnection, error: str) -> None:
    job = queued_job(ledger_conn)
    claimed(ledger_conn, job)

    assert ask(ledger_conn, out_of_memory(job, 4096, error=error))["status"] == "FAILED"
    assert enlargements(ledger_conn, job) == []


def test_an_execution_of_an_older_definition_names_no_size_and_fails(ledger_conn: LedgerConnection) -> None:
    job = queued_job(ledger_conn)
    claimed(ledger_conn, job)

    assert ask(ledger_conn, workflow(job, "OutOfMemory"))["status"] == "FAILED"


def test_a_cancelled_job_or_one_of_another_attempt_is_not_begun_again(ledger_conn: LedgerConnection) -> None:
    job, cancelled = queued_job(ledger_conn), queued_job(ledger_conn)
    claimed(ledger_conn, job)
    jobs.cancel(ledger_conn, cancelled.id)

    assert ask(ledger_conn, out_of_memory(job, 4096, attempt=2))["status"] == "IGNORED"
    assert ask(ledger_conn, out_of_memory(cancelled, 4096))["status"] == "IGNORED"
    assert enlargements(ledger_conn, job) == enlargements(ledger_conn, cancelled) == []


def test_a_chunk_is_encoded_again_in_a_larger_task_and_its_failure_forgotten(
    ledger_conn: LedgerConnection,
) -> None:
    job = queued_job(ledger_conn)
    chunks.fail(ledger_conn, chunk_of(ledger_conn, job), LACK)

    answer = ask(ledger_conn, of_chunk(job, 4096))

    assert (answer["status"], answer["size"]["memory_mib"]) == ("ENLARGED", 4096)
    assert chunks.recorded_failure(ledger_conn, job.id, 1) is None
    (told,) = enlargements(ledger_conn, job)
    assert (told["step"], told["chunk"]) == ("encode", "window-0000")


def test_the_plan_of_a_job_outlives_the_small_task_of_one_chunk(ledger_conn: LedgerConnection) -> None:
    job = queued_job(ledger_conn)
    chunk_of(ledger_conn, job)
    fence = column(ledger_conn, job.id, "fence")

    ask(ledger_conn, of_chunk(job, 4096))

    assert column(ledger_conn, job.id, "fence") == fence


def test_a_chunk_that_no_task_is_large_enough_for_tells_its_job_why(ledger_conn: LedgerConnection) -> None:
    job = queued_job(ledger_conn)
    chunk_of(ledger_conn, job)

    assert ask(ledger_conn, of_chunk(job)) == {"status": "FAILED"}
    ask(ledger_conn, workflow(job, "States.ExceedToleratedFailureThreshold"))

    assert column(ledger_conn, job.id, "error_code") == "OUT_OF_MEMORY"
    assert "2048 MiB" in column(ledger_conn, job.id, "error_message")
