"""The audit trail: one row per thing that happened to a job, never changed afterwards.

What webhooks tell is stored with it, so that no transition can forget to.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from ledger.access.actors import actor_of
from ledger.database.connection import LedgerConnection
from ledger.webhooks import webhook_events


def record(
    conn: LedgerConnection,
    *,
    job_id: UUID,
    attempt: int,
    fence: int,
    event_type: str,
    data: Mapping[str, Any] | None = None,
) -> None:
    """Adds an event; call it inside the transaction of the change that it tells about.

    Args:
        conn: An open connection; whoever it works for did it.
        job_id: The job.
        attempt: The attempt it happened in.
        fence: The hold it happened under; 0 before the first claim.
        event_type: Dotted lower-case words, e.g. `job.completed`.
        data: JSON-serialisable facts.
    """
    conn.execute(
        "INSERT INTO events (job_id, attempt, fence, type, actor, data)"
        " VALUES (%s, %s, %s, %s, %s::jsonb, %s)",
        (job_id, attempt, fence, event_type, actor_of(conn), Jsonb(dict(data or {}))),
    )
    webhook_events.tell_job(conn, job_id, attempt, event_type)
