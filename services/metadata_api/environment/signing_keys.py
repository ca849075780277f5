"""The keys that cursors and playback links are sealed with: the current one and the one before it."""

import json
import logging
import re
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from ledger.errors import SettingsError
from metadata_api.http.sealing import SigningKey
from runtime import clients

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

_LOGGER = logging.getLogger(__name__)
# After a rotation others seal with a key that is not known here yet; made-up ids must not cost a call each.
ASK_AGAIN_SECONDS: Final = 10.0
# A retired key is accepted for no longer than this, and so is the new one not used.
REFRESH_SECONDS: Final = 300.0
_KEY_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,32}")


class SigningKeys:
    """Reads the secret `{"current": {"id", "key"}, "previous": {"id", "key"} or null}` and reads it again.

    Args:
        secret_arn: The secret.
        client: Reads it; the function's own when absent.
        clock: Seconds that only grow.
    """

    def __init__(
        self,
        secret_arn: str,
        client: "SecretsManagerClient | None" = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._secret_arn = secret_arn
        self._client = client
        self._clock = clock
        self._keys: tuple[SigningKey, ...] = ()
        self._read_at = 0.0

    def current(self) -> SigningKey:
        """The key to seal with.

        Raises:
            SettingsError: The secret holds no keys.
        """
        self._refresh(REFRESH_SECONDS)
        return self._keys[0]

    def find(self, key_id: str) -> SigningKey | None:
        """The key of this name, if it is the current one or the one before it."""
        self._refresh(REFRESH_SECONDS)
        known = self._known(key_id)
        if known is None and _KEY_ID.fullmatch(key_id):
            self._refresh(ASK_AGAIN_SECONDS)
            known = self._known(key_id)
        return known

    def _known(self, key_id: str) -> SigningKey | None:
        return next((key for key in self._keys if key.id == key_id), None)

    def _refresh(self, after_seconds: float) -> None:
        if self._keys and self._clock() - self._read_at < after_seconds:
            return
        from botocore.exceptions import BotoCoreError, ClientError  # not needed until a client is

        try:
            self._keys = self._read()
        except (BotoCoreError, ClientError) as error:
            if not self._keys:
                raise
            # The keys that are known go on; nobody waits for Secrets Manager twice in a row.
            _LOGGER.warning("signing_keys_not_read", extra={"reason": type(error).__name__})
        self._read_at = self._clock()

    def _read(self) -> tuple[SigningKey, ...]:
        client = self._client or clients.secretsmanager()
        text = client.get_secret_value(SecretId=self._secret_arn)["SecretString"]
        try:
            data = json.loads(text)
            told = (data["current"], data.get("previous"))
            return tuple(_key(item) for item in told if item is not None)
        except (ValueError, KeyError, TypeError, AttributeError):
            # The parser's own message could quote the secret, so it is not chained.
            message = (
                f"secret {self._secret_arn} must be JSON with current and previous, each with id and key; "
                "set it anew"
            )
            raise SettingsError(message) from None


def _key(item: Mapping[str, Any]) -> SigningKey:
    if not _KEY_ID.fullmatch(item["id"]) or not item["key"]:
        raise ValueError
    return SigningKey(id=item["id"], secret=item["key"])
