"""What became of an endpoint's events, and sending them again."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

if TYPE_CHECKING:
    # Only named here: a route that never reaches the database must not load its driver.
    from ledger.database.connection import LedgerConnection

MAX_REPLAYED: Final = 10_000
_COLUMNS: Final = (
    "d.id, d.event_id, v.type, v.job_id, d.status, d.attempts, d.due_at, d.last_attempt_at,"
    " d.last_status_code, d.last_error, d.created_at, d.delivered_at"
)


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """A delivery as callers see it; the order of its fields is the order of the columns read."""

    id: UUID
    event_id: UUID
    event_type: str
    job_id: UUID | None
    status: str
    attempts: int
    due_at: datetime
    last_attempt_at: datetime | None
    last_status_code: int | None
    last_error: str | None
    created_at: datetime
    delivered_at: datetime | None


def find(
    conn: "LedgerConnection",
    endpoint_id: UUID,
    *,
    status: str | None,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[DeliveryRow]:
    """An endpoint's deliveries, newest first.

    Args:
        conn: An open connection.
        endpoint_id: The endpoint.
        status: Only those in this status.
        after: Creation time and id of the last delivery of the page before.
        limit: Most deliveries to return.
    """
    conditions = ["d.endpoint_id = %(endpoint_id)s"]
    conditions += ["d.status = %(status)s"] if status else []
    conditions += ["(d.created_at, d.id) < (%(time)s, %(id)s)"] if after else []
    time, delivery_id = after or (None, None)
    rows = conn.execute(
        f"SELECT {_COLUMNS} FROM webhook_deliveries d JOIN webhook_events v ON v.id = d.event_id"  # noqa: S608
        f" WHERE {' AND '.join(conditions)} ORDER BY d.created_at DESC, d.id DESC LIMIT %(limit)s",
        {"endpoint_id": endpoint_id, "status": status, "time": time, "id": delivery_id, "limit": limit},
    )
    return [DeliveryRow(*row) for row in rows]


def replay_event(conn: "LedgerConnection", endpoint_id: UUID, event_id: UUID) -> int:
    """Has one event sent to the endpoint again, whatever came of it before, also if it never was.

    Returns:
        1, or 0 when there is no such event, or it is on its way right now.
    """
    return _replay(conn, endpoint_id, "v.id = %(event_id)s", {"event_id": event_id})


def replay_since(conn: "LedgerConnection", endpoint_id: UUID, since: datetime, *, all_events: bool) -> int:
    """Has the events since a time sent to the endpoint again that it asks for.

    Args:
        conn: An open connection.
        endpoint_id: The endpoint.
        since: Inclusive.
        all_events: Also those that were delivered.

    Returns:
        How many.
    """
    condition = (
        "v.created_at >= %(since)s AND v.type = ANY (e.event_types)"
        " AND (%(all)s OR NOT EXISTS (SELECT FROM webhook_deliveries d"
        " WHERE d.event_id = v.id AND d.endpoint_id = e.id AND d.status = 'DELIVERED'))"
    )
    return _replay(conn, endpoint_id, condition, {"since": since, "all": all_events})


def _replay(
    conn: "LedgerConnection", endpoint_id: UUID, condition: str, parameters: dict[str, object]
) -> int:
    query = f"""
        INSERT INTO webhook_deliveries AS known (endpoint_id, event_id)
        SELECT e.id, v.id FROM webhook_endpoints e, webhook_events v
         WHERE e.id = %(endpoint_id)s AND (e.client IS NULL OR e.client = v.client) AND {condition}
         ORDER BY v.created_at LIMIT {MAX_REPLAYED}
        ON CONFLICT (endpoint_id, event_id) DO UPDATE
           SET status = 'PENDING', attempts = 0, due_at = now(), delivered_at = NULL
         WHERE known.status <> 'SENDING'
    """  # noqa: S608 -- conditions are constants of this file
    with conn.transaction():
        return conn.execute(query, {"endpoint_id": endpoint_id, **parameters}).rowcount
