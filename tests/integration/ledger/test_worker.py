import threading
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import psycopg
import pytest

from ledger.database.connection import LedgerConnection
from ledger.errors import ClaimRefusedError, FenceLostError, InvalidRecordError, JobNotFoundError
from ledger.jobs import jobs, settlement, worker
from ledger.jobs.failures import failure
from ledger.models import AlreadySettled, Claim
from ledger.states import ErrorCode, JobStatus
from tests.ledger_support import (
    MEDIA_BUCKET,
    STACK,
    LedgerDatabase,
    claimed,
    column,
    completed,
    count,
    create_object_job,
    event_types,
    new_job,
    output_of,
    pending_job,
    queued_job,
    source_of,
)

pytestmark = pytest.mark.integration


def test_a_claim_carries_what_the_worker_needs(ledger_conn: LedgerConnection) -> None:
    job = queued_job(ledger_conn)

    claim = claimed(ledger_conn, job)

    assert (claim.fence, claim.attempt, claim.source_version_id) == (1, 1, "v1")
    assert claim.output_prefix == f"videos/{job.video_id}/{job.id}/1/"
    assert column(ledger_conn, job.id, "status") == "PROCESSING"


def test_of_two_parallel_claims_only_the_later_fence_can_publish(ledger_database: LedgerDatabase) -> None:
    with ledger_database.connect() as conn:
        job = queued_job(conn)
    barrier = threading.Barrier(2)

    def take(name: str) -> Claim:
        with ledger_database.connect() as conn:
            barrier.wait()
            return claimed(conn, job, task=name)

    with ThreadPoolExecutor(2) as pool:
        older, newer = sorted(pool.map(take, ["a", "b"]), key=lambda claim: claim.fence)

    with ledger_database.connect() as conn:
        assert (older.fence, newer.fence) == (1, 2)
        with pytest.raises(FenceLostError, match="fence 2"):
            completed(conn, older)
        completed(conn, newer)
        assert column(conn, job.id, "output_prefix") == newer.output_prefix
        assert count(conn, "outputs") == 1


def test_ten_parallel_completions_of_one_claim_flip_the_job_once_and_get_one_answer(
    ledger_database: LedgerDatabase,
) -> None:
    with ledger_database.connect() as conn:
        job = queued_job(conn)
        claim = claimed(conn, job)
    barrier = threading.Barrier(10)

    def finish(_number: int) -> str:
        with ledger_database.connect() as conn:
            barrier.wait()
            told = worker.complete(
                conn, claim, [output_of(claim)], {"encoding": 3.5}, stack=STACK, media_bucket=MEDIA_BUCKET
            )
        return told.message

    with ThreadPoolExecutor(10) as pool:
        answers = set(pool.map(finish, range(10)))

    with ledger_database.connect() as conn:
        assert len(answers) == 1
        assert event_types(conn, job.id).count("job.completed") == 1
        assert count(conn, "outputs") == 1


def test_a_late_worker_can_change_nothing(ledger_conn: LedgerConnection) -> None:
    job = queued_job(ledger_conn)
    late = claimed(ledger_conn, job, task="late")
    claimed(ledger_conn, job, task="current")
    before = ledger_conn.execute("SELECT * FROM jobs").fetchall()

    with pytest.raises(FenceLostError) as caught:
        worker.heartbeat(ledger_conn, late, "encoding")
    assert caught.value.status is JobStatus.PROCESSING
    with pytest.raises(FenceLostError):
        worker.record_source(ledger_conn, late, {"format": "mov"}, 5)
    with pytest.raises(FenceLostError):
        completed(ledger_conn, late)
    worker.release(ledger_conn, late, ErrorCode.INTERRUPTED, "stopped")

    assert ledger_conn.execute("SELECT * FROM jobs").fetchall() == before
    assert "job.released" not in event_types(ledger_conn, job.id)


def test_completing_points_the_video_at_the_outputs_and_stores_the_announcement(
    ledger_conn: LedgerConnection,
) -> None:
    job = queued_job(ledger_conn)
    claim = claimed(ledger_conn, job)

    told = worker.complete(
        ledger_conn,
        claim,
        [output_of(claim), output_of(claim, "audio", width=None, height=None, frame_rate=None)],
        {"uploading": 0.5, "encoding": 3.5},
        stack=STACK,
        media_bucket=MEDIA_BUCKET,
    )

    video = ledger_conn.execute("SELECT current_job_id, state FROM videos").fetchone()
    assert video == (job.id, "COMPLETED")
    assert count(ledger_conn, "outputs") == 2
    assert column(ledger_conn, job.id, "announcement") == told.as_dict()
    stored = ledger_conn.execute("SELECT stage_seconds FROM jobs").fetchone()
    assert stored is not None
    assert list(stored[0].items()) == [("uploading", 0.5), ("encoding", 3.5)]
    assert f"s3://{MEDIA_BUCKET}/{claim.output_prefix}" in told.message


def test_a_refused_output_row_leaves_the_job_uncompleted(ledger_conn: LedgerConnection) -> None:
    job = queued_job(ledger_conn)
    claim = claimed(ledger_conn, job)
    twice = [output_of(claim), output_of(claim, key=f"{claim.output_prefix}other.mp4")]

    with pytest.raises(psycopg.errors.UniqueViolation):
        worker.complete(ledger_conn, claim, twice, {}, stack=STACK, media_bucket=MEDIA_BUCKET)

    assert column(ledger_conn, job.id, "status") == "PROCESSING"
    assert count(ledger_conn, "outputs") == 0


def test_outputs_outside_the_claims_prefix_are_refused(ledger_conn: LedgerConnection) -> None:
    claim = claimed(ledger_conn, queued_job(ledger_conn))
    stray = output_of(claim, key="videos/elsewhere/720p.mp4")

    with pytest.raises(InvalidRecordError, match=claim.output_prefix):
        worker.complete(ledger_conn, claim, [stray], {}, stack=STACK, media_bucket=MEDIA_BUCKET)


def test_completing_without_outputs_is_refused(ledger_conn: LedgerConnection) -> None:
    claim = claimed(ledger_conn, queued_job(ledger_conn))

    with pytest.raises(InvalidRecordError, match="without outputs"):
        worker.complete(ledger_conn, claim, [], {}, stack=STACK, media_bucket=MEDIA_BUCKET)


def test_a_retried_worker_of_a_completed_job_gets_the_same_announcement(
    ledger_conn: LedgerConnection,
) -> None:
    job = queued_job(ledger_conn)
    claim = claimed(ledger_conn, job)
    completed(ledger_conn, claim)

    again = worker.claim(
        ledger_conn, job_id=job.id, attempt=1, execution_arn="arn:e", task_arn=None, task_token="t2"
    )

    assert isinstance(again, AlreadySettled)
    assert again.announcement.as_dict() == column(ledger_conn, job.id, "announcement")
    assert column(ledger_conn, job.id, "fence") == claim.fence


@pytest.mark.parametrize("attempt", [0, 2])
def test_another_attempts_worker_is_refused(ledger_conn: LedgerConnection, attempt: int) -> None:
    job = queued_job(ledger_conn)

    with pytest.raises(ClaimRefusedError, match="attempt 1"):
        worker.claim(
            ledger_conn, job_id=job.id, attempt=attempt, execution_arn="arn:e", task_arn=None, task_token="t"
        )


def test_jobs_that_are_not_to_be_processed_cannot_be_claimed(ledger_conn: LedgerConnection) -> None:
    waiting = pending_job(ledger_conn)
    cancelled = jobs.cancel(ledger_conn, queued_job(ledger_conn).id)
    failed = queued_job(ledger_conn)
    settlement.fail(ledger_conn, failed.id, 1, failure(ErrorCode.INTERNAL), stack=STACK)

    for job in (waiting, cancelled, failed):
        with pytest.raises(ClaimRefusedError) as caught:
            claimed(ledger_conn, job)
        assert caught.value.status == column(ledger_conn, job.id, "status")


def test_an_unknown_job_cannot_be_claimed(ledger_conn: LedgerConnection) -> None:
    with pytest.raises(JobNotFoundError):
        worker.claim(
            ledger_conn, job_id=uuid4(), attempt=1, execution_arn="arn:e", task_arn=None, task_token="t"
        )


def test_cancelled_and_failed_jobs_cannot_be_completed(ledger_conn: LedgerConnection) -> None:
    cancelled, failed = queued_job(ledger_conn), queued_job(ledger_conn)
    claims = [claimed(ledger_conn, cancelled), claimed(ledger_conn, failed)]
    jobs.cancel(ledger_conn, cancelled.id)
    settlement.fail(ledger_conn, failed.id, 1, failure(ErrorCode.TIMED_OUT), stack=STACK)

    for claim in claims:
        with pytest.raises(FenceLostError):
            completed(ledger_conn, claim)
    assert count(ledger_conn, "outputs") == 0


def test_a_released_hold_is_void_and_the_retry_can_claim(ledger_conn: LedgerConnection) -> None:
    job = queued_job(ledger_conn)
    first = claimed(ledger_conn, job)

    worker.release(ledger_conn, first, ErrorCode.INTERRUPTED, "SIGTERM")

    assert column(ledger_conn, job.id, "status") == "PROCESSING"
    assert column(ledger_conn, job.id, "task_token") is None
    with pytest.raises(FenceLostError):
        completed(ledger_conn, first)
    completed(ledger_conn, claimed(ledger_conn, job))


def test_each_stage_is_told_once_however_often_the_heartbeat_comes(ledger_conn: LedgerConnection) -> None:
    job = queued_job(ledger_conn)
    claim = claimed(ledger_conn, job)

    for stage in ("downloading", "downloading", "encoding", "encoding"):
        worker.heartbeat(ledger_conn, claim, stage)

    assert event_types(ledger_conn, job.id).count("job.stage") == 2
    assert column(ledger_conn, job.id, "stage") == "encoding"


def test_probing_the_source_fills_the_video_and_is_no_change_of_people(ledger_conn: LedgerConnection) -> None:
    claim = claimed(ledger_conn, queued_job(ledger_conn))

    for _ in range(2):
        worker.record_source(ledger_conn, claim, {"format": "mov"}, 1234)

    assert ledger_conn.execute("SELECT technical, version FROM videos").fetchone() == ({"format": "mov"}, 1)
    assert column(ledger_conn, claim.job_id, "source_size_bytes") == 1234


def test_a_job_tells_the_version_of_the_profile_that_its_outputs_were_made_with(
    ledger_conn: LedgerConnection,
) -> None:
    claim = claimed(ledger_conn, queued_job(ledger_conn, profile_version="ordered"))
    worker.record_source(ledger_conn, claim, {}, 1)
    assert column(ledger_conn, claim.job_id, "profile_version") == "ordered"

    worker.record_source(ledger_conn, claim, {}, 1, "made")

    assert column(ledger_conn, claim.job_id, "profile_version") == "made"


def test_an_older_job_that_completes_later_does_not_replace_the_newer_result(
    ledger_conn: LedgerConnection,
) -> None:
    older = queued_job(ledger_conn)
    newer_order = new_job(older.video_id)
    newer = create_object_job(ledger_conn, newer_order, source_of(newer_order.source_key))
    older_claim, newer_claim = claimed(ledger_conn, older), claimed(ledger_conn, newer)
    worker.record_source(ledger_conn, newer_claim, {"from": "newer"}, 1)
    completed(ledger_conn, newer_claim)

    worker.record_source(ledger_conn, older_claim, {"from": "older"}, 1)
    completed(ledger_conn, older_claim)

    assert ledger_conn.execute("SELECT current_job_id, technical FROM videos").fetchone() == (
        newer.id,
        {"from": "newer"},
    )
    assert column(ledger_conn, older.id, "status") == "COMPLETED"
