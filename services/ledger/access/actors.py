"""For whom a connection works at the moment: whatever it writes to a history names them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    # Only named here: a route that never reaches the database must not load its driver.
    from ledger.database.connection import LedgerConnection


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who asked for a change, by which key and in which request; never the key itself."""

    client: str
    key_id: str
    key_name: str
    request_id: str

    def as_dict(self) -> dict[str, str]:
        """The fields by name, as histories hold them."""
        return asdict(self)


class ActingConnection(Protocol):
    """A connection that knows whom it works for."""

    actor: str | None


@contextmanager
def acting_for(conn: ActingConnection, actor: Actor | None) -> Iterator[None]:
    """Lets histories name the actor while the block runs.

    Args:
        conn: An open connection.
        actor: None for the platform itself.
    """
    conn.actor = None if actor is None else json.dumps(actor.as_dict())
    try:
        yield
    finally:
        conn.actor = None


def actor_of(conn: "LedgerConnection") -> str | None:
    """The actor as JSON text; None for the platform itself."""
    actor: str | None = getattr(conn, "actor", None)
    return actor
