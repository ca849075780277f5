"""How often the event of a lost file was told again, when it is next, and when that is given up."""

from collections.abc import Sequence
from typing import Final

from ledger.buckets.stored_objects import StoredVersion
from ledger.database.connection import LedgerConnection

# Told five times within 15 hours, looked at once more after another 16.
MOST_TIMES: Final = 5
_FIRST_PAUSE: Final = "1 hour"
# A file that no scan has found for so long has a job by now, or is gone.
_KEPT: Final = "30 days"


def due(conn: LedgerConnection, bucket: str, missed: Sequence[StoredVersion]) -> list[StoredVersion]:
    """Takes note of files without a job, and gives those that are to be told of now."""
    rows = conn.execute(
        """
        INSERT INTO resent_events AS known (bucket, key, version_id)
        SELECT %(bucket)s, m.key, m.version_id FROM unnest(%(keys)s::text[], %(versions)s::text[])
               WITH ORDINALITY AS m (key, version_id, place) ORDER BY m.place
        ON CONFLICT (bucket, key, version_id) DO UPDATE SET seen_at = now()
        RETURNING key, version_id, times < %(most)s AND due_at <= now()
        """,
        {**_versions(bucket, missed), "most": MOST_TIMES},
    ).fetchall()
    return [StoredVersion(key=key, version_id=version_id) for key, version_id, is_due in rows if is_due]


def note_sent(conn: LedgerConnection, bucket: str, sent: Sequence[StoredVersion]) -> None:
    """Counts a telling; each pause is twice as long as the one before."""
    conn.execute(
        """
        UPDATE resent_events e SET times = times + 1, due_at = now() + %(pause)s::interval * power(2, times)
          FROM unnest(%(keys)s::text[], %(versions)s::text[]) AS s (key, version_id)
         WHERE e.bucket = %(bucket)s AND e.key = s.key AND e.version_id = s.version_id
        """,
        {**_versions(bucket, sent), "pause": _FIRST_PAUSE},
    )


def give_up(conn: LedgerConnection) -> list[StoredVersion]:
    """Files that have no job although all was told; each is given once. Forgets what is over."""
    with conn.transaction():
        conn.execute("DELETE FROM resent_events WHERE seen_at < now() - %s::interval", (_KEPT,))
        rows = conn.execute(
            """
            UPDATE resent_events SET given_up_at = now()
             WHERE given_up_at IS NULL AND times >= %s AND due_at <= now() AND seen_at >= due_at
            RETURNING key, version_id
            """,
            (MOST_TIMES,),
        ).fetchall()
    return [StoredVersion(key=key, version_id=version_id) for key, version_id in rows]


def _versions(bucket: str, found: Sequence[StoredVersion]) -> dict[str, object]:
    return {
        "bucket": bucket,
        "keys": [item.key for item in found],
        "versions": [item.version_id for item in found],
    }
