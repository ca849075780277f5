"""Texts that only this deployment can have written: sealed with a key, bound to one purpose and one scope."""

import base64
import binascii
import hashlib
import hmac
from typing import Final

_TAG_BYTES: Final = 16


class BrokenSealError(ValueError):
    """The text was altered, made up, or sealed for another purpose or scope."""


class Sealer:
    """Seals short texts. The scope is part of the seal but not carried by it.

    Args:
        secret: Any secret of the deployment; the key is derived from it.
        purpose: What the seals are for; one purpose's seal is void for every other.
    """

    def __init__(self, secret: str, purpose: bytes) -> None:
        self._key = hmac.digest(secret.encode(), purpose, hashlib.sha256)

    def seal(self, scope: str, text: str) -> str:
        """The sealed text, safe to use in URLs."""
        payload = text.encode()
        return base64.urlsafe_b64encode(self._tag(scope, payload) + payload).rstrip(b"=").decode()

    def unseal(self, scope: str, sealed: str) -> str:
        """The text in a seal that was made for the same scope.

        Raises:
            BrokenSealError: It was not made here, or not for this scope.
        """
        try:
            raw = base64.b64decode(sealed + "=" * (-len(sealed) % 4), altchars=b"-_", validate=True)
        except (ValueError, binascii.Error) as error:
            raise BrokenSealError(scope) from error
        tag, payload = raw[:_TAG_BYTES], raw[_TAG_BYTES:]
        if not hmac.compare_digest(tag, self._tag(scope, payload)):
            raise BrokenSealError(scope)
        # Base64 has several spellings of one value; only the one handed out counts.
        if not hmac.compare_digest(self.seal(scope, payload.decode()), sealed):
            raise BrokenSealError(scope)
        return payload.decode()

    def _tag(self, scope: str, payload: bytes) -> bytes:
        return hmac.digest(self._key, scope.encode() + b"\0" + payload, hashlib.sha256)[:_TAG_BYTES]
