"""What a worker may do to its job: claim it, show life, publish, let go. A lost fence can change nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from psycopg.types.json import Json, Jsonb

from ledger.announcements import announcement
from ledger.database.connection import LedgerConnection
from ledger.errors import ClaimRefusedError, FenceLostError, InvalidRecordError
from ledger.jobs import events, failures, job_rows, wording
from ledger.models import AlreadySettled, Announcement, Claim, Job, JobWarning, OutputRecord
from ledger.overrides import Overrides
from ledger.states import ACTIVE_STATUSES, ErrorCode, JobStatus


def claim(
    conn: LedgerConnection,
    *,
    job_id: UUID,
    attempt: int,
    execution_arn: str,
    task_arn: str | None,
    task_token: str,
) -> Claim | AlreadySettled:
    """Takes the job for this worker and voids every earlier hold.

    Args:
        conn: An open connection.
        job_id: The job.
        attempt: The attempt that the worker's execution is for.
        execution_arn: The worker's execution.
        task_arn: The worker's ECS task, so that its end can be noticed.
        task_token: The worker's Step Functions token, so that its end can be reported.

    Raises:
        JobNotFoundError: No such job.
        ClaimRefusedError: The attempt is not the current one, or the job is not to be processed.
    """
    with conn.transaction():
        job = job_rows.lock(conn, job_id)
        if job.attempt != attempt:
            message = f"job {job_id} is at attempt {job.attempt}; attempt {attempt} must stop"
            raise ClaimRefusedError(message, job.status)
        if job.status is JobStatus.COMPLETED and job.announcement is not None:
            return AlreadySettled(status=job.status, announcement=job.announcement)
        if job.status not in ACTIVE_STATUSES:
            message = f"job {job_id} is {job.status} and is not to be processed"
            raise ClaimRefusedError(message, job.status)
        taken = _take(conn, job_id, execution_arn, task_arn, task_token)
        _record(conn, taken, "job.claimed", {"task_arn": task_arn, "execution_arn": execution_arn})
    return taken


def heartbeat(conn: LedgerConnection, claim: Claim, stage: str) -> None:
    """Shows that the worker lives and where it is.

    Raises:
        FenceLostError: Another worker holds the job, or it is settled.
    """
    with conn.transaction():
        job = hold(conn, claim)
        conn.execute(
            "UPDATE jobs SET heartbeat_at = now(), stage = %s, updated_at = now() WHERE id = %s",
            (stage, job.id),
        )
        if stage != job.stage:
            _record(conn, claim, "job.stage", {"stage": stage})


def record_source(
    conn: LedgerConnection,
    claim: Claim,
    technical: Mapping[str, Any],
    size_bytes: int,
    profile_version: str | None = None,
) -> None:
    """Stores what probing the source told with the job, and on the record while nothing of the video plays.

    Args:
        conn: An open connection.
        claim: This worker's hold.
        technical: What probing told.
        size_bytes: Of the source.
        profile_version: Of the profile that the outputs were made with; after a deployment between order and
            work it is not the one that was ordered. None leaves that.

    Raises:
        FenceLostError: Another worker holds the job, or it is settled.
    """
    with conn.transaction():
        hold(conn, claim)
        told = Jsonb(dict(technical))
        conn.execute(
            """
            UPDATE jobs SET source_size_bytes = %s, technical = %s,
                   profile_version = coalesce(%s, profile_version)
             WHERE id = %s
            """,
            (size_bytes, told, profile_version, claim.job_id),
        )
        # Once a job plays, the record describes the source of that one.
        conn.execute(
            """
            UPDATE videos SET technical = %(told)s, updated_at = now()
             WHERE id = %(video_id)s AND current_job_id IS NULL AND technical <> %(told)s
            """,
            {"told": told, "video_id": claim.video_id},
        )


def complete(
    conn: LedgerConnection,
    claim: Claim,
    outputs: Sequence[OutputRecord],
    stage_seconds: Mapping[str, float],
    *,
    stack: str,
    media_bucket: str,
    warnings: Sequence[JobWarning] = (),
) -> Announcement:
    """Flips the job to COMPLETED, once, in one transaction with its outputs, event and announcement.

    A worker that lost the answer may ask again: the same hold gets the same announcement.

    Args:
        conn: An open connection.
        claim: This worker's hold.
        outputs: Every published file, under the claim's prefix.
        stage_seconds: Time that each stage took.
        stack: Name of the deployment, for the announcement.
        media_bucket: Where the files are.
        warnings: What was odd about the source.

    Raises:
        FenceLostError: Another worker holds the job, or it is settled.
        InvalidRecordError: There are no outputs, or one lies outside the claim's prefix.
    """
    _check_outputs(claim, outputs)
    with conn.transaction():
        job = job_rows.lock(conn, claim.job_id)
        if _has_completed(job, claim) and job.announcement is not None:
            return job.announcement
        _check_hold(job, claim)
        location = f"s3://{media_bucket}/{claim.output_prefix}"
        facts = job_rows.facts(conn, job, stack)
        told = announcement.completion(facts, outputs, stage_seconds, location, warnings)
        _insert_outputs(conn, claim, outputs)
        _store_completion(conn, claim, media_bucket, told, stage_seconds, warnings)
        job_rows.choose_playing(conn, claim.video_id)
    return told


def release(conn: LedgerConnection, claim: Claim, code: ErrorCode, message: str) -> None:
    """Notes that this hold ended without a result; the job stays PROCESSING for the workflow's retry.

    The fence moves on, so the hold is void from now on. A hold that is already lost is left alone.
    """
    with conn.transaction():
        try:
            hold(conn, claim)
        except FenceLostError:
            return
        conn.execute(
            """
            UPDATE jobs SET fence = fence + 1, task_arn = NULL, task_token = NULL, stage = NULL,
                   heartbeat_at = NULL, updated_at = now()
             WHERE id = %s
            """,
            (claim.job_id,),
        )
        told = wording.for_people(failures.failure(code, message))
        _record(conn, claim, "job.released", {"code": told.code, "message": told.message})


def _take(
    conn: LedgerConnection, job_id: UUID, execution_arn: str, task_arn: str | None, task_token: str
) -> Claim:
    row = conn.execute(
        """
        UPDATE jobs SET status = 'PROCESSING', fence = fence + 1, execution_arn = %s, task_arn = %s,
               task_token = %s, stage = NULL, heartbeat_at = now(), short_since = NULL,
               started_at = coalesce(started_at, now()), updated_at = now()
         WHERE id = %s
        RETURNING video_id, attempt, fence, profile, filename, source_bucket, source_key, source_version_id,
               source_etag, declared_size_bytes, declared_sha256, overrides
        """,
        (execution_arn, task_arn, task_token, job_id),
    ).fetchone()
    if row is None:
        message = f"job {job_id} vanished while it was locked"
        raise ClaimRefusedError(message)
    return Claim(
        job_id=job_id,
        video_id=row[0],
        attempt=row[1],
        fence=row[2],
        profile=row[3],
        filename=row[4],
        source_bucket=row[5],
        source_key=row[6],
        source_version_id=row[7],
        source_etag=row[8],
        declared_size_bytes=row[9],
        declared_sha256=row[10],
        overrides=Overrides.from_dict(row[11]),
        output_prefix=f"videos/{row[0]}/{job_id}/{row[2]}/",
    )


def hold(conn: LedgerConnection, claim: Claim) -> Job:
    """Locks the job and makes sure that the claim still holds it; call it inside a transaction.

    Raises:
        FenceLostError: Another worker holds the job, or it is settled.
    """
    job = job_rows.lock(conn, claim.job_id)
    _check_hold(job, claim)
    return job


def _has_completed(job: Job, claim: Claim) -> bool:
    return (job.status, job.attempt, job.fence) == (JobStatus.COMPLETED, claim.attempt, claim.fence)


def _check_hold(job: Job, claim: Claim) -> None:
    if (job.status, job.attempt, job.fence) != (JobStatus.PROCESSING, claim.attempt, claim.fence):
        message = (
            f"job {job.id} is {job.status} at attempt {job.attempt}, fence {job.fence}; this worker's hold "
            f"(attempt {claim.attempt}, fence {claim.fence}) is void and it must stop"
        )
        raise FenceLostError(message, job.status)


def _record(conn: LedgerConnection, claim: Claim, event_type: str, data: Mapping[str, Any]) -> None:
    events.record(
        conn, job_id=claim.job_id, attempt=claim.attempt, fence=claim.fence, event_type=event_type, data=data
    )


def _check_outputs(claim: Claim, outputs: Sequence[OutputRecord]) -> None:
    if not outputs:
        message = f"job {claim.job_id} cannot complete without outputs"
        raise InvalidRecordError(message)
    for item in outputs:
        if not item.key.startswith(claim.output_prefix):
            message = f"output {item.name} has key {item.key}; it must lie under {claim.output_prefix}"
            raise InvalidRecordError(message)


def _insert_outputs(conn: LedgerConnection, claim: Claim, outputs: Sequence[OutputRecord]) -> None:
    with conn.cursor() as cursor:
        cursor.executemany(
            """
            INSERT INTO outputs (job_id, fence, name, kind, key, content_type, size_bytes, sha256, width,
                height, codec, bitrate_kbps, duration_seconds, frame_rate, details)
            VALUES (%(job_id)s, %(fence)s, %(name)s, %(kind)s, %(key)s, %(content_type)s, %(size_bytes)s,
                %(sha256)s, %(width)s, %(height)s, %(codec)s, %(bitrate_kbps)s, %(duration_seconds)s,
                %(frame_rate)s, %(details)s)
            """,
            [
                {
                    **asdict(item),
                    "details": Jsonb(dict(item.details)),
                    "job_id": claim.job_id,
                    "fence": claim.fence,
                }
                for item in outputs
            ],
        )


def _store_completion(
    conn: LedgerConnection,
    claim: Claim,
    media_bucket: str,
    told: Announcement,
    stage_seconds: Mapping[str, float],
    warnings: Sequence[JobWarning],
) -> None:
    seconds, odd = dict(stage_seconds), [warning.as_dict() for warning in warnings]
    conn.execute(
        """
        UPDATE jobs SET status = 'COMPLETED', stage = NULL, output_bucket = %s, output_prefix = %s,
               stage_seconds = %s, warnings = %s, announcement = %s, announcement_route = 'WORKFLOW',
               finished_at = now(), updated_at = now()
         WHERE id = %s
        """,
        (media_bucket, claim.output_prefix, Json(seconds), Jsonb(odd), Jsonb(told.as_dict()), claim.job_id),
    )
    codes = [warning.code for warning in warnings]
    _record(conn, claim, "job.completed", {"output_prefix": claim.output_prefix, "warnings": codes})
