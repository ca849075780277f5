"""A fresh, migrated ledger per test, cloned from a template that is made once per session."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
import pytest
from psycopg import sql

from ledger.connection import FixedCredentials, LedgerConnection, connect
from ledger.settings import Credentials, DatabaseSettings
from local.servers.postgres import PostgresServer
from metadata_api.migrate import Waiting, migrate

_TEMPLATE = "ledger_template"


@dataclass(frozen=True)
class LedgerDatabase:
    """A database with the newest schema and an application role.

    Attributes:
        owner: May change the schema.
        application: What the services log in with.
    """

    settings: DatabaseSettings
    owner: FixedCredentials
    application: FixedCredentials

    def connect(self) -> LedgerConnection:
        """A connection as the services have it."""
        return connect(self.settings, self.application)


@pytest.fixture(scope="session")
def ledger_template(postgres_server: PostgresServer) -> LedgerDatabase:
    """The migrated database that every test's own is cloned from; tests do not write to it."""
    owner = FixedCredentials(Credentials(username=postgres_server.master_username,
                                         password=postgres_server.master_password))  # fmt: skip
    application = FixedCredentials(Credentials(username="video_app", password=secrets.token_hex(16)))
    with psycopg.connect(**postgres_server.connection_arguments(), autocommit=True) as conn:  # type: ignore[arg-type]
        conn.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(_TEMPLATE)))
    settings = _settings(postgres_server, _TEMPLATE)
    migrate(settings, owner=owner, application=application, waiting=Waiting(remaining_seconds=lambda: 30.0))
    return LedgerDatabase(settings=settings, owner=owner, application=application)


@pytest.fixture
def ledger_database(
    postgres_server: PostgresServer, ledger_template: LedgerDatabase
) -> Iterator[LedgerDatabase]:
    """A ledger of this test's own."""
    name = f"ledger_{secrets.token_hex(6)}"
    statements = (
        sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(_TEMPLATE)),
        # A clone does not inherit the database's own grants.
        sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(name)),
        sql.SQL("GRANT CONNECT ON DATABASE {} TO video_app").format(sql.Identifier(name)),
    )
    with psycopg.connect(**postgres_server.connection_arguments(), autocommit=True) as conn:  # type: ignore[arg-type]
        for statement in statements:
            conn.execute(statement)
        yield LedgerDatabase(
            settings=_settings(postgres_server, name),
            owner=ledger_template.owner,
            application=ledger_template.application,
        )
        conn.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def ledger_conn(ledger_database: LedgerDatabase) -> Iterator[LedgerConnection]:
    """An open connection of the application role to this test's ledger."""
    conn = ledger_database.connect()
    yield conn
    conn.close()


def _settings(server: PostgresServer, name: str) -> DatabaseSettings:
    return DatabaseSettings(host=server.host, port=server.port, name=name, ca_bundle_path=server.ca_path)
