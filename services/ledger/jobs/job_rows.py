"""Reads job rows for the transitions, locked so that what was decided on is what is changed."""

from typing import Any
from uuid import UUID

from psycopg.rows import dict_row

from ledger.announcements.announcement import JobFacts
from ledger.database.connection import LedgerConnection
from ledger.errors import JobNotFoundError
from ledger.models import Announcement, Job
from ledger.states import AnnouncementRoute, JobStatus

_SELECT = """
    SELECT id, video_id, status, owner, attempt, attempt_limit, fence, profile, filename, source_bucket,
           source_key, source_sequencer, source_size_bytes, uploaded_at, execution_arn, task_token, stage,
           announcement, announcement_route, created_at, started_at
      FROM jobs WHERE id = %s"""
_SELECT_LOCKED = _SELECT + " FOR UPDATE"


def _to_job(row: dict[str, Any]) -> Job:
    announcement = row["announcement"]
    return Job(
        **row
        | {
            "status": JobStatus(row["status"]),
            "announcement": Announcement.from_dict(announcement) if announcement else None,
            "announcement_route": AnnouncementRoute(row["announcement_route"]),
        }
    )


def find(conn: LedgerConnection, job_id: UUID) -> Job | None:
    """The job as it is, or None."""
    with conn.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(_SELECT, (job_id,)).fetchone()
    return _to_job(row) if row else None


def lock(conn: LedgerConnection, job_id: UUID) -> Job:
    """The job, held against other transitions until the transaction ends.

    Raises:
        JobNotFoundError: No such job.
    """
    with conn.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(_SELECT_LOCKED, (job_id,)).fetchone()
    if row is None:
        message = f"there is no job {job_id}"
        raise JobNotFoundError(message)
    return _to_job(row)


def facts(conn: LedgerConnection, job: Job, stack: str) -> JobFacts:
    """What an announcement says about the job."""
    row = conn.execute(
        "SELECT extract(epoch FROM clock_timestamp() - queued_at)::float8 FROM jobs WHERE id = %s", (job.id,)
    ).fetchone()
    return JobFacts(
        job_id=job.id,
        video_id=job.video_id,
        attempt=job.attempt,
        stack=stack,
        profile=job.profile,
        filename=job.filename,
        source_key=job.source_key,
        size_bytes=job.source_size_bytes,
        elapsed_seconds=row[0] if row else None,
    )


def choose_playing(conn: LedgerConnection, video_id: UUID) -> None:
    """Lets the ledger choose anew which job of the video plays; call it when one has completed."""
    # The trigger of migration 0017 holds the rule and puts its choice in the place of any value given here.
    conn.execute("UPDATE videos SET current_job_id = current_job_id WHERE id = %s", (video_id,))
