"""What the ledger knows of things in the buckets: arrivals nobody took, outputs nobody names, ended jobs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from ledger.database.connection import LedgerConnection

# Long enough for a slow worker to hear of its job's end, and for its last upload to be over.
_REST = "1 hour"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredVersion:
    """The current version of an object."""

    key: str
    version_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedJob:
    """A job that is over and may have left objects behind.

    Attributes:
        fence: The last hold on it; a later one, after a retry, is higher.
        output_prefix: Where its outputs are; None when it did not complete.
    """

    id: UUID
    video_id: UUID
    fence: int
    finished_at: datetime
    output_prefix: str | None


def dropped_without_job(
    conn: LedgerConnection, bucket: str, dropped: Sequence[StoredVersion]
) -> list[StoredVersion]:
    """Which of these dropped files no job was ever made of, in this version or whatever version was there."""
    rows = conn.execute(
        """
        SELECT d.key, d.version_id
          FROM unnest(%(keys)s::text[], %(versions)s::text[]) AS d (key, version_id)
         WHERE NOT EXISTS (
               SELECT FROM jobs j WHERE j.source_key = d.key AND j.source_bucket = %(bucket)s
                  AND (j.source_version_id IS NULL OR j.source_version_id = d.version_id))
         ORDER BY d.key
        """,
        {
            "bucket": bucket,
            "keys": [item.key for item in dropped],
            "versions": [item.version_id for item in dropped],
        },
    ).fetchall()
    return [StoredVersion(key=key, version_id=version_id) for key, version_id in rows]


def uploads_not_noted(conn: LedgerConnection, bucket: str, keys: Sequence[str]) -> set[str]:
    """Keys of uploads whose job, waiting or ended, has not learned that its file is there."""
    rows = conn.execute(
        """
        SELECT source_key FROM jobs
         WHERE source_key = ANY (%s) AND source_bucket = %s AND source_identity = '' AND uploaded_at IS NULL
        """,
        (list(keys), bucket),
    ).fetchall()
    return {row[0] for row in rows}


def with_stale_outputs(conn: LedgerConnection, *, limit: int) -> list[EndedJob]:
    """Jobs that have been over for a while and whose holds may have left outputs, longest over first.

    A job that completed in its first hold has none; one that was retried comes again after its next end.
    """
    with conn.cursor(row_factory=class_row(EndedJob)) as cursor:
        return cursor.execute(
            """
            SELECT id, video_id, fence, finished_at, output_prefix FROM jobs
             WHERE fence > 0 AND NOT (status = 'COMPLETED' AND fence = 1)
               AND (leftovers_seen_at IS NULL OR leftovers_seen_at < finished_at)
               AND finished_at <= now() - %s::interval
             ORDER BY finished_at LIMIT %s
            """,
            (_REST, limit),
        ).fetchall()


def note_stale_outputs_seen(conn: LedgerConnection, job: EndedJob) -> None:
    """Notes that nothing is left of a job, unless it was retried meanwhile."""
    conn.execute(
        "UPDATE jobs SET leftovers_seen_at = now() WHERE id = %s AND finished_at = %s",
        (job.id, job.finished_at),
    )


def named_outputs(conn: LedgerConnection, keys: Sequence[str]) -> set[str]:
    """Which of these objects are outputs of any job, whichever made them."""
    rows = conn.execute("SELECT DISTINCT key FROM outputs WHERE key = ANY (%s)", (list(keys),)).fetchall()
    return {row[0] for row in rows}


def known(conn: LedgerConnection, job_ids: Sequence[UUID]) -> set[UUID]:
    """Which of these jobs there are, in whatever state, also those of deleted videos."""
    rows = conn.execute("SELECT id FROM jobs WHERE id = ANY (%s)", (list(job_ids),)).fetchall()
    return {row[0] for row in rows}


def ended(conn: LedgerConnection, job_ids: Sequence[UUID]) -> set[UUID]:
    """Which of these jobs have been over for a while."""
    rows = conn.execute(
        "SELECT id FROM jobs WHERE id = ANY (%s) AND finished_at <= now() - %s::interval",
        (list(job_ids), _REST),
    ).fetchall()
    return {row[0] for row in rows}
