"""Chunks share the stack's tasks with all jobs: never do more run than configured, and no job is stuck."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from ledger.chunks import chunks, task_slots
from ledger.database.connection import LedgerConnection
from ledger.jobs import jobs, settlement
from ledger.models import Job
from tests.integration.functions.orchestration.outcome_events import SETTINGS, ask, out_of_memory
from tests.integration.ledger.waiting_jobs import wait_until_blocked
from tests.ledger_support import STACK, LedgerDatabase, claimed, queued_job

pytestmark = pytest.mark.integration
NAMES = [f"window-{number:04}" for number in range(5)]


def chunked(conn: LedgerConnection, names: Sequence[str] = NAMES) -> Job:
    """A job whose chunks are next; of the three tasks of the tests' stack it holds one."""
    job = queued_job(conn)
    held = claimed(conn, job)
    chunks.store_plan(conn, held, "key", names)
    chunks.hand_over(conn, held, "encoding", {})
    return job


def wants(job: Job, name: str) -> dict[str, Any]:
    return {"source": "task", "job_id": str(job.id), "attempt": 1, "chunk": name}


def begin(conn: LedgerConnection, job: Job, name: str) -> str:
    return str(ask(conn, wants(job, name))["status"])


def test_chunks_begin_while_the_stack_has_tasks_and_then_wait(ledger_conn: LedgerConnection) -> None:
    job = chunked(ledger_conn)

    answers = [begin(ledger_conn, job, name) for name in NAMES]

    assert answers == ["ADMITTED"] * SETTINGS.max_running_tasks + ["WAITING"] * 2
    assert [begin(ledger_conn, job, name) for name in NAMES] == answers  # repeats change nothing
    assert ask(ledger_conn, wants(job, NAMES[-1]))["wait_seconds"] == 30


def test_a_chunk_that_is_done_makes_room_for_the_next(ledger_conn: LedgerConnection) -> None:
    job = chunked(ledger_conn)
    for name in NAMES[:3]:
        begin(ledger_conn, job, name)
    held = chunks.claim_chunk(ledger_conn, job_id=job.id, attempt=1, name=NAMES[0], task_arn=None)
    assert isinstance(held, chunks.ChunkClaim)
    assert begin(ledger_conn, job, NAMES[3]) == "WAITING"

    chunks.finish(ledger_conn, held, directory="d", sha256="s", frames=1)

    assert begin(ledger_conn, job, NAMES[3]) == "ADMITTED"
    assert begin(ledger_conn, job, NAMES[4]) == "WAITING"


def test_a_chunk_that_finds_no_room_in_aws_gives_its_task_to_another(ledger_conn: LedgerConnection) -> None:
    job = chunked(ledger_conn)
    for name in NAMES[:3]:
        begin(ledger_conn, job, name)

    short = out_of_memory(job, source="chunk", chunk=NAMES[0]) | {"error": "AmazonECS.Unknown"}
    assert ask(ledger_conn, short)["status"] == "WAITING"

    assert begin(ledger_conn, job, NAMES[3]) == "ADMITTED"
    assert begin(ledger_conn, job, NAMES[0]) == "WAITING"


def test_the_first_chunk_of_a_job_always_begins_because_the_job_counts_already(
    ledger_conn: LedgerConnection,
) -> None:
    first, second = chunked(ledger_conn), chunked(ledger_conn)
    claimed(ledger_conn, queued_job(ledger_conn), task="of another job")

    assert [begin(ledger_conn, first, name) for name in NAMES[:2]] == ["ADMITTED", "WAITING"]
    assert [begin(ledger_conn, second, name) for name in NAMES[:2]] == ["ADMITTED", "WAITING"]


@pytest.mark.parametrize("way", ["cancelled", "next attempt"])
def test_what_an_attempt_leaves_behind_does_not_count(ledger_conn: LedgerConnection, way: str) -> None:
    gone, job = chunked(ledger_conn), chunked(ledger_conn)
    for name in NAMES[:2]:
        begin(ledger_conn, gone, name)
    if way == "cancelled":
        jobs.cancel(ledger_conn, gone.id)
    else:
        settlement.next_attempt(ledger_conn, gone.id, 1, reason="lost", stack=STACK)

    assert [begin(ledger_conn, job, name) for name in NAMES[:4]] == ["ADMITTED"] * 3 + ["WAITING"]
    left = ask(ledger_conn, wants(gone, NAMES[2]))
    assert (left["status"], left["error"]) == ("IGNORED", "ProcessingFailed")


def test_of_two_jobs_that_ask_at_once_only_one_gets_the_last_task(
    ledger_conn: LedgerConnection, ledger_database: LedgerDatabase
) -> None:
    first, second = chunked(ledger_conn), chunked(ledger_conn)
    for job in (first, second):
        begin(ledger_conn, job, NAMES[0])

    def ask_for_second() -> bool | None:
        with ledger_database.connect() as conn:
            return task_slots.ask(conn, second.id, 1, NAMES[1], 3)

    with ThreadPoolExecutor(max_workers=1) as pool:
        with ledger_conn.transaction():
            assert task_slots.ask(ledger_conn, first.id, 1, NAMES[1], 3) is True
            waiting = pool.submit(ask_for_second)
            wait_until_blocked(ledger_database)
        assert waiting.result() is False
