"""Announcements that the ledger owes: stored with the change they tell about, delivered at least once."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from ledger.database.connection import LedgerConnection
from ledger.models import Announcement
from ledger.states import Topic

_FIRST_DELAY_SECONDS = 15.0
_MAX_DELAY_SECONDS = 3600.0
_MAX_ERROR_CHARACTERS = 500

Publish = Callable[[Topic, Announcement], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class DrainResult:
    """How many announcements went out and how many were put off."""

    delivered: int
    postponed: int


def enqueue(conn: LedgerConnection, job_id: UUID, topic: Topic, announcement: Announcement) -> None:
    """Adds an announcement inside the caller's transaction; one event is stored only once."""
    conn.execute(
        """
        INSERT INTO outbox (event_id, job_id, topic, announcement) VALUES (%s, %s, %s, %s)
        ON CONFLICT (event_id) DO NOTHING
        """,
        (announcement.attributes["event_id"], job_id, topic, Jsonb(announcement.as_dict())),
    )


def drain(conn: LedgerConnection, publish: Publish, *, limit: int = 100) -> DrainResult:
    """Delivers what is due, oldest first; parallel drainers share the work without repeating any.

    A refused delivery stays for later with a growing, jittered delay, and does not hold up the others.

    Args:
        conn: An open connection.
        publish: Delivers one announcement or raises.
        limit: Most deliveries tried in this call.
    """
    delivered = postponed = 0
    while delivered + postponed < limit:
        outcome = _deliver_next(conn, publish)
        if outcome is None:
            break
        delivered += outcome
        postponed += not outcome
    return DrainResult(delivered=delivered, postponed=postponed)


def _deliver_next(conn: LedgerConnection, publish: Publish) -> bool | None:
    # The row stays locked while it is published: a drainer that dies gives it back at once.
    with conn.transaction():
        row = conn.execute(
            """
            SELECT id, topic, announcement, attempts FROM outbox
             WHERE delivered_at IS NULL AND available_at <= now()
             ORDER BY available_at, id LIMIT 1 FOR UPDATE SKIP LOCKED
            """
        ).fetchone()
        if row is None:
            return None
        row_id, topic, announcement, attempts = row
        try:
            publish(Topic(topic), Announcement.from_dict(announcement))
        except Exception as error:  # noqa: BLE001 - whatever went wrong, the row must stay for later
            _postpone(conn, row_id, attempts + 1, error)
            return False
        conn.execute(
            "UPDATE outbox SET delivered_at = clock_timestamp(), attempts = attempts + 1 WHERE id = %s",
            (row_id,),
        )
    return True


def _postpone(conn: LedgerConnection, row_id: Any, attempts: int, error: Exception) -> None:
    ceiling = min(_FIRST_DELAY_SECONDS * 2 ** min(attempts - 1, 10), _MAX_DELAY_SECONDS)
    delay = random.uniform(ceiling / 2, ceiling)  # noqa: S311 - jitter, not a secret
    conn.execute(
        """
        UPDATE outbox SET attempts = %s, last_error = %s,
               available_at = clock_timestamp() + make_interval(secs => %s)
         WHERE id = %s
        """,
        (
            attempts,
            f"{type(error).__name__}: {error}"[:_MAX_ERROR_CHARACTERS].replace("\0", ""),
            delay,
            row_id,
        ),
    )
