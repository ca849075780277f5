"""Brings the schema to its newest revision, one runner at a time."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ledger.database.connection import LedgerConnection

_DIRECTORY = Path(__file__).parent
_LOCK_KEY = 0x6C656467  # any constant: parallel runners only have to agree on it


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationResult:
    """Revisions before and after; `before` is None on an empty database."""

    before: str | None
    after: str | None


def upgrade(connect_as_owner: Callable[[], LedgerConnection]) -> MigrationResult:
    """Applies all missing revisions in one transaction; does nothing when there are none.

    Args:
        connect_as_owner: Opens a connection with the right to change the schema.
    """
    # Only the migrate function needs these two heavy packages.
    from alembic import command
    from alembic.config import Config
    from alembic.runtime.migration import MigrationContext
    from sqlalchemy import create_engine, text
    from sqlalchemy.pool import NullPool

    def create() -> LedgerConnection:
        conn = connect_as_owner()
        conn.autocommit = False  # SQLAlchemy manages the transaction itself
        return conn

    engine = create_engine("postgresql+psycopg://", creator=create, poolclass=NullPool)
    with engine.connect() as connection, connection.begin():
        # A second runner waits here until the first has committed, and then finds nothing to do.
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK_KEY})
        before = MigrationContext.configure(connection).get_current_revision()
        config = Config()
        config.set_main_option("script_location", str(_DIRECTORY))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        after = MigrationContext.configure(connection).get_current_revision()
    return MigrationResult(before=before, after=after)
