"""Which client a record, a job, a batch or an object in the bucket belongs to.

A job is its record's: whoever owns the record owns what was made of it, also after it was handed over.
"""

from typing import TYPE_CHECKING
from uuid import UUID

from ledger.access import clients, record_events

if TYPE_CHECKING:
    # Only named here: a route that never reaches the database must not load its driver.
    from ledger.database.connection import LedgerConnection


def of_video(conn: "LedgerConnection", video_id: UUID) -> str | None:
    """The client of a record, deleted or not; None when there never was such a record."""
    row = conn.execute("SELECT client FROM videos WHERE id = %s", [video_id], prepare=True).fetchone()
    return row[0] if row else None


def of_job(conn: "LedgerConnection", job_id: UUID) -> str | None:
    """The client of a job's record, deleted or not; None when there never was such a job."""
    query = "SELECT v.client FROM jobs j JOIN videos v ON v.id = j.video_id WHERE j.id = %s"
    row = conn.execute(query, [job_id], prepare=True).fetchone()
    return row[0] if row else None


def of_batch(conn: "LedgerConnection", batch_id: UUID) -> str | None:
    """The client that ordered a batch; None when there is no such batch."""
    row = conn.execute("SELECT client FROM batches WHERE id = %s", [batch_id]).fetchone()
    return row[0] if row else None


def has_source(conn: "LedgerConnection", client: str, bucket: str, key: str) -> bool:
    """Whether an object was uploaded or dropped for a record of this client."""
    query = (
        "SELECT EXISTS (SELECT FROM jobs j JOIN videos v ON v.id = j.video_id AND v.deleted_at IS NULL"
        " WHERE j.source_bucket = %s AND j.source_key = %s AND v.client = %s)"
    )
    row = conn.execute(query, [bucket, key, client], prepare=True).fetchone()
    return bool(row and row[0])


def hand_over(conn: "LedgerConnection", video_id: UUID, client: str) -> bool:
    """Gives a record, with all that was made of it, to another client; False when there is no such record.

    Raises:
        UnknownClientError: No client has this id.
    """
    with conn.transaction():
        clients.check(conn, client)
        query = "SELECT client FROM videos WHERE id = %s AND deleted_at IS NULL FOR UPDATE"
        row = conn.execute(query, [video_id]).fetchone()
        if row is None:
            return False
        if row[0] != client:
            conn.execute(
                "UPDATE videos SET client = %s, updated_at = now(), version = version + 1 WHERE id = %s",
                [client, video_id],
            )
            told = {"from": row[0], "to": client}
            record_events.record(conn, video_id, "record.handed_over", told)
    return True
