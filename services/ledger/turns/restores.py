"""Originals on their way back from the archive: which ones, until when, and the jobs that wait for them.

Here a restore is a row for as long as it runs. A job that waits for one stays QUEUED and is not admitted;
one whose source is a restored copy is admitted only while the copy lasts.
"""

from datetime import datetime
from typing import Final
from uuid import UUID

from psycopg.rows import class_row

from ledger.database.connection import LedgerConnection
from ledger.jobs import events
from ledger.models import ArchivedSource

COPY_MARGIN: Final = "1 hour"
"""A copy that ends sooner is not worked on: the work has to begin and to read it first."""
_OF_SOURCE = """
    status = 'QUEUED' AND source_bucket = %(bucket)s AND source_key = %(key)s
    AND coalesce(source_version_id, '') = %(version_id)s"""


def note(conn: LedgerConnection, source: ArchivedSource, expected_at: datetime) -> None:
    """Takes note of a restore that was asked for just now; also of one that is asked for again."""
    conn.execute(
        """
        INSERT INTO restores (bucket, key, version_id, expected_at)
        VALUES (%(bucket)s, %(key)s, %(version_id)s, %(expected_at)s)
        ON CONFLICT (bucket, key, version_id)
        DO UPDATE SET expected_at = excluded.expected_at, looked_at = now()
        """,
        source.as_parameters() | {"expected_at": expected_at},
    )


def expected(conn: LedgerConnection, source: ArchivedSource, otherwise: datetime) -> datetime:
    """When a restore that runs is expected to be over.

    Args:
        conn: An open connection.
        source: The original.
        otherwise: What is to be expected of a restore that somebody else asked for.
    """
    conn.execute(
        """
        INSERT INTO restores (bucket, key, version_id, expected_at)
        VALUES (%(bucket)s, %(key)s, %(version_id)s, %(expected_at)s) ON CONFLICT DO NOTHING
        """,
        source.as_parameters() | {"expected_at": otherwise},
    )
    row = conn.execute(
        """
        SELECT expected_at FROM restores
         WHERE bucket = %(bucket)s AND key = %(key)s AND version_id = %(version_id)s
        """,
        source.as_parameters(),
    ).fetchone()
    return row[0] if row else otherwise  # it may have ended this very moment


def running(conn: LedgerConnection, *, limit: int) -> list[ArchivedSource]:
    """Restores that run as far as the ledger knows, the one first that nobody has looked at for longest."""
    with conn.cursor(row_factory=class_row(ArchivedSource)) as cursor:
        return cursor.execute(
            """
            UPDATE restores r SET looked_at = clock_timestamp()
              FROM (SELECT bucket, key, version_id FROM restores ORDER BY looked_at LIMIT %s) oldest
             WHERE (r.bucket, r.key, r.version_id) = (oldest.bucket, oldest.key, oldest.version_id)
            RETURNING r.bucket, r.key, r.version_id
            """,
            (limit,),
        ).fetchall()


def ending(conn: LedgerConnection, *, limit: int) -> list[ArchivedSource]:
    """Restored copies that end before the jobs that wait for their turn can have read them."""
    with conn.cursor(row_factory=class_row(ArchivedSource)) as cursor:
        return cursor.execute(
            """
            SELECT DISTINCT source_bucket AS bucket, source_key AS key,
                   coalesce(source_version_id, '') AS version_id
              FROM jobs
             WHERE status = 'QUEUED' AND dispatched_at IS NULL AND restore_expected_at IS NULL
               AND source_readable_until <= now() + %s::interval
             LIMIT %s
            """,
            (COPY_MARGIN, limit),
        ).fetchall()


def ends_early(conn: LedgerConnection, readable_until: datetime) -> bool:
    """Whether a copy ends before a job that begins now can have read it."""
    row = conn.execute("SELECT %s <= now() + %s::interval", (readable_until, COPY_MARGIN)).fetchone()
    return bool(row and row[0])


def is_wanted(conn: LedgerConnection, source: ArchivedSource) -> bool:
    """Whether a job is to read this original that has not begun."""
    query = f"SELECT EXISTS (SELECT FROM jobs WHERE {_OF_SOURCE} AND dispatched_at IS NULL)"  # noqa: S608
    row = conn.execute(query, source.as_parameters()).fetchone()
    return bool(row and row[0])


def video_of(conn: LedgerConnection, source: ArchivedSource) -> tuple[UUID, UUID] | None:
    """The newest video that was made of this original and is not deleted, with its job."""
    row = conn.execute(
        """
        SELECT j.video_id, j.id FROM jobs j JOIN videos v ON v.id = j.video_id AND v.deleted_at IS NULL
         WHERE j.source_bucket = %(bucket)s AND j.source_key = %(key)s
           AND coalesce(j.source_version_id, '') = %(version_id)s
         ORDER BY j.ordinal DESC LIMIT 1
        """,
        source.as_parameters(),
    ).fetchone()
    return (row[0], row[1]) if row else None


def hold(conn: LedgerConnection, job_id: UUID, expected_at: datetime) -> None:
    """Lets a job that was queued in this transaction wait for its source."""
    _hold(conn, "id = %(job_id)s AND status = 'QUEUED'", {"job_id": job_id}, expected_at)


def hold_all(conn: LedgerConnection, source: ArchivedSource, expected_at: datetime) -> int:
    """Lets all jobs on this original that have not begun wait for it; gives how many did not do so before."""
    with conn.transaction():
        which = f"{_OF_SOURCE} AND dispatched_at IS NULL"
        return _hold(conn, which, source.as_parameters(), expected_at)


def _hold(conn: LedgerConnection, which: str, parameters: dict[str, object], expected_at: datetime) -> int:
    rows = conn.execute(
        f"""
        WITH before AS (
            SELECT id, restore_expected_at AS known FROM jobs WHERE {which} ORDER BY id FOR UPDATE)
        UPDATE jobs j SET restore_expected_at = %(expected_at)s, source_readable_until = NULL,
               updated_at = now()
          FROM before WHERE j.id = before.id AND j.restore_expected_at IS DISTINCT FROM %(expected_at)s
        RETURNING j.id, j.attempt, j.fence, before.known IS NULL
        """,  # noqa: S608 -- constants
        parameters | {"expected_at": expected_at},
    ).fetchall()
    told = {"expected_at": expected_at.isoformat()}
    fresh = [row for row in rows if row[3]]
    for job_id, attempt, fence, _ in fresh:
        events.record(
            conn, job_id=job_id, attempt=attempt, fence=fence, event_type="job.restoring", data=told
        )
    return len(fresh)


def note_copy(conn: LedgerConnection, job_id: UUID, readable_until: datetime) -> None:
    """Notes of a job that was queued in this transaction that its source is a restored copy."""
    conn.execute("UPDATE jobs SET source_readable_until = %s WHERE id = %s", (readable_until, job_id))


def release(conn: LedgerConnection, source: ArchivedSource, readable_until: datetime | None) -> int:
    """Ends a restore: the jobs that waited for it wait for their turn now; repeats change nothing.

    Args:
        conn: An open connection.
        source: The original that can be read, or that is gone, which the worker then tells.
        readable_until: When the copy ends; None where it is no copy.

    Returns:
        How many jobs have waited.
    """
    parameters = source.as_parameters() | {"until": readable_until}
    with conn.transaction():
        # Locked in the order of all who change several jobs.
        conn.execute(f"SELECT FROM jobs WHERE {_OF_SOURCE} ORDER BY id FOR UPDATE", parameters)
        woken = conn.execute(
            f"""
            UPDATE jobs SET restore_expected_at = NULL, source_readable_until = %(until)s, updated_at = now()
             WHERE {_OF_SOURCE} AND restore_expected_at IS NOT NULL
            RETURNING id, attempt, fence
            """,  # noqa: S608 -- constants
            parameters,
        ).fetchall()
        for job_id, attempt, fence in woken:
            events.record(conn, job_id=job_id, attempt=attempt, fence=fence, event_type="job.restored")
        conn.execute(
            f"UPDATE jobs SET source_readable_until = %(until)s WHERE {_OF_SOURCE} AND dispatched_at IS NULL",  # noqa: S608
            parameters,
        )
        forget(conn, source)
    return len(woken)


def forget(conn: LedgerConnection, source: ArchivedSource) -> None:
    """Drops a restore that came to nothing and that nobody waits for."""
    conn.execute(
        "DELETE FROM restores WHERE bucket = %(bucket)s AND key = %(key)s AND version_id = %(version_id)s",
        source.as_parameters(),
    )
