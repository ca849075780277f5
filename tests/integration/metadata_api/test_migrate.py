import psycopg
import pytest

from ledger.connection import FixedCredentials, connect
from ledger.errors import LedgerUnavailableError
from ledger.settings import Credentials, DatabaseSettings
from metadata_api.migrate import Waiting, migrate

pytestmark = pytest.mark.integration

PATIENT = Waiting(remaining_seconds=lambda: 60.0, sleep=lambda _seconds: None)


def test_a_second_run_applies_nothing_and_keeps_the_password(ledger_database):
    before = _fingerprint(ledger_database)

    result = migrate(
        ledger_database.settings,
        owner=ledger_database.owner,
        application=ledger_database.application,
        waiting=PATIENT,
    )

    assert result["before"] == result["after"]
    assert result["password_set"] is False
    assert _fingerprint(ledger_database) == before


def test_a_changed_secret_becomes_the_roles_password(ledger_database):
    application = FixedCredentials(Credentials(username="other_app", password="first"))
    arguments = {"owner": ledger_database.owner, "waiting": PATIENT}
    migrate(ledger_database.settings, application=application, **arguments)
    renewed = FixedCredentials(Credentials(username="other_app", password="second"))

    result = migrate(ledger_database.settings, application=renewed, **arguments)

    assert result["password_set"] is True
    with pytest.raises(LedgerUnavailableError):
        connect(ledger_database.settings, application)


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE extra (id int)",
        "CREATE TEMPORARY TABLE extra (id int)",
        "ALTER TABLE jobs ADD COLUMN extra int",
        "DROP TABLE outbox",
        "CREATE SCHEMA extra",
        "TRUNCATE events",
        "UPDATE events SET type = 'job.forged'",
        "DELETE FROM events",
        "UPDATE alembic_version SET version_num = '0000'",
        "CREATE ROLE extra",
    ],
)
def test_the_application_role_may_not(ledger_conn, statement):
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        ledger_conn.execute(statement)


def test_the_application_role_gets_a_short_statement_timeout(ledger_conn):
    assert ledger_conn.execute("SHOW statement_timeout").fetchone()[0] == "2s"


def test_tables_of_later_revisions_are_usable_without_a_grant(ledger_database, ledger_conn):
    with connect(ledger_database.settings, ledger_database.owner) as owner:
        owner.execute("CREATE TABLE later (id int)")

    ledger_conn.execute("INSERT INTO later VALUES (1)")


def test_it_waits_for_a_database_that_is_still_starting(ledger_database):
    attempts = []

    class ComesUp:
        def current(self):
            attempts.append(1)
            good = ledger_database.owner.current()
            return Credentials(username="nobody", password="x") if len(attempts) <= 2 else good

        def refreshed(self):
            return Credentials(username="nobody", password="x")

    result = migrate(
        ledger_database.settings, owner=ComesUp(), application=ledger_database.application, waiting=PATIENT
    )

    assert result["after"] is not None
    assert len(attempts) > 2


def test_it_gives_up_while_there_is_time_to_report_it():
    left = iter([60.0, 40.0, 20.0, 10.0])
    unreachable = DatabaseSettings(host="127.0.0.1", port=1, name="none")
    login = FixedCredentials(Credentials(username="a", password="b"))

    with pytest.raises(LedgerUnavailableError, match=r"127\.0\.0\.1:1"):
        migrate(
            unreachable,
            owner=login,
            application=login,
            waiting=Waiting(remaining_seconds=lambda: next(left), sleep=lambda _seconds: None),
        )


def _fingerprint(database):
    """Everything that a run could change: tables, columns, rights and the password's verifier are the owner's to see."""
    with connect(database.settings, database.owner) as conn:
        return [
            conn.execute(query).fetchall()
            for query in (
                "SELECT relname, relkind::text, relacl::text FROM pg_class"
                " WHERE relnamespace = 'public'::regnamespace ORDER BY 1",
                "SELECT rolname, rolconfig, rolcanlogin, rolcreaterole FROM pg_roles ORDER BY 1",
                "SELECT version_num FROM alembic_version",
            )
        ]
