"""The ledger and the cache, as one Lambda environment reaches them."""

import json
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Final

from ledger.errors import SettingsError
from metadata_api.environment.live_progress import LiveProgress
from metadata_api.settings import HealthSettings
from runtime import clients

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from ledger.database.connection import ConnectionKeeper, PatientConnection
    from runtime.database import SecretCredentials

# Longer than the role's statement_timeout, short enough to answer 503 within three seconds.
ANSWER_TIMEOUT_SECONDS: Final = 2.5


class Stores:
    """What a call may ask, each opened at its first use.

    Args:
        settings: Where both are, and which secrets open them.
    """

    def __init__(self, settings: HealthSettings) -> None:
        self._stores = settings
        self.progress = LiveProgress(settings.redis_host, settings.redis_port, self._redis_token)

    def connection(self) -> "AbstractContextManager[PatientConnection]":
        """Lends the warm connection to the ledger.

        Raises:
            LedgerUnavailableError: The database is away.
        """
        return self._keeper.connection()

    @cached_property
    def login(self) -> "SecretCredentials":
        """What opens the ledger."""
        # Imports the database driver, which open paths never need.
        from runtime.database import SecretCredentials

        return SecretCredentials(self._stores.database_secret_arn)

    @cached_property
    def _keeper(self) -> "ConnectionKeeper":
        from ledger.database.connection import ConnectionKeeper
        from runtime.database import database_settings

        database = replace(database_settings(self._stores), answer_timeout_seconds=ANSWER_TIMEOUT_SECONDS)
        return ConnectionKeeper(database, self.login)

    def _redis_token(self) -> str:
        arn = self._stores.redis_secret_arn
        text = clients.secretsmanager().get_secret_value(SecretId=arn)["SecretString"]
        try:
            return str(json.loads(text)["auth_token"])
        except (ValueError, KeyError, TypeError):
            # The parser's own message could quote the secret, so it is not chained.
            message = f"secret {arn} must be JSON with auth_token; set it anew"
            raise SettingsError(message) from None
