"""A ledger that a test used is as good as new for the next, or is not used again."""

import psycopg
import pytest

from local.servers.postgres import PostgresServer
from tests.ledger_pool import LedgerPool
from tests.ledger_support import new_video

pytestmark = pytest.mark.integration


def _connect(server: PostgresServer, name: str) -> psycopg.Connection:
    return psycopg.connect(**server.connection_arguments() | {"dbname": name}, autocommit=True)  # type: ignore[arg-type]


def test_rows_are_gone_and_numbers_begin_anew(
    ledger_pool: LedgerPool, postgres_server: PostgresServer
) -> None:
    numbers, names = [], []
    for _ in range(2):
        with ledger_pool.ledger() as name, _connect(postgres_server, name) as conn:
            names.append(name)
            assert conn.execute("SELECT count(*) FROM videos").fetchone() == (0,)
            new_video(conn)
            numbers += conn.execute("SELECT nextval(pg_get_serial_sequence('events', 'id'))").fetchall()

    assert names[0] == names[1]
    assert numbers[0] == numbers[1]


def test_what_is_still_connected_is_ended(ledger_pool: LedgerPool, postgres_server: PostgresServer) -> None:
    with ledger_pool.ledger() as name:
        left = _connect(postgres_server, name)
        left.execute("BEGIN")
        new_video(left)

    with pytest.raises(psycopg.OperationalError):
        left.execute("COMMIT")


@pytest.mark.parametrize(
    "change",
    ["CREATE TABLE more (id int)", "ALTER TABLE videos ADD more int", "GRANT DELETE ON videos TO PUBLIC"],
)
def test_a_ledger_whose_tables_were_changed_is_thrown_away(
    change: str, ledger_pool: LedgerPool, postgres_server: PostgresServer
) -> None:
    with ledger_pool.ledger() as name, _connect(postgres_server, name) as conn:
        conn.execute(change)

    with ledger_pool.ledger() as other:
        assert other != name
    with pytest.raises(psycopg.OperationalError):
        _connect(postgres_server, name)
