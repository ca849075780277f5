"""An empty, migrated ledger for each test, made from a template that is migrated once per session."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

import psycopg
import pytest
from psycopg import sql

from ledger.access import keys
from ledger.database.connection import FixedCredentials, LedgerConnection, connect
from ledger.database.settings import Credentials, DatabaseSettings
from local.servers.postgres import PostgresServer
from tests.ledger_pool import LedgerPool
from tests.ledger_support import KNOWN_KEYS, LedgerDatabase
from upkeep.migrate import Waiting, migrate

_TEMPLATE = "ledger_template"
_APPLICATION = "video_app"


@pytest.fixture(scope="session")
def administration(postgres_server: PostgresServer) -> Iterator[psycopg.Connection]:
    """The master's connection to the server, for what is done to databases as wholes."""
    with psycopg.connect(**postgres_server.connection_arguments(), autocommit=True) as conn:  # type: ignore[arg-type]
        yield conn


@pytest.fixture(scope="session")
def ledger_template(postgres_server: PostgresServer, administration: psycopg.Connection) -> LedgerDatabase:
    """The migrated database that every test's own is cloned from; tests do not write to it."""
    owner = FixedCredentials(
        Credentials(username=postgres_server.master_username, password=postgres_server.master_password)
    )
    application = FixedCredentials(Credentials(username=_APPLICATION, password=secrets.token_hex(16)))
    _execute(administration, "CREATE DATABASE {name}", _TEMPLATE)
    settings = DatabaseSettings(
        host=postgres_server.host,
        port=postgres_server.port,
        name=_TEMPLATE,
        ca_bundle_path=postgres_server.ca_path,
    )
    migrate(settings, owner=owner, application=application, waiting=Waiting(remaining_seconds=lambda: 30.0))
    with connect(settings, owner) as conn:
        keys.take_up(conn, KNOWN_KEYS)
    return LedgerDatabase(settings=settings, owner=owner, application=application)


@pytest.fixture(scope="session")
def ledger_pool(
    postgres_server: PostgresServer, administration: psycopg.Connection, ledger_template: LedgerDatabase
) -> Iterator[LedgerPool]:
    """Ledgers that tests use one after the other."""

    def connect(name: str) -> psycopg.Connection:
        arguments = postgres_server.connection_arguments() | {"dbname": name}
        return psycopg.connect(**arguments, autocommit=True)  # type: ignore[arg-type]

    pool = LedgerPool(partial(_clone, administration), connect, partial(_drop, administration))
    yield pool
    pool.close()


@pytest.fixture
def ledger_database(ledger_pool: LedgerPool, ledger_template: LedgerDatabase) -> Iterator[LedgerDatabase]:
    """A ledger of this test's own."""
    with ledger_pool.ledger() as name:
        yield replace(ledger_template, settings=replace(ledger_template.settings, name=name))


@contextmanager
def cloned_ledger(
    administration: psycopg.Connection, ledger_template: LedgerDatabase
) -> Iterator[LedgerDatabase]:
    """A ledger that exists for as long as it is used."""
    name = _clone(administration)
    yield replace(ledger_template, settings=replace(ledger_template.settings, name=name))
    _drop(administration, name)


def _clone(administration: psycopg.Connection) -> str:
    name = f"ledger_{secrets.token_hex(6)}"
    # Without fsync, copying files takes half as long as writing each page to the log.
    _execute(administration, "CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY", name)
    # A clone does not inherit the database's own grants.
    _execute(administration, "REVOKE ALL ON DATABASE {name} FROM PUBLIC", name)
    _execute(administration, "GRANT CONNECT ON DATABASE {name} TO {application}", name)
    return name


def _drop(administration: psycopg.Connection, name: str) -> None:
    _execute(administration, "DROP DATABASE {name} WITH (FORCE)", name)


@pytest.fixture
def ledger_conn(ledger_database: LedgerDatabase) -> Iterator[LedgerConnection]:
    """An open connection of the application role to this test's ledger."""
    conn = ledger_database.connect()
    yield conn
    conn.close()


def _execute(conn: psycopg.Connection, statement: str, name: str) -> None:
    names = {"name": name, "template": _TEMPLATE, "application": _APPLICATION}
    identifiers = {key: sql.Identifier(value) for key, value in names.items()}
    conn.execute(sql.SQL(statement).format(**identifiers))
