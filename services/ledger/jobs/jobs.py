"""How jobs come to be, are started, cancelled and retried."""

from dataclasses import fields
from uuid import UUID

from psycopg.types.json import Jsonb

from ledger.access.actors import actor_of
from ledger.database.connection import LedgerConnection
from ledger.errors import WrongStateError
from ledger.jobs import events, job_rows
from ledger.jobs.job_queries import COLUMNS, JobRow
from ledger.models import Job, NewJob, SourceObject
from ledger.overrides import NO_OVERRIDES, Overrides
from ledger.states import JobStatus
from ledger.videos.videos import VideoDraft

# `asdict` copies every value deeply.
_NEW_JOB_FIELDS = tuple(field.name for field in fields(NewJob))
_NEW_VIDEO = """
    video AS (
        INSERT INTO videos (id, client, title, description, tags, language, attributes)
        VALUES (%(video_id)s, %(owner)s, %(title)s, %(description)s, %(tags)s, %(language)s,
            %(attributes)s::jsonb)),"""
_INSERT = """
    WITH known AS (
        -- Asked first: a conflict would wait for whoever is giving a slot to this owner.
        INSERT INTO job_owners (owner) SELECT %(owner)s
         WHERE NOT EXISTS (SELECT FROM job_owners WHERE owner = %(owner)s) ON CONFLICT DO NOTHING),{video}
    made AS (
        INSERT INTO jobs (id, video_id, status, owner, priority, profile, filename, content_type, upload_id,
            batch_id, execution_arn, publish, profile_version,
            declared_size_bytes, declared_sha256, source_bucket, source_key, source_identity,
            source_version_id, source_etag, source_sequencer, source_size_bytes, uploaded_at, queued_at)
        VALUES (%(id)s, %(video_id)s, %(status)s, %(owner)s, %(priority)s, %(profile)s, %(filename)s,
            %(content_type)s, %(upload_id)s, %(batch_id)s, %(execution_arn)s, %(publish)s,
            %(profile_version)s,
            %(declared_size_bytes)s, %(declared_sha256)s, %(source_bucket)s, %(source_key)s, %(identity)s,
            %(version_id)s, %(etag)s, %(sequencer)s, %(size_bytes)s,
            CASE WHEN %(arrived)s THEN now() END, CASE WHEN %(arrived)s THEN now() END)
        RETURNING *),
    noted AS (
        INSERT INTO events (job_id, attempt, fence, type, actor, data)
        SELECT id, attempt, fence, 'job.created', %(actor)s::jsonb,
               jsonb_build_object('status', status, 'profile', profile, 'priority', priority)
          FROM made)
    SELECT {columns} FROM made j"""
_FOR_NEW_VIDEO = _INSERT.format(video=_NEW_VIDEO, columns=COLUMNS)
_FOR_KNOWN_VIDEO = _INSERT.format(video="", columns=COLUMNS)
UPLOAD_IDENTITY = ""


def insert(
    conn: LedgerConnection,
    new: NewJob,
    status: JobStatus,
    identity: str | None,
    source: SourceObject | None,
    *,
    video: VideoDraft | None = None,
) -> JobRow:
    """Stores a new job, in one statement and so also without a transaction of the caller.

    Args:
        conn: An open connection.
        new: The job.
        status: PENDING, or QUEUED when the source is there.
        identity: Which delivery of the key the job is for; None if the same object may be ordered again.
        source: The object, once it has arrived.
        video: What to make the job's video of; None when it exists.

    Returns:
        The job as it was stored.
    """
    row = conn.execute(
        _FOR_KNOWN_VIDEO if video is None else _FOR_NEW_VIDEO,
        {
            **{name: getattr(new, name) for name in _NEW_JOB_FIELDS},
            "status": status,
            "identity": identity,
            "version_id": source.version_id if source else None,
            "etag": source.etag if source else None,
            "sequencer": source.sequencer if source else None,
            "size_bytes": source.size_bytes if source else None,
            "arrived": source is not None,
            "actor": actor_of(conn),
            **(video.as_parameters() if video else {}),
        },
        prepare=True,
    ).fetchone()
    assert row is not None, "INSERT ... RETURNING always gives a row"  # noqa: S101 -- for the type checker
    return JobRow(*row)


def record_execution(conn: LedgerConnection, job_id: UUID, attempt: int, execution_arn: str) -> None:
    """Stores which execution runs the attempt; the first one recorded stays."""
    with conn.transaction():
        row = conn.execute(
            """
            UPDATE jobs SET execution_arn = %s, updated_at = now()
             WHERE id = %s AND attempt = %s AND execution_arn IS NULL RETURNING fence
            """,
            (execution_arn, job_id, attempt),
        ).fetchone()
        if row is not None:
            events.record(
                conn,
                job_id=job_id,
                attempt=attempt,
                fence=row[0],
                event_type="job.dispatched",
                data={"execution_arn": execution_arn},
            )


def cancel(conn: LedgerConnection, job_id: UUID) -> Job:
    """Ends the job without a result; a running worker learns it at its next heartbeat.

    Repeats change nothing.

    Raises:
        JobNotFoundError: No such job.
        WrongStateError: The job has completed or failed.
    """
    with conn.transaction():
        job = job_rows.lock(conn, job_id)
        if job.status is JobStatus.CANCELLED:
            return job
        if job.status in {JobStatus.COMPLETED, JobStatus.FAILED}:
            message = f"job {job_id} is {job.status} and cannot be cancelled"
            raise WrongStateError(message)
        conn.execute(
            """
            UPDATE jobs SET status = 'CANCELLED', stage = NULL, task_token = NULL, finished_at = now(),
                   restore_expected_at = NULL, updated_at = now()
             WHERE id = %s
            """,
            (job_id,),
        )
        events.record(conn, job_id=job_id, attempt=job.attempt, fence=job.fence, event_type="job.cancelled")
        return job_rows.lock(conn, job_id)


def retry(conn: LedgerConnection, job_id: UUID) -> Job:
    """Queues a failed or cancelled job again as a new attempt, with a fresh allowance of automatic attempts.

    Raises:
        JobNotFoundError: No such job.
        WrongStateError: The job is not failed or cancelled, or its file never arrived.
    """
    with conn.transaction():
        job = job_rows.lock(conn, job_id)
        if job.status not in {JobStatus.FAILED, JobStatus.CANCELLED}:
            message = f"job {job_id} is {job.status}; only a FAILED or CANCELLED job can be retried"
            raise WrongStateError(message)
        if job.uploaded_at is None:
            message = f"job {job_id} has no uploaded file; create a new job and upload the file"
            raise WrongStateError(message)
        conn.execute(
            """
            UPDATE jobs SET status = 'QUEUED', attempt = attempt + 1, attempt_limit = attempt + 3,
                   dispatched_at = NULL, execution_arn = NULL, task_arn = NULL, task_token = NULL,
                   stage = NULL, heartbeat_at = NULL, short_since = NULL, error_code = NULL,
                   error_message = NULL, error_remedy = NULL, announcement = NULL,
                   announcement_route = 'NONE',
                   queued_at = now(), started_at = NULL, finished_at = NULL, source_readable_until = NULL,
                   updated_at = now()
             WHERE id = %s
            """,
            (job_id,),
        )
        events.record(conn, job_id=job_id, attempt=job.attempt + 1, fence=job.fence, event_type="job.retried")
        return job_rows.lock(conn, job_id)


def store_overrides(conn: LedgerConnection, job_id: UUID, overrides: Overrides) -> None:
    """Keeps what a new job asks for beyond its profile, inside the transaction that makes it."""
    if overrides != NO_OVERRIDES:
        conn.execute("UPDATE jobs SET overrides = %s WHERE id = %s", (Jsonb(overrides.as_dict()), job_id))
