"""The functions' way to the ledger: logins from Secrets Manager, one warm connection per environment."""

import json
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from psycopg.types.json import set_json_loads
from pydantic_core import from_json

from ledger.database.connection import ConnectionKeeper
from ledger.database.settings import Credentials, DatabaseSettings
from ledger.errors import SettingsError
from runtime import clients
from runtime.settings import FunctionSettings

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

# libpq's minimum; the API must answer 503 within three seconds when the database is away.
_CONNECT_TIMEOUT_SECONDS = 2
# More than the role's statement_timeout: only a hung server takes longer.
_ANSWER_TIMEOUT_SECONDS = 4.0


# Every row carries two JSON columns; this parser takes a fifth of the time of the standard library's.
set_json_loads(from_json)


class SecretCredentials:
    """A login held in a secret with the JSON text `{"username": ..., "password": ...}`.

    Args:
        secret_arn: The secret.
        client: Reads it; the function's own when absent.
        stage: Label of the version that is read.
    """

    def __init__(
        self, secret_arn: str, client: "SecretsManagerClient | None" = None, *, stage: str = "AWSCURRENT"
    ) -> None:
        self._secret_arn = secret_arn
        self._client = client
        self._stage = stage
        self._cached: Credentials | None = None

    def current(self) -> Credentials:
        """The login as last read."""
        return self._cached or self.refreshed()

    def refreshed(self) -> Credentials:
        """Reads the secret again.

        Raises:
            SettingsError: The secret does not hold a login.
        """
        client = self._client or clients.secretsmanager()
        answer = client.get_secret_value(SecretId=self._secret_arn, VersionStage=self._stage)
        text = answer["SecretString"]
        try:
            data = json.loads(text)
            self._cached = Credentials(username=data["username"], password=data["password"])
        except (ValueError, KeyError, TypeError):
            # The parser's own message could quote the secret, so it is not chained.
            message = f"secret {self._secret_arn} must be JSON with username and password; set it anew"
            raise SettingsError(message) from None
        return self._cached


def database_settings(settings: FunctionSettings) -> DatabaseSettings:
    """The database of a function's settings."""
    return DatabaseSettings(
        host=settings.database_host,
        port=settings.database_port,
        name=settings.database_name,
        connect_timeout_seconds=_CONNECT_TIMEOUT_SECONDS,
        application_name=settings.powertools_service_name,
        prepares=not settings.database_proxied,
    )


@cache
def ledger(settings: FunctionSettings) -> ConnectionKeeper:
    """The warm connection of this environment; lend it with its `connection()`."""
    database = replace(database_settings(settings), answer_timeout_seconds=_ANSWER_TIMEOUT_SECONDS)
    return ConnectionKeeper(database, SecretCredentials(settings.database_secret_arn))
