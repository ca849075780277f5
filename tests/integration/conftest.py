"""A fresh, migrated ledger per test, cloned from a template that is made once per session."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from psycopg import sql

from ledger.connection import FixedCredentials, LedgerConnection
from ledger.settings import Credentials, DatabaseSettings
from local.servers.postgres import PostgresServer
from metadata_api.migrate import Waiting, migrate
from tests.ledger_support import LedgerDatabase

_TEMPLATE = "ledger_template"
_APPLICATION = "video_app"


@pytest.fixture(scope="session")
def ledger_template(postgres_server: PostgresServer) -> LedgerDatabase:
    """The migrated database that every test's own is cloned from; tests do not write to it."""
    owner = FixedCredentials(
        Credentials(username=postgres_server.master_username, password=postgres_server.master_password)
    )
    application = FixedCredentials(Credentials(username=_APPLICATION, password=secrets.token_hex(16)))
    _execute(postgres_server, "CREATE DATABASE {name}", _TEMPLATE)
    settings = _settings(postgres_server, _TEMPLATE)
    migrate(settings, owner=owner, application=application, waiting=Waiting(remaining_seconds=lambda: 30.0))
    return LedgerDatabase(settings=settings, owner=owner, application=application)


@pytest.fixture
def ledger_database(
    postgres_server: PostgresServer, ledger_template: LedgerDatabase
) -> Iterator[LedgerDatabase]:
    """A ledger of this test's own."""
    with cloned_ledger(postgres_server, ledger_template) as database:
        yield database


@contextmanager
def cloned_ledger(
    postgres_server: PostgresServer, ledger_template: LedgerDatabase
) -> Iterator[LedgerDatabase]:
    """A ledger that exists for as long as it is used."""
    name = f"ledger_{secrets.token_hex(6)}"
    _execute(postgres_server, "CREATE DATABASE {name} TEMPLATE {template}", name)
    # A clone does not inherit the database's own grants.
    _execute(postgres_server, "REVOKE ALL ON DATABASE {name} FROM PUBLIC", name)
    _execute(postgres_server, "GRANT CONNECT ON DATABASE {name} TO {application}", name)
    yield LedgerDatabase(
        settings=_settings(postgres_server, name),
        owner=ledger_template.owner,
        application=ledger_template.application,
    )
    _execute(postgres_server, "DROP DATABASE {name} WITH (FORCE)", name)


@pytest.fixture
def ledger_conn(ledger_database: LedgerDatabase) -> Iterator[LedgerConnection]:
    """An open connection of the application role to this test's ledger."""
    conn = ledger_database.connect()
    yield conn
    conn.close()


def _settings(server: PostgresServer, name: str) -> DatabaseSettings:
    return DatabaseSettings(host=server.host, port=server.port, name=name, ca_bundle_path=server.ca_path)


def _execute(server: PostgresServer, statement: str, name: str) -> None:
    names = {"name": name, "template": _TEMPLATE, "application": _APPLICATION}
    identifiers = {key: sql.Identifier(value) for key, value in names.items()}
    with psycopg.connect(**server.connection_arguments(), autocommit=True) as conn:  # type: ignore[arg-type]
        conn.execute(sql.SQL(statement).format(**identifiers))
