"""API keys as the ledger knows them: whose each is, and how far it reaches. It never sees a key's value.

A key that is made or revoked by hand exists at API Gateway too. The ledger holds the intention first and the
outcome after, so that whatever dies in between can be finished from here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Final
from uuid import UUID

from ledger.access import clients
from ledger.errors import KeyNotRevocableError

if TYPE_CHECKING:
    # Only named here: a route that never reaches the database must not load its driver.
    from ledger.database.connection import LedgerConnection

_COLUMNS: Final = "id, gateway_id, client, name, scope, state, deployed, created_at"


class Scope(StrEnum):
    """How far a key reaches: each scope may do what the one before may."""

    VIEWER = "viewer"
    PRODUCER = "producer"
    OPERATOR = "operator"

    def covers(self, wanted: "Scope") -> bool:
        """Whether what needs `wanted` is allowed."""
        order = list(Scope)
        return order.index(self) >= order.index(wanted)


class KeyState(StrEnum):
    """Where a key stands; only an active one opens anything."""

    MAKING = "making"
    ACTIVE = "active"
    REVOKING = "revoking"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as stored; the order of its fields is the order of the columns read.

    Attributes:
        gateway_id: Public id at API Gateway; None while it is being made.
        deployed: Made by a deployment of the stack and taken back by one only.
    """

    id: UUID
    gateway_id: str | None
    client: str
    name: str
    scope: Scope
    state: KeyState
    deployed: bool
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployedKey:
    """A key that a deployment has made; its fields are what the deployment tells of it."""

    gateway_id: str
    client: str
    name: str
    scope: Scope


def by_gateway_id(conn: "LedgerConnection", gateway_id: str) -> ApiKey | None:
    """The active key with this id at API Gateway; None for any that opens nothing."""
    query = f"SELECT {_COLUMNS} FROM api_keys WHERE gateway_id = %s AND state = 'active'"  # noqa: S608 -- constants
    row = conn.execute(query, [gateway_id]).fetchone()
    return None if row is None else _key(row)


def listed(conn: "LedgerConnection") -> list[ApiKey]:
    """All keys that are not revoked, by client and age."""
    query = f"SELECT {_COLUMNS} FROM api_keys WHERE state <> 'revoked' ORDER BY client, created_at, id"  # noqa: S608
    return [_key(row) for row in conn.execute(query)]


def begin(conn: "LedgerConnection", client: str, name: str, scope: Scope) -> ApiKey:
    """Stores that a key is about to be made; its client is made with its first key."""
    with conn.transaction():
        clients.make(conn, client)
        row = conn.execute(
            "INSERT INTO api_keys (client, name, scope, state) VALUES (%s, %s, %s, 'making')"  # noqa: S608
            f" RETURNING {_COLUMNS}",
            [client, name, scope],
        ).fetchone()
    assert row is not None, "INSERT ... RETURNING always gives a row"  # noqa: S101 -- for the type checker
    return _key(row)


def made(conn: "LedgerConnection", key_id: UUID, gateway_id: str) -> bool:
    """Lets the key open things from now on; False when it was given up meanwhile."""
    changed = conn.execute(
        "UPDATE api_keys SET gateway_id = %s, state = 'active', changed_at = now()"
        " WHERE id = %s AND state = 'making'",
        [gateway_id, key_id],
    )
    return changed.rowcount == 1


def begin_revoking(conn: "LedgerConnection", key_id: UUID) -> ApiKey | None:
    """Refuses the key from now on, wherever it has got to; repeats change nothing. None: no such key.

    Raises:
        KeyNotRevocableError: A deployment made it, and would make it again.
    """
    with conn.transaction():
        query = f"SELECT {_COLUMNS} FROM api_keys WHERE id = %s FOR UPDATE"  # noqa: S608 -- constants
        row = conn.execute(query, [key_id]).fetchone()
        if row is None:
            return None
        key = _key(row)
        if key.deployed:
            message = f"key {key.name!r} of client {key.client!r} belongs to the stack's deployment"
            raise KeyNotRevocableError(message)
        if key.state not in {KeyState.REVOKING, KeyState.REVOKED}:
            conn.execute("UPDATE api_keys SET state = 'revoking', changed_at = now() WHERE id = %s", [key_id])
    return key


def revoked(conn: "LedgerConnection", key_id: UUID) -> None:
    """Notes that API Gateway no longer has the key."""
    conn.execute(
        "UPDATE api_keys SET state = 'revoked', changed_at = now() WHERE id = %s AND state = 'revoking'",
        [key_id],
    )


def unfinished(conn: "LedgerConnection", *, older_than_seconds: int) -> list[ApiKey]:
    """Keys whose making or revoking began so long ago that nobody is at it any more."""
    query = (
        f"SELECT {_COLUMNS} FROM api_keys WHERE state IN ('making', 'revoking')"  # noqa: S608 -- constants
        " AND changed_at < now() - make_interval(secs => %s) ORDER BY changed_at"
    )
    return [_key(row) for row in conn.execute(query, [older_than_seconds])]


def take_up(conn: "LedgerConnection", told: Sequence[DeployedKey]) -> None:
    """Makes the ledger know the keys that the deployment has made, and refuse those it no longer has."""
    with conn.transaction():
        for key in told:
            clients.make(conn, key.client)
            conn.execute(
                """
                INSERT INTO api_keys (gateway_id, client, name, scope, state, deployed)
                VALUES (%s, %s, %s, %s, 'active', true)
                ON CONFLICT (gateway_id) DO UPDATE SET client = excluded.client, name = excluded.name,
                       scope = excluded.scope, state = 'active', changed_at = now()
                """,
                [key.gateway_id, key.client, key.name, key.scope],
            )
        conn.execute(
            "UPDATE api_keys SET state = 'revoked', changed_at = now()"
            " WHERE deployed AND state <> 'revoked' AND NOT gateway_id = ANY (%s)",
            [[key.gateway_id for key in told]],
        )


def _key(row: tuple[UUID, str | None, str, str, str, str, bool, datetime]) -> ApiKey:
    key_id, gateway_id, client, name, scope, state, deployed, created_at = row
    return ApiKey(key_id, gateway_id, client, name, Scope(scope), KeyState(state), deployed, created_at)
