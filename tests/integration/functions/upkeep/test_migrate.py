from importlib import import_module
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from ledger.database.connection import FixedCredentials, LedgerConnection, connect
from ledger.database.settings import Credentials, DatabaseSettings
from ledger.errors import LedgerUnavailableError
from ledger.jobs import batches, job_queries
from ledger.states import DEFAULT_CLIENT
from tests.ledger_support import LedgerDatabase
from upkeep.migrate import Waiting, migrate

pytestmark = pytest.mark.integration

PATIENT = Waiting(remaining_seconds=lambda: 60.0, sleep=lambda _seconds: None)


def run(database: LedgerDatabase, application: FixedCredentials | None = None) -> dict[str, Any]:
    return migrate(
        database.settings,
        owner=database.owner,
        application=application or database.application,
        waiting=PATIENT,
    )


def fingerprint(database: LedgerDatabase) -> list[Any]:
    """Everything that a run could change and that the owner can see."""
    queries = (
        "SELECT oid::regclass::text, relacl::text FROM pg_class WHERE relnamespace = 2200 ORDER BY 1",
        "SELECT rolname, rolconfig, rolcanlogin, rolcreaterole FROM pg_roles ORDER BY 1",
        "SELECT version_num FROM alembic_version",
    )
    with connect(database.settings, database.owner) as conn:
        return [conn.execute(query).fetchall() for query in queries]


def test_a_second_run_applies_nothing_and_keeps_the_password(ledger_database: LedgerDatabase) -> None:
    before = fingerprint(ledger_database)

    result = run(ledger_database)

    assert result["before"] == result["after"]
    assert result["password_set"] is False
    assert fingerprint(ledger_database) == before


def to_first_schema(owner: LedgerConnection) -> None:
    """Puts the database back to what the first release had, without any table of a later one."""
    owner.execute("DROP SCHEMA public CASCADE")
    owner.execute("CREATE SCHEMA public")
    first = import_module("ledger.migrations.versions.0001_videos_jobs_outputs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(first, "op", owner)
        first.upgrade()
    owner.execute("CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)")
    owner.execute("INSERT INTO alembic_version VALUES ('0001')")


def test_jobs_of_the_first_schema_stay_as_they_are_and_may_join_batches(
    ledger_database: LedgerDatabase, ledger_conn: LedgerConnection
) -> None:
    video_id, job_id, batch_id = uuid4(), uuid4(), uuid4()
    with connect(ledger_database.settings, ledger_database.owner) as owner:
        to_first_schema(owner)
        owner.execute("INSERT INTO videos (id, title) VALUES (%s, 'old')", (video_id,))
        owner.execute(
            "INSERT INTO jobs (id, video_id, status, profile, filename, source_bucket, source_key)"
            " VALUES (%s, %s, 'PENDING', 'web', 'a.mp4', 'bucket', 'key')",
            (job_id, video_id),
        )

    result = run(ledger_database)

    assert result["before"] == "0001" < result["after"]
    # As the application: the new tables came with their grants.
    batches.create(ledger_conn, batch_id, DEFAULT_CLIENT)
    assert job_queries.of_batch(ledger_conn, batch_id) == []
    found = job_queries.get(ledger_conn, job_id)
    assert found is not None
    assert (found.job.status, found.job.priority) == ("PENDING", 5)


def test_a_changed_secret_becomes_the_roles_password(ledger_database: LedgerDatabase) -> None:
    first = FixedCredentials(Credentials(username="other_app", password="first"))
    second = FixedCredentials(Credentials(username="other_app", password="second"))
    run(ledger_database, first)

    result = run(ledger_database, second)

    assert result["password_set"] is True
    with pytest.raises(LedgerUnavailableError):
        connect(ledger_database.settings, first)


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
def test_the_application_role_may_not(ledger_conn: LedgerConnection, statement: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        ledger_conn.execute(statement)


def test_the_application_role_gets_a_short_statement_timeout(ledger_conn: LedgerConnection) -> None:
    assert ledger_conn.execute("SHOW statement_timeout").fetchone() == ("2s",)


def test_tables_of_later_revisions_are_usable_without_a_grant(
    ledger_database: LedgerDatabase, ledger_conn: LedgerConnection
) -> None:
    with connect(ledger_database.settings, ledger_database.owner) as owner:
        owner.execute("CREATE TABLE later (id int)")

    assert ledger_conn.execute("INSERT INTO later VALUES (1)").rowcount == 1


def test_it_waits_for_a_database_that_is_still_starting(ledger_database: LedgerDatabase) -> None:
    wrong = Credentials(username="nobody", password="x")
    answers = [wrong, wrong]

    class ComesUp:
        def current(self) -> Credentials:
            return answers.pop() if answers else ledger_database.owner.current()

        def refreshed(self) -> Credentials:
            return wrong

    result = migrate(
        ledger_database.settings, owner=ComesUp(), application=ledger_database.application, waiting=PATIENT
    )

    assert answers == []
    assert result["after"] is not None


def test_it_gives_up_while_there_is_time_to_report_it() -> None:
    left = iter([60.0, 40.0, 20.0])
    unreachable = DatabaseSettings(host="127.0.0.1", port=1, name="none")
    login = FixedCredentials(Credentials(username="a", password="b"))
    waiting = Waiting(remaining_seconds=lambda: next(left), sleep=lambda _seconds: None)

    with pytest.raises(LedgerUnavailableError, match=r"127\.0\.0\.1:1"):
        migrate(unreachable, owner=login, application=login, waiting=waiting)
