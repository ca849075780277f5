"""Function `migrate`: brings schema and application role up to date; invoked by every deployment.

A rotation of the application's login invokes it as well, because it alone may make roles.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ledger.access import keys
from ledger.access.keys import DeployedKey, Scope
from ledger.database.connection import CredentialSource, LedgerConnection, connect
from ledger.database.roles import ensure_application_role
from ledger.database.settings import DatabaseSettings
from ledger.errors import LedgerUnavailableError, SettingsError
from ledger.migrations.runner import upgrade
from runtime.database import SecretCredentials, database_settings
from runtime.logs import logger
from upkeep.settings import MigrateSettings

_FIRST_WAIT_SECONDS = 0.5
_LONGEST_WAIT_SECONDS = 10.0
# Left over for the migration itself when the database becomes reachable at the last moment.
_RESERVE_SECONDS = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """How long to wait for a database that is still starting.

    Attributes:
        remaining_seconds: Tells how much time the caller has left.
    """

    remaining_seconds: Callable[[], float]
    sleep: Callable[[float], None] = time.sleep


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Lambda entry point.

    An event with `keys` names all API keys of the deployment, which are taken up; one with a `login_stage`
    asks for the login under that label of the secret.
    """
    settings = MigrateSettings.from_environment()
    owner = SecretCredentials(settings.database_master_secret_arn)
    application = SecretCredentials(settings.database_secret_arn)
    waiting = Waiting(remaining_seconds=lambda: context.get_remaining_time_in_millis() / 1000)
    if "keys" in event:
        return take_up_keys(database_settings(settings), owner=owner, told=event["keys"], waiting=waiting)
    if "login_stage" in event:
        coming = SecretCredentials(settings.database_secret_arn, stage=event["login_stage"])
        prepared = prepare_login(
            database_settings(settings), owner=owner, application=application, coming=coming
        )
        logger().info("login_prepared", extra={"role": prepared})
        return {"role": prepared}
    result = migrate(
        database_settings(settings),
        owner=owner,
        application=application,
        waiting=waiting,
    )
    logger().info("migrated", extra=result)
    return result


def take_up_keys(
    database: DatabaseSettings,
    *,
    owner: CredentialSource,
    told: Sequence[Mapping[str, str]],
    waiting: Waiting,
) -> dict[str, Any]:
    """Makes the ledger know the API keys that the deployment has made, and refuse those it made before.

    Raises:
        LedgerUnavailableError: The database did not become reachable, or refuses the owner.
    """
    _wait_until_reachable(database, owner, waiting)
    conn = connect(database, owner)
    try:
        keys.take_up(conn, [_deployed(key) for key in told])
    finally:
        conn.close()
    logger().info("keys_taken_up", extra={"keys": len(told)})
    return {"keys": len(told)}


def _deployed(told: Mapping[str, str]) -> DeployedKey:
    return DeployedKey(
        gateway_id=told["gateway_id"], client=told["client"], name=told["name"], scope=Scope(told["scope"])
    )


def migrate(
    database: DatabaseSettings,
    *,
    owner: CredentialSource,
    application: CredentialSource,
    waiting: Waiting,
) -> dict[str, Any]:
    """Applies missing revisions and makes the application role fit; repeats change nothing.

    Returns:
        The revisions before and after, and whether the role's password was set.

    Raises:
        LedgerUnavailableError: The database did not become reachable, or refuses the owner.
    """
    _wait_until_reachable(database, owner, waiting)
    revisions = upgrade(lambda: connect(database, owner))
    login_works = _accepts(database, application)
    conn = connect(database, owner)
    try:
        changed = ensure_application_role(
            conn, application.current(), database.name, set_password=not login_works
        )
    finally:
        conn.close()
    connect(database, application).close()
    return {"before": revisions.before, "after": revisions.after, "password_set": changed}


def prepare_login(
    database: DatabaseSettings,
    *,
    owner: CredentialSource,
    application: CredentialSource,
    coming: CredentialSource,
) -> str:
    """Makes the role that the application moves to, with its new password, and logs in as it.

    Returns:
        The role.

    Raises:
        SettingsError: It is the role that is in use, whose password must not change under those who use it.
        LedgerUnavailableError: The database is away, or refuses the owner or the new login.
    """
    role, in_use = coming.current().username, application.current().username
    if role == in_use:
        message = f"the coming login is of {role}, which is in use; it must be of the other role"
        raise SettingsError(message)
    with connect(database, owner) as conn:
        ensure_application_role(conn, coming.current(), database.name, set_password=True)
    connect(database, coming).close()
    return role


def _wait_until_reachable(database: DatabaseSettings, owner: CredentialSource, waiting: Waiting) -> None:
    delay = _FIRST_WAIT_SECONDS
    while True:
        try:
            connect(database, owner).close()
        except LedgerUnavailableError as error:
            if waiting.remaining_seconds() - delay < _RESERVE_SECONDS:
                raise
            logger().warning("database_not_ready", extra={"reason": str(error), "wait_seconds": delay})
            waiting.sleep(delay)
            delay = min(delay * 2, _LONGEST_WAIT_SECONDS)
        else:
            return


def _accepts(database: DatabaseSettings, application: CredentialSource) -> bool:
    conn: LedgerConnection
    try:
        conn = connect(database, application)
    except LedgerUnavailableError:
        return False
    conn.close()
    return True
