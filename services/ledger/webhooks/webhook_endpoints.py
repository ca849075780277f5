"""Who is told about jobs: the addresses that webhooks go to, with their secrets in sealed form only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Final
from uuid import UUID

if TYPE_CHECKING:
    # Only named here: a route that never reaches the database must not load its driver.
    from ledger.database.connection import LedgerConnection

_COLUMNS: Final = (
    "id, url, client, description, event_types, disabled_reason, failing_since, former_secret_until,"
    " created_at, updated_at"
)
# Holds for the transaction: two calls at once must not both find the last place free.
_LOCK: Final = "SELECT pg_advisory_xact_lock(hashtextextended('webhook endpoints', 0))"


class DisabledReason(StrEnum):
    """Why an endpoint gets no events: its owner wants none, it answered 410, or it failed for days."""

    REQUESTED = "REQUESTED"
    GONE = "GONE"
    FAILING = "FAILING"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A stored endpoint without its secrets; the order of its fields is the order of the columns read."""

    id: UUID
    url: str
    client: str | None
    description: str
    event_types: list[str]
    disabled_reason: str | None
    failing_since: datetime | None
    former_secret_until: datetime | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointDraft:
    """What a caller may write of an endpoint.

    Attributes:
        event_types: At least one of `webhook_events.EVENT_TYPES`.
        disabled_reason: None while it is to get events.
        client: Whose jobs it is told about; None means everybody's.
    """

    url: str
    description: str
    event_types: Sequence[str]
    disabled_reason: DisabledReason | None = None
    client: str | None = None


def create(
    conn: "LedgerConnection", endpoint_id: UUID, draft: EndpointDraft, sealed_secret: str, *, limit: int
) -> Endpoint | None:
    """Stores a new endpoint inside the caller's transaction.

    Returns:
        The endpoint, or None when there are `limit` of them already.
    """
    conn.execute(_LOCK)
    row = conn.execute(
        "INSERT INTO webhook_endpoints (id, url, client, description, event_types, disabled_reason,"  # noqa: S608
        " sealed_secret) SELECT %(id)s, %(url)s, %(client)s, %(description)s, %(event_types)s::text[],"
        " %(disabled_reason)s, %(sealed)s"
        " WHERE (SELECT count(*) FROM webhook_endpoints WHERE deleted_at IS NULL) < %(limit)s"
        f" RETURNING {_COLUMNS}",
        {
            "id": endpoint_id,
            "url": draft.url,
            "client": draft.client,
            "description": draft.description,
            "event_types": list(draft.event_types),
            "disabled_reason": draft.disabled_reason,
            "sealed": sealed_secret,
            "limit": limit,
        },
    ).fetchone()
    return None if row is None else Endpoint(*row)


def get(conn: "LedgerConnection", endpoint_id: UUID, *, lock: bool = False) -> Endpoint | None:
    """The endpoint, unless it never existed or was deleted; `lock` holds it for the transaction."""
    query = (
        f"SELECT {_COLUMNS} FROM webhook_endpoints WHERE id = %s AND deleted_at IS NULL"  # noqa: S608
        f"{' FOR NO KEY UPDATE' if lock else ''}"
    )
    row = conn.execute(query, [endpoint_id]).fetchone()
    return None if row is None else Endpoint(*row)


def find(conn: "LedgerConnection", *, after: tuple[datetime, UUID] | None, limit: int) -> list[Endpoint]:
    """Endpoints, newest first.

    Args:
        conn: An open connection.
        after: Creation time and id of the last endpoint of the page before.
        limit: Most endpoints to return.
    """
    condition = "" if after is None else " AND (created_at, id) < (%(time)s, %(id)s)"
    time, endpoint_id = after or (None, None)
    rows = conn.execute(
        f"SELECT {_COLUMNS} FROM webhook_endpoints WHERE deleted_at IS NULL{condition}"  # noqa: S608
        " ORDER BY created_at DESC, id DESC LIMIT %(limit)s",
        {"time": time, "id": endpoint_id, "limit": limit},
    )
    return [Endpoint(*row) for row in rows]


def replace(conn: "LedgerConnection", endpoint_id: UUID, draft: EndpointDraft) -> Endpoint | None:
    """Writes all writable fields; an endpoint that is enabled starts without a record of failures."""
    row = conn.execute(
        "UPDATE webhook_endpoints SET url = %(url)s, client = %(client)s,"  # noqa: S608
        " description = %(description)s,"
        " event_types = %(event_types)s::text[], disabled_reason = %(disabled_reason)s,"
        " failing_since = CASE WHEN disabled_reason IS NULL AND url = %(url)s THEN failing_since END,"
        " updated_at = now()"
        f" WHERE id = %(id)s AND deleted_at IS NULL RETURNING {_COLUMNS}",
        {
            "id": endpoint_id,
            "url": draft.url,
            "client": draft.client,
            "description": draft.description,
            "event_types": list(draft.event_types),
            "disabled_reason": draft.disabled_reason,
        },
    ).fetchone()
    return None if row is None else Endpoint(*row)


def replace_secret(
    conn: "LedgerConnection", endpoint_id: UUID, sealed_secret: str, *, overlap_seconds: int
) -> Endpoint | None:
    """Gives the endpoint a new secret; the former one signs as well until the overlap ends."""
    row = conn.execute(
        "UPDATE webhook_endpoints SET former_sealed_secret = sealed_secret,"  # noqa: S608 -- constants
        " former_secret_until = now() + make_interval(secs => %(overlap)s),"
        " sealed_secret = %(sealed)s, updated_at = now()"
        f" WHERE id = %(id)s AND deleted_at IS NULL RETURNING {_COLUMNS}",
        {"id": endpoint_id, "sealed": sealed_secret, "overlap": overlap_seconds},
    ).fetchone()
    return None if row is None else Endpoint(*row)


def mark_deleted(conn: "LedgerConnection", endpoint_id: UUID) -> bool:
    """Hides the endpoint, so that it gets no more events; its rows are purged later."""
    return bool(
        conn.execute(
            "UPDATE webhook_endpoints SET deleted_at = now() WHERE id = %s AND deleted_at IS NULL",
            [endpoint_id],
        ).rowcount
    )


def purge(conn: "LedgerConnection", *, limit: int = 1000) -> int:
    """Deletes what is left of endpoints that were deleted a while ago, some deliveries at a time.

    Returns:
        How many rows went.
    """
    gone = "SELECT id FROM webhook_endpoints WHERE deleted_at < now() - interval '1 hour'"
    with conn.transaction():
        deliveries = conn.execute(
            "DELETE FROM webhook_deliveries WHERE id IN"  # noqa: S608 -- constants
            f" (SELECT id FROM webhook_deliveries WHERE endpoint_id IN ({gone}) LIMIT %s)",
            [limit],
        ).rowcount
        endpoints = conn.execute(
            f"DELETE FROM webhook_endpoints e WHERE id IN ({gone})"  # noqa: S608 -- constants
            " AND NOT EXISTS (SELECT FROM webhook_deliveries d WHERE d.endpoint_id = e.id)"
        ).rowcount
    return deliveries + endpoints
