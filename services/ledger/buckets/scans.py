"""Scans through buckets that take several runs: where the last run stopped, and when a new scan is due."""

from dataclasses import dataclass

from psycopg.rows import class_row

from ledger.database.connection import LedgerConnection

# What a scan finds takes a while to heal, so they must not follow each other at once.
BETWEEN_STARTS = "1 hour"


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    """Where a listing goes on, in S3's two markers; both are empty at its beginning."""

    key_marker: str = ""
    id_marker: str = ""


def begin(conn: LedgerConnection, name: str, *, between_starts: str = BETWEEN_STARTS) -> Marker | None:
    """Where to go on; None when the last scan is over and the next one is not due yet.

    Args:
        conn: An open connection.
        name: The scan.
        between_starts: Least time between the beginnings of two scans, as PostgreSQL reads it.
    """
    with conn.cursor(row_factory=class_row(Marker)) as cursor:
        return cursor.execute(
            """
            INSERT INTO walks AS w (name) VALUES (%(name)s)
            ON CONFLICT (name) DO UPDATE
               SET ended = false, started_at = CASE WHEN w.ended THEN now() ELSE w.started_at END
             WHERE NOT w.ended OR w.started_at <= now() - %(pause)s::interval
            RETURNING key_marker, id_marker
            """,
            {"name": name, "pause": between_starts},
        ).fetchone()


def proceed(conn: LedgerConnection, name: str, marker: Marker) -> None:
    """Notes how far a scan has come."""
    conn.execute(
        """
        INSERT INTO walks (name, key_marker, id_marker) VALUES (%s, %s, %s)
        ON CONFLICT (name) DO UPDATE SET key_marker = excluded.key_marker, id_marker = excluded.id_marker
        """,
        (name, marker.key_marker, marker.id_marker),
    )


def position(conn: LedgerConnection, name: str) -> Marker:
    """How far a scan has come that is never over."""
    with conn.cursor(row_factory=class_row(Marker)) as cursor:
        query = "SELECT key_marker, id_marker FROM walks WHERE name = %s"
        return cursor.execute(query, (name,)).fetchone() or Marker()


def end(conn: LedgerConnection, name: str) -> None:
    """Notes that a scan has seen everything."""
    conn.execute("UPDATE walks SET ended = true, key_marker = '', id_marker = '' WHERE name = %s", (name,))
