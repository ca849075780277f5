from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from ledger.database.connection import LedgerConnection
from ledger.errors import JobNotFoundError
from ledger.jobs import jobs, settlement
from ledger.jobs.arrivals import mark_uploaded
from ledger.jobs.failures import failure
from ledger.states import AnnouncementRoute, ErrorCode, JobStatus
from tests.ledger_support import (
    STACK,
    LedgerDatabase,
    claimed,
    column,
    completed,
    count,
    event_types,
    pending_job,
    queued_job,
    source_of,
)

pytestmark = pytest.mark.integration

BROKEN = failure(ErrorCode.ENCODE_FAILED, "libx264 said no")


def test_failing_flips_the_job_and_queues_one_announcement(ledger_conn: LedgerConnection) -> None:
    job = queued_job(ledger_conn)

    told = settlement.fail(ledger_conn, job.id, 1, BROKEN, stack=STACK)
    again = settlement.fail(ledger_conn, job.id, 1, BROKEN, stack=STACK)

    assert told is not None
    assert again is None
    assert column(ledger_conn, job.id, "error_message") == "libx264 said no"
    row = ledger_conn.execute("SELECT topic, event_id::text, announcement FROM outbox").fetchall()
    assert row == [("error", told.attributes["event_id"], told.as_dict())]
    assert event_types(ledger_conn, job.id).count("job.failed") == 1


def test_a_job_whose_file_came_at_the_last_moment_does_not_expire(ledger_conn: LedgerConnection) -> None:
    late, never = pending_job(ledger_conn), pending_job(ledger_conn)
    mark_uploaded(ledger_conn, late.id, source_of(late.source_key))

    told = [settlement.expire_upload(ledger_conn, job.id, 1, stack=STACK) for job in (late, never)]

    assert [announcement is not None for announcement in told] == [False, True]
    assert column(ledger_conn, late.id, "status") == "QUEUED"
    assert column(ledger_conn, never.id, "error_code") == "UPLOAD_EXPIRED"


def test_ten_parallel_failures_announce_once(ledger_database: LedgerDatabase) -> None:
    with ledger_database.connect() as conn:
        job = queued_job(conn)

    def end(_number: int) -> bool:
        with ledger_database.connect() as conn:
            return settlement.fail(conn, job.id, 1, BROKEN, stack=STACK) is not None

    with ThreadPoolExecutor(10) as pool:
        results = list(pool.map(end, range(10)))

    assert results.count(True) == 1


def test_a_stale_attempts_failure_changes_nothing(ledger_conn: LedgerConnection) -> None:
    job = queued_job(ledger_conn)
    settlement.next_attempt(ledger_conn, job.id, 1, reason="lost", stack=STACK)

    assert settlement.fail(ledger_conn, job.id, 1, BROKEN, stack=STACK) is None
    assert column(ledger_conn, job.id, "status") == "QUEUED"


def test_each_failed_attempt_is_an_event_of_its_own(ledger_conn: LedgerConnection) -> None:
    job = queued_job(ledger_conn)
    first = settlement.fail(ledger_conn, job.id, 1, BROKEN, stack=STACK)
    jobs.retry(ledger_conn, job.id)
    second = settlement.fail(ledger_conn, job.id, 2, BROKEN, stack=STACK)

    assert first is not None
    assert second is not None
    assert first.attributes["event_id"] != second.attributes["event_id"]
    assert count(ledger_conn, "outbox") == 2


def test_the_workflow_gets_the_same_answer_when_it_asks_again(ledger_conn: LedgerConnection) -> None:
    job = queued_job(ledger_conn)

    first = settlement.settle_for_workflow(ledger_conn, job.id, 1, BROKEN, stack=STACK)
    second = settlement.settle_for_workflow(ledger_conn, job.id, 1, failure(ErrorCode.INTERNAL), stack=STACK)

    assert first.status == "FAILED"
    assert first == second
    assert count(ledger_conn, "outbox") == 0


def test_a_success_whose_report_was_lost_is_announced_as_a_success(ledger_conn: LedgerConnection) -> None:
    job = queued_job(ledger_conn)
    completed(ledger_conn, claimed(ledger_conn, job))

    outcome = settlement.settle_for_workflow(ledger_conn, job.id, 1, BROKEN, stack=STACK)

    assert outcome.status == "COMPLETED"
    assert outcome.announcement is not None
    assert outcome.announcement.as_dict() == column(ledger_conn, job.id, "announcement")


def test_the_workflow_is_told_to_ignore_what_is_not_its_business(ledger_conn: LedgerConnection) -> None:
    cancelled, moved_on, told_by_outbox = (queued_job(ledger_conn) for _ in range(3))
    jobs.cancel(ledger_conn, cancelled.id)
    settlement.next_attempt(ledger_conn, moved_on.id, 1, reason="lost", stack=STACK)
    settlement.fail(ledger_conn, told_by_outbox.id, 1, BROKEN, stack=STACK)

    for job in (cancelled, moved_on, told_by_outbox):
        outcome = settlement.settle_for_workflow(ledger_conn, job.id, 1, BROKEN, stack=STACK)
        assert (outcome.status, outcome.announcement) == ("IGNORED", None)


def test_an_unpublishable_announcement_goes_to_the_outbox_once(ledger_conn: LedgerConnection) -> None:
    job = queued_job(ledger_conn)
    completed(ledger_conn, claimed(ledger_conn, job))

    first = settlement.queue_announcement(ledger_conn, job.id, 1)
    second = settlement.queue_announcement(ledger_conn, job.id, 1)

    assert first.status == second.status == "COMPLETED"
    assert ledger_conn.execute("SELECT topic FROM outbox").fetchall() == [("completion",)]


def test_a_confirmed_announcement_is_not_queued_again(ledger_conn: LedgerConnection) -> None:
    job = queued_job(ledger_conn)
    completed(ledger_conn, claimed(ledger_conn, job))

    settlement.confirm_announcement(ledger_conn, job.id, 1)
    outcome = settlement.queue_announcement(ledger_conn, job.id, 1)

    assert outcome.status == "IGNORED"
    assert column(ledger_conn, job.id, "announcement_route") == AnnouncementRoute.DONE
    assert count(ledger_conn, "outbox") == 0


def test_attempts_are_replaced_until_none_is_left(ledger_conn: LedgerConnection) -> None:
    job = queued_job(ledger_conn)
    ends = []
    for attempt in (1, 2, 3):
        jobs.record_execution(ledger_conn, job.id, attempt, f"arn:{attempt}")
        ends.append(settlement.next_attempt(ledger_conn, job.id, attempt, reason="lost", stack=STACK))

    assert ends == [JobStatus.QUEUED, JobStatus.QUEUED, JobStatus.FAILED]
    assert column(ledger_conn, job.id, "error_code") == ErrorCode.INTERRUPTED
    assert count(ledger_conn, "outbox") == 1


def test_a_replaced_attempt_voids_the_old_workers_hold(ledger_conn: LedgerConnection) -> None:
    job = queued_job(ledger_conn)
    claimed(ledger_conn, job)

    settlement.next_attempt(ledger_conn, job.id, 1, reason="lost", stack=STACK)

    assert column(ledger_conn, job.id, "task_token") is None
    assert settlement.next_attempt(ledger_conn, job.id, 1, reason="lost", stack=STACK) is None
    assert column(ledger_conn, job.id, "attempt") == 2


def test_waiting_and_cancelled_jobs_get_no_further_attempt(ledger_conn: LedgerConnection) -> None:
    waiting, cancelled = pending_job(ledger_conn), queued_job(ledger_conn)
    jobs.cancel(ledger_conn, cancelled.id)

    for job in (waiting, cancelled):
        assert settlement.next_attempt(ledger_conn, job.id, 1, reason="lost", stack=STACK) is None


def test_unknown_jobs_are_told(ledger_conn: LedgerConnection) -> None:
    with pytest.raises(JobNotFoundError):
        settlement.fail(ledger_conn, uuid4(), 1, BROKEN, stack=STACK)
    with pytest.raises(JobNotFoundError):
        settlement.queue_announcement(ledger_conn, uuid4(), 1)
