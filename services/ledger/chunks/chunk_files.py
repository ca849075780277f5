"""Which jobs still need the files that their chunks share."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from uuid import UUID

from ledger.database.connection import LedgerConnection

# How long the files of a failed job are kept: a retry within this time encodes only what is missing.
_FAILED_FILES_LIFETIME = "24 hours"


def jobs_in_need(conn: LedgerConnection, job_ids: Sequence[UUID]) -> set[UUID]:
    """Which of these jobs may still use their shared files: those under way, and those that failed lately."""
    rows = conn.execute(
        """
        SELECT id FROM jobs
         WHERE id = ANY(%s) AND (status IN ('PENDING', 'QUEUED', 'PROCESSING')
            OR (status = 'FAILED' AND finished_at > now() - %s::interval))
        """,
        (list(job_ids), _FAILED_FILES_LIFETIME),
    ).fetchall()
    return {row[0] for row in rows}


@contextmanager
def unneeded(conn: LedgerConnection, job_id: UUID) -> Iterator[bool]:
    """Tells whether a job needs its shared files no more; it cannot be taken up again while the block runs.

    A job that the ledger does not know needs none.
    """
    with conn.transaction():
        conn.execute("SELECT FROM jobs WHERE id = %s FOR UPDATE", (job_id,))
        yield not jobs_in_need(conn, [job_id])
