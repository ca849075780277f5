"""Batches: which jobs were ordered in one call."""

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    # Only named here: a route that never reaches the database must not load its driver.
    from ledger.database.connection import LedgerConnection


def create(conn: "LedgerConnection", batch_id: UUID, client: str) -> None:
    """Stores a new batch of a client inside the caller's transaction; its jobs name it."""
    conn.execute("INSERT INTO batches (id, client) VALUES (%s, %s)", [batch_id, client])


def created_at(conn: "LedgerConnection", batch_id: UUID) -> datetime | None:
    """When the batch was ordered; None when there is no such batch."""
    row = conn.execute("SELECT created_at FROM batches WHERE id = %s", [batch_id]).fetchone()
    return row[0] if row else None
