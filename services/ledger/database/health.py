"""Whether the ledger answers and is ready to be used."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # Only named here: a route that never reaches the database must not load its driver.
    from ledger.database.connection import LedgerConnection


def probe(conn: "LedgerConnection") -> None:
    """Touches the tables that every call needs; raises psycopg.Error when they cannot be read."""
    conn.execute("SELECT FROM videos, jobs LIMIT 0")
