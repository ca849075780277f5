"""The audit trail of records: what people changed about them and who it was, never changed afterwards."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from ledger.access.actors import actor_of

if TYPE_CHECKING:
    # Only named here: a route that never reaches the database must not load its driver.
    from ledger.database.connection import LedgerConnection


@dataclass(frozen=True, slots=True)
class RecordEvent:
    """One entry of a record's history; the order of its fields is the order of the columns read.

    Attributes:
        actor: Who did it, as `Actor.as_dict` writes it; None for the platform itself.
        data: Names of what changed, and the like; never the content, which a purge must be able to erase.
    """

    id: int
    type: str
    at: datetime
    actor: dict[str, Any] | None
    data: dict[str, Any]


def record(
    conn: "LedgerConnection", video_id: UUID, event_type: str, data: Mapping[str, Any] | None = None
) -> None:
    """Adds an event; call it inside the transaction of the change that it tells about.

    Args:
        conn: An open connection; whoever it works for did it.
        video_id: The record.
        event_type: Dotted lower-case words, e.g. `record.changed`.
        data: JSON-serialisable facts without content.
    """
    conn.execute(
        "INSERT INTO record_events (video_id, type, actor, data) VALUES (%s, %s, %s::jsonb, %s::jsonb)",
        [video_id, event_type, actor_of(conn), json.dumps(dict(data or {}))],
        prepare=True,
    )


def of_video(
    conn: "LedgerConnection", video_id: UUID, *, after_id: int, limit: int
) -> list[RecordEvent] | None:
    """The history of a record, oldest first; None when there is no such record.

    Args:
        conn: An open connection.
        video_id: The record.
        after_id: Id of the last event of the page before, or 0.
        limit: Most events to return.
    """
    query = (
        "SELECT e.id, e.type, e.at, e.actor, e.data FROM videos v LEFT JOIN LATERAL ("
        " SELECT * FROM record_events WHERE video_id = v.id AND id > %s ORDER BY id LIMIT %s) e ON true"
        " WHERE v.id = %s AND v.deleted_at IS NULL ORDER BY e.id"
    )
    rows = conn.execute(query, [after_id, limit, video_id]).fetchall()
    if not rows:
        return None
    return [RecordEvent(*row) for row in rows if row[0] is not None]
