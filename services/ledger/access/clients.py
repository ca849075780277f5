"""Clients: who owns records and jobs, and may hold several keys."""

from typing import TYPE_CHECKING

from ledger.errors import UnknownClientError

if TYPE_CHECKING:
    # Only named here: a route that never reaches the database must not load its driver.
    from ledger.database.connection import LedgerConnection


def make(conn: "LedgerConnection", client: str) -> None:
    """Makes a client known, if it is not."""
    conn.execute("INSERT INTO clients (id) VALUES (%s) ON CONFLICT DO NOTHING", [client])


def check(conn: "LedgerConnection", client: str) -> None:
    """Lets only known clients through.

    Raises:
        UnknownClientError: No client has this id.
    """
    if conn.execute("SELECT FROM clients WHERE id = %s", [client]).fetchone() is None:
        message = f"there is no client {client!r}; make a key for it first"
        raise UnknownClientError(message)
