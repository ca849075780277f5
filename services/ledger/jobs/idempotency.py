"""Remembers which call made which resource, so that a repeated call makes no second one."""

from typing import TYPE_CHECKING
from uuid import UUID

from ledger.errors import LedgerError

if TYPE_CHECKING:
    # Only named here: a route that never reaches the database must not load its driver.
    from ledger.database.connection import LedgerConnection


class IdempotencyKeyReusedError(LedgerError):
    """The key came before with another request; the caller must choose a new key."""


def claim(
    conn: "LedgerConnection", *, caller: str, operation: str, key: str, request_sha256: str, resource_id: UUID
) -> UUID:
    """Binds the key to a resource that this transaction is about to make.

    A parallel call with the same key waits here until this transaction ends.

    Args:
        conn: An open connection, inside a transaction.
        caller: Public id of whoever calls; keys of different callers never meet.
        operation: What is being made.
        key: As the caller chose it.
        request_sha256: Digest of the request.
        resource_id: Id the new resource will get.

    Returns:
        `resource_id` if the key is new, else the id of the resource made by the first call.

    Raises:
        IdempotencyKeyReusedError: The first call with this key had another request.
    """
    # The void update makes the one statement return the winner's row, whoever the winner is.
    query = (
        "INSERT INTO idempotency_keys AS known (caller, operation, key, request_sha256, resource_id)"
        " VALUES (%s, %s, %s, %s, %s)"
        " ON CONFLICT (caller, operation, key) DO UPDATE SET resource_id = known.resource_id"
        " RETURNING request_sha256, resource_id"
    )
    row = conn.execute(query, [caller, operation, key, request_sha256, resource_id]).fetchone()
    assert row is not None, "INSERT ... RETURNING always gives a row"  # noqa: S101 -- for the type checker
    known_sha256, known_id = row
    if known_sha256 != request_sha256:
        message = f"idempotency key {key!r} was used before for another {operation} request; choose a new key"
        raise IdempotencyKeyReusedError(message)
    return UUID(str(known_id))
