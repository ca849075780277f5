"""Settings and clients of one Lambda environment, each made at its first use."""

import json
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Final

from ledger.errors import SettingsError
from metadata_api.environment.live_progress import LiveProgress
from metadata_api.environment.playback_token import PlaybackTokens
from metadata_api.environment.presign import Presigner
from metadata_api.environment.signing_keys import SigningKeys
from metadata_api.http.cursor import CursorSigner
from metadata_api.settings import ApiSettings
from runtime import clients

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from ledger.database.connection import ConnectionKeeper, LedgerConnection
    from runtime.database import SecretCredentials

# Longer than the role's statement_timeout, short enough to answer 503 within three seconds.
ANSWER_TIMEOUT_SECONDS: Final = 2.5


class Resources:
    """What routes use to reach the world outside of the call."""

    def __init__(self, settings: ApiSettings) -> None:
        self.settings = settings
        self.presigner = Presigner()
        self.progress = LiveProgress(settings.redis_host, settings.redis_port, self._redis_token)

    def connection(self) -> "AbstractContextManager[LedgerConnection]":
        """Lends the warm connection to the ledger.

        Raises:
            LedgerUnavailableError: The database is away.
        """
        return self._keeper.connection()

    @cached_property
    def cursors(self) -> CursorSigner:
        """Signs list positions; all environments share the keys."""
        return CursorSigner(self._signing_keys)

    @cached_property
    def playback_tokens(self) -> PlaybackTokens:
        """Seals and checks playback links, for a purpose of their own under the same keys."""
        return PlaybackTokens(self._signing_keys)

    @cached_property
    def _signing_keys(self) -> SigningKeys:
        return SigningKeys(self.settings.signing_secret_arn)

    @cached_property
    def _login(self) -> "SecretCredentials":
        # Imports the database driver, which open paths never need.
        from runtime.database import SecretCredentials

        return SecretCredentials(self.settings.database_secret_arn)

    @cached_property
    def _keeper(self) -> "ConnectionKeeper":
        from ledger.database.connection import ConnectionKeeper
        from runtime.database import database_settings

        database = replace(database_settings(self.settings), answer_timeout_seconds=ANSWER_TIMEOUT_SECONDS)
        return ConnectionKeeper(database, self._login)

    def _redis_token(self) -> str:
        arn = self.settings.redis_secret_arn
        text = clients.secretsmanager().get_secret_value(SecretId=arn)["SecretString"]
        try:
            return str(json.loads(text)["auth_token"])
        except (ValueError, KeyError, TypeError):
            # The parser's own message could quote the secret, so it is not chained.
            message = f"secret {arn} must be JSON with auth_token; set it anew"
            raise SettingsError(message) from None
