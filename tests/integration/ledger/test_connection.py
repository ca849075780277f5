from dataclasses import replace

import psycopg
import pytest

from ledger.database.connection import ConnectionKeeper, FixedCredentials, LedgerConnection, connect
from ledger.database.settings import CA_BUNDLE_PATH, Credentials, DatabaseSettings
from ledger.errors import LedgerUnavailableError
from tests.ledger_support import LedgerDatabase

pytestmark = pytest.mark.integration


class Rotated:
    """A secret whose cached copy is old."""

    def __init__(self, cached: Credentials, stored: Credentials) -> None:
        self.cached = cached
        self.stored = stored
        self.reads = 0

    def current(self) -> Credentials:
        return self.cached

    def refreshed(self) -> Credentials:
        self.reads += 1
        self.cached = self.stored
        return self.stored


def backend(conn: LedgerConnection) -> int:
    return conn.info.backend_pid


def test_the_connection_is_encrypted(ledger_conn: LedgerConnection) -> None:
    row = ledger_conn.execute("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()").fetchone()

    assert row == (True,)


def test_a_server_with_a_foreign_certificate_is_refused(ledger_database: LedgerDatabase) -> None:
    settings = replace(ledger_database.settings, ca_bundle_path=CA_BUNDLE_PATH)

    with pytest.raises(LedgerUnavailableError, match="certificate verify failed"):
        connect(settings, ledger_database.application)


def test_after_a_rotation_the_secret_is_read_once_more(ledger_database: LedgerDatabase) -> None:
    good = ledger_database.application.current()
    secret = Rotated(Credentials(username=good.username, password="old"), good)

    connect(ledger_database.settings, secret).close()

    assert secret.reads == 1


def test_a_wrong_secret_is_read_once_and_not_shown(ledger_database: LedgerDatabase) -> None:
    good = ledger_database.application.current()
    wrong = Credentials(username=good.username, password="wrong-secret-value")
    secret = Rotated(wrong, wrong)

    with pytest.raises(LedgerUnavailableError) as caught:
        connect(ledger_database.settings, secret)

    assert secret.reads == 1
    assert "wrong-secret-value" not in str(caught.value)
    assert "wrong-secret-value" not in repr(wrong)


def test_an_unreachable_server_does_not_cost_a_secret_read(ledger_database: LedgerDatabase) -> None:
    good = ledger_database.application.current()
    secret = Rotated(good, good)

    with pytest.raises(LedgerUnavailableError):
        connect(replace(ledger_database.settings, port=1), secret)

    assert secret.reads == 0


def test_the_keeper_lends_the_same_connection_again(ledger_database: LedgerDatabase) -> None:
    keeper = ledger_database.keeper()

    with keeper.connection() as conn:
        first = backend(conn)
    with keeper.connection() as conn:
        assert backend(conn) == first
    keeper.close()


def test_the_keeper_replaces_a_connection_that_died_while_idle(
    ledger_database: LedgerDatabase, ledger_conn: LedgerConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ledger.database.connection._TRUST_IDLE_SECONDS", 0.0)
    keeper = ledger_database.keeper()
    with keeper.connection() as conn:
        first = backend(conn)
    ledger_conn.execute("SELECT pg_terminate_backend(%s)", (first,))

    with keeper.connection() as conn:
        assert backend(conn) != first
        assert conn.execute("SELECT 1").fetchone() == (1,)
    keeper.close()


def test_the_keeper_drops_a_connection_that_broke_in_use(
    ledger_database: LedgerDatabase, ledger_conn: LedgerConnection
) -> None:
    keeper = ledger_database.keeper()
    with keeper.connection() as conn:
        first = backend(conn)
        ledger_conn.execute("SELECT pg_terminate_backend(%s)", (first,))
        with pytest.raises(psycopg.OperationalError):
            conn.execute("SELECT 1")

    with keeper.connection() as conn:
        assert backend(conn) != first
    keeper.close()


def test_a_nested_loan_is_another_connection(ledger_database: LedgerDatabase) -> None:
    keeper = ledger_database.keeper()

    with keeper.connection() as outer, keeper.connection() as inner:
        assert backend(outer) != backend(inner)
    keeper.close()


def test_an_unfinished_transaction_is_not_lent_on(ledger_database: LedgerDatabase) -> None:
    keeper = ledger_database.keeper()
    with keeper.connection() as conn:
        conn.execute("BEGIN")

    with keeper.connection() as conn:
        assert conn.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
    keeper.close()


def test_a_keeper_without_a_database_says_where_it_looked() -> None:
    nowhere = DatabaseSettings(host="127.0.0.1", port=1, name="none")
    keeper = ConnectionKeeper(nowhere, FixedCredentials(Credentials(username="a", password="b")))

    with pytest.raises(LedgerUnavailableError, match=r"127\.0\.0\.1:1"), keeper.connection():
        pass
