"""The three rotations against real servers: what is in use goes on, and an interrupted run goes on later."""

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import redis
from psycopg import sql

from ledger.database.connection import FixedCredentials, connect
from ledger.database.settings import Credentials
from ledger.errors import LedgerUnavailableError, SettingsError
from local.servers.redis import RedisServer
from metadata_api.environment.signing_keys import SigningKeys
from metadata_api.http.cursor import CursorSigner
from runtime.database import SecretCredentials
from tests.integration.functions.conftest import store_secret
from tests.ledger_support import LedgerDatabase
from tools.rotation import procedures
from tools.rotation.caches import LocalRedis
from tools.rotation.errors import RotationError
from tools.rotation.versions import CURRENT, PENDING, SecretVersions
from upkeep.migrate import prepare_login

pytestmark = pytest.mark.integration


@dataclass
class Migrate:
    """The migrate function as Lambda invokes it."""

    database: LedgerDatabase
    secrets: Any
    arn: str
    fails: bool = False

    def invoke(self, *, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803 -- Lambda's names
        assert FunctionName == "migrate"
        if self.fails:
            return {"FunctionError": "Unhandled", "Payload": io.BytesIO(b'{"errorMessage": "away"}')}
        stage = json.loads(Payload)["login_stage"]
        prepare_login(
            self.database.settings,
            owner=self.database.owner,
            application=SecretCredentials(self.arn, self.secrets),
            coming=SecretCredentials(self.arn, self.secrets, stage=stage),
        )
        return {"Payload": io.BytesIO(b"{}")}


@pytest.fixture
def migrate(aws: Any, ledger_database: LedgerDatabase) -> Iterator[Migrate]:
    client, login = aws.client("secretsmanager"), ledger_database.application.current()
    arn = store_secret(client, {"username": login.username, "password": login.password})
    yield Migrate(ledger_database, client, arn)
    with connect(ledger_database.settings, ledger_database.owner) as conn:
        other = sql.Identifier(procedures.other_role(login.username))
        if conn.execute("SELECT FROM pg_roles WHERE rolname = %s", (other.as_string()[1:-1],)).fetchone():
            conn.execute(sql.SQL("DROP OWNED BY {}; DROP ROLE {}").format(other, other))


def test_the_login_moves_to_the_other_role_and_the_former_one_goes_on(migrate: Migrate) -> None:
    secret = SecretVersions(migrate.secrets, migrate.arn)
    former = migrate.database.application.current()
    old = migrate.database.connect()

    role = procedures.rotate_database(secret, migrate, "migrate", anyway=True)

    login = secret.current()
    assert login["username"] == role == procedures.other_role(former.username)
    new = FixedCredentials(Credentials(username=login["username"], password=login["password"]))
    for conn in (old, migrate.database.connect(), connect(migrate.database.settings, new)):
        conn.execute("SELECT count(*) FROM jobs")
        conn.close()
    assert secret._labelled(PENDING) is None


def test_a_rotation_that_could_not_make_the_role_changes_nothing_and_goes_on_later(migrate: Migrate) -> None:
    secret, before = SecretVersions(migrate.secrets, migrate.arn), migrate.database.application.current()
    migrate.fails = True
    with pytest.raises(RotationError, match="away"):
        procedures.rotate_database(secret, migrate, "migrate", anyway=True)
    assert secret.current()["username"] == before.username
    waiting = secret._content(PENDING)

    migrate.fails = False
    procedures.rotate_database(secret, migrate, "migrate", anyway=True)

    assert secret.current() == waiting


def test_the_role_in_use_never_gets_another_password(migrate: Migrate) -> None:
    application = migrate.database.application
    with pytest.raises(SettingsError, match="in use"):
        prepare_login(
            migrate.database.settings,
            owner=migrate.database.owner,
            application=application,
            coming=application,
        )
    migrate.database.connect().close()


def test_two_rotations_within_a_day_are_refused_because_tasks_keep_their_login(migrate: Migrate) -> None:
    secret = SecretVersions(migrate.secrets, migrate.arn)

    with pytest.raises(RotationError, match="tasks may still use") as refused:
        procedures.rotate_database(secret, migrate, "migrate")

    assert refused.value.remedy.startswith("Wait until")
    secret.refuse_if_younger(timedelta(0), why="")


def test_after_the_second_rotation_the_first_role_has_another_password(migrate: Migrate) -> None:
    secret, first = SecretVersions(migrate.secrets, migrate.arn), migrate.database.application
    try:
        for _ in range(2):
            procedures.rotate_database(secret, migrate, "migrate", anyway=True)

        assert secret.current()["username"] == first.current().username
        with pytest.raises(LedgerUnavailableError):
            connect(migrate.database.settings, first)
    finally:
        with connect(migrate.database.settings, migrate.database.owner) as conn:
            name, password = first.current().username, first.current().password
            role = sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(name), sql.Literal(password))
            conn.execute(role)


def test_both_tokens_of_redis_are_accepted_until_the_end_is_asked_for(
    aws: Any, redis_server: RedisServer
) -> None:
    def accepts(token: str) -> bool:
        client: Any = redis.Redis(
            host=redis_server.host,
            port=redis_server.port,
            password=token,
            ssl=True,
            ssl_ca_certs=str(redis_server.ca_path),
        )
        try:
            return bool(client.ping())
        except redis.AuthenticationError:
            return False
        finally:
            client.close()

    cache = LocalRedis(
        redis_server.host, redis_server.port, redis_server.auth_token, str(redis_server.ca_path)
    )
    cache.add("first-token")
    secret = SecretVersions(
        aws.client("secretsmanager"),
        store_secret(aws.client("secretsmanager"), {"auth_token": "first-token"}),
    )

    procedures.rotate_redis(secret, cache)

    second = secret.current()["auth_token"]
    assert second != "first-token"
    assert accepts("first-token")
    assert accepts(second)
    procedures.finish_redis(secret, cache)
    assert not accepts("first-token")
    assert accepts(second)
    cache.keep_only(redis_server.auth_token)


def test_cursors_of_the_former_key_count_until_the_next_rotation(aws: Any) -> None:
    client = aws.client("secretsmanager")
    arn = store_secret(client, {"current": {"id": "1", "key": "first"}, "previous": None})
    secret, cursor = SecretVersions(client, arn), CursorSigner(SigningKeys(arn)).seal("list", "9")

    assert procedures.rotate_signing(secret, anyway=True) == "2"

    assert CursorSigner(SigningKeys(arn)).unseal("list", cursor) == "9"
    assert CursorSigner(SigningKeys(arn)).seal("list", "9").startswith("2.")
    with pytest.raises(RotationError, match="may still be played"):
        procedures.rotate_signing(secret)
    assert secret._content(CURRENT)["previous"] == {"id": "1", "key": "first"}
