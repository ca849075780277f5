from uuid import uuid4

import psycopg
import pytest

from ledger.database.connection import LedgerConnection
from ledger.errors import JobNotFoundError, WrongStateError
from ledger.jobs import jobs, settlement
from ledger.jobs.failures import failure
from ledger.states import ErrorCode, JobStatus
from tests.ledger_support import (
    STACK,
    claimed,
    column,
    completed,
    create_object_job,
    create_upload_job,
    event_types,
    new_job,
    new_video,
    pending_job,
    queued_job,
    source_of,
)

pytestmark = pytest.mark.integration


def test_creation_rolls_back_with_the_callers_transaction(ledger_conn: LedgerConnection) -> None:
    video_id = new_video(ledger_conn)
    new = new_job(video_id)

    with ledger_conn.transaction() as outer:
        create_upload_job(ledger_conn, new)
        raise psycopg.Rollback(outer)

    assert ledger_conn.execute("SELECT latest_job_id, state FROM videos").fetchone() == (None, "CREATED")


def test_one_object_can_be_ordered_twice_but_an_upload_key_only_once(ledger_conn: LedgerConnection) -> None:
    video_id = new_video(ledger_conn)
    for _ in range(2):
        create_object_job(ledger_conn, new_job(video_id, source_key="shared.mov"), source_of("shared.mov"))

    create_upload_job(ledger_conn, new_job(video_id, source_key="uploads/a/source"))
    with pytest.raises(psycopg.errors.UniqueViolation):
        create_upload_job(ledger_conn, new_job(video_id, source_key="uploads/a/source"))


def test_the_first_recorded_execution_stays(ledger_conn: LedgerConnection) -> None:
    job = queued_job(ledger_conn)

    jobs.record_execution(ledger_conn, job.id, 1, "arn:first")
    jobs.record_execution(ledger_conn, job.id, 1, "arn:second")
    jobs.record_execution(ledger_conn, job.id, 2, "arn:other-attempt")

    assert column(ledger_conn, job.id, "execution_arn") == "arn:first"
    assert event_types(ledger_conn, job.id).count("job.dispatched") == 1


def test_cancelling_ends_a_job_once_and_repeats_change_nothing(ledger_conn: LedgerConnection) -> None:
    for job in (pending_job(ledger_conn), queued_job(ledger_conn)):
        jobs.cancel(ledger_conn, job.id)
        jobs.cancel(ledger_conn, job.id)

        assert column(ledger_conn, job.id, "status") == "CANCELLED"
        assert event_types(ledger_conn, job.id).count("job.cancelled") == 1


def test_settled_jobs_cannot_be_cancelled(ledger_conn: LedgerConnection) -> None:
    done, failed = queued_job(ledger_conn), queued_job(ledger_conn)
    completed(ledger_conn, claimed(ledger_conn, done))
    settlement.fail(ledger_conn, failed.id, 1, failure(ErrorCode.INTERNAL), stack=STACK)

    for job in (done, failed):
        with pytest.raises(WrongStateError):
            jobs.cancel(ledger_conn, job.id)


def test_a_retry_is_a_new_attempt_with_a_clean_slate_and_fresh_allowance(
    ledger_conn: LedgerConnection,
) -> None:
    job = queued_job(ledger_conn)
    claim = claimed(ledger_conn, job)
    settlement.fail(ledger_conn, job.id, 1, failure(ErrorCode.ENCODE_FAILED), stack=STACK)

    again = jobs.retry(ledger_conn, job.id)

    assert (again.status, again.attempt, again.attempt_limit) == (JobStatus.QUEUED, 2, 4)
    assert (again.announcement, again.execution_arn, again.fence) == (None, None, claim.fence)
    assert column(ledger_conn, job.id, "error_code") is None
    assert ledger_conn.execute("SELECT state FROM videos").fetchone() == ("QUEUED",)


def test_jobs_without_a_failure_or_a_file_cannot_be_retried(ledger_conn: LedgerConnection) -> None:
    running, expired = queued_job(ledger_conn), pending_job(ledger_conn)
    settlement.fail(ledger_conn, expired.id, 1, failure(ErrorCode.UPLOAD_EXPIRED), stack=STACK)

    with pytest.raises(WrongStateError, match="QUEUED"):
        jobs.retry(ledger_conn, running.id)
    with pytest.raises(WrongStateError, match="upload the file"):
        jobs.retry(ledger_conn, expired.id)


def test_unknown_jobs_are_told(ledger_conn: LedgerConnection) -> None:
    with pytest.raises(JobNotFoundError):
        jobs.cancel(ledger_conn, uuid4())
    with pytest.raises(JobNotFoundError):
        jobs.retry(ledger_conn, uuid4())


def test_only_the_latest_job_sets_the_videos_state(ledger_conn: LedgerConnection) -> None:
    first = queued_job(ledger_conn)
    create_upload_job(ledger_conn, new_job(first.video_id))

    jobs.cancel(ledger_conn, first.id)

    assert ledger_conn.execute("SELECT state FROM videos").fetchone() == ("PENDING",)


@pytest.mark.parametrize(
    "change",
    [
        "status = 'DONE'",
        "status = 'COMPLETED'",
        "status = 'FAILED'",
        "error_code = 'INTERNAL'",
        "attempt = 0",
        "declared_sha256 = 'ABC'",
        "announcement_route = 'WORKFLOW'",
        "finished_at = now()",
    ],
)
def test_contradictory_rows_are_refused(ledger_conn: LedgerConnection, change: str) -> None:
    job = queued_job(ledger_conn)

    with pytest.raises(psycopg.errors.CheckViolation):
        ledger_conn.execute(f"UPDATE jobs SET {change} WHERE id = %s", (job.id,))  # noqa: S608
