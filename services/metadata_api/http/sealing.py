"""Texts that only this deployment can have written: sealed with a key, bound to one purpose and one scope.

A seal begins with the id of its key, so that keys can be replaced while seals of the former one are about.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

_TAG_BYTES: Final = 16
_SEPARATOR: Final = "."


class BrokenSealError(ValueError):
    """The text was altered, made up, sealed for another purpose or scope, or with a key that is retired."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """A key and the name that seals tell it by; the name is no secret and holds no dot."""

    id: str
    secret: str = field(repr=False)


class KeyRing(Protocol):
    """The keys of the deployment."""

    def current(self) -> SigningKey:
        """The one to seal with."""
        ...

    def find(self, key_id: str) -> SigningKey | None:
        """The one of this name, if it is still accepted."""
        ...


@dataclass(frozen=True, slots=True)
class FixedKeys:
    """Keys that do not change, the current one first."""

    keys: Sequence[SigningKey]

    def current(self) -> SigningKey:
        """The first one."""
        return self.keys[0]

    def find(self, key_id: str) -> SigningKey | None:
        """The one of this name."""
        return next((key for key in self.keys if key.id == key_id), None)


class Sealer:
    """Seals short texts. The scope is part of the seal but not carried by it.

    Args:
        keys: The deployment's; what seals are made with is derived from them.
        purpose: What the seals are for; one purpose's seal is void for every other.
    """

    def __init__(self, keys: KeyRing, purpose: bytes) -> None:
        self._keys = keys
        self._purpose = purpose

    def seal(self, scope: str, text: str) -> str:
        """The sealed text, safe to use in URLs."""
        return self._seal(self._keys.current(), scope, text.encode())

    def unseal(self, scope: str, sealed: str) -> str:
        """The text in a seal that was made for the same scope.

        Raises:
            BrokenSealError: It was not made here, or not for this scope, or its key is retired.
        """
        key_id, _, body = sealed.partition(_SEPARATOR)
        try:
            raw = base64.b64decode(body + "=" * (-len(body) % 4), altchars=b"-_", validate=True)
        except (ValueError, binascii.Error) as error:
            raise BrokenSealError(scope) from error
        # Only what could be a seal is worth asking for its key.
        key = self._keys.find(key_id) if len(raw) > _TAG_BYTES else None
        if key is None:
            raise BrokenSealError(scope)
        tag, payload = raw[:_TAG_BYTES], raw[_TAG_BYTES:]
        if not hmac.compare_digest(tag, self._tag(key, scope, payload)):
            raise BrokenSealError(scope)
        # Base64 has several spellings of one value; only the one handed out counts.
        if not hmac.compare_digest(self._seal(key, scope, payload), sealed):
            raise BrokenSealError(scope)
        return payload.decode()

    def _seal(self, key: SigningKey, scope: str, payload: bytes) -> str:
        body = base64.urlsafe_b64encode(self._tag(key, scope, payload) + payload).rstrip(b"=").decode()
        return f"{key.id}{_SEPARATOR}{body}"

    def _tag(self, key: SigningKey, scope: str, payload: bytes) -> bytes:
        derived = hmac.digest(key.secret.encode(), self._purpose, hashlib.sha256)
        return hmac.digest(derived, scope.encode() + b"\0" + payload, hashlib.sha256)[:_TAG_BYTES]
