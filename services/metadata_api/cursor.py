"""Opaque, signed positions in a list, so that a page can only be asked for where one really ended."""

import base64
import binascii
import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from metadata_api.problems import Problem, ProblemCode, field_problem

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_TAG_BYTES: Final = 16
_PURPOSE: Final = b"video-platform list cursor 1"


class CursorSigner:
    """Seals positions with a key that only this deployment knows.

    The scope (which list, which filters) is signed but not carried, so a cursor is void for any other list.

    Args:
        secret: Any secret of the deployment; the signing key is derived from it.
    """

    def __init__(self, secret: str) -> None:
        self._key = hmac.digest(secret.encode(), _PURPOSE, hashlib.sha256)

    def seal(self, scope: str, position: str) -> str:
        """The text to hand out for a position."""
        payload = position.encode()
        return base64.urlsafe_b64encode(self._tag(scope, payload) + payload).rstrip(b"=").decode()

    def unseal(self, scope: str, cursor: str) -> str:
        """The position in a cursor that was sealed for the same scope.

        Raises:
            Problem: CURSOR_INVALID, when it was altered, made up, or belongs to another list.
        """
        try:
            raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        except (ValueError, binascii.Error):
            raise invalid_cursor() from None
        tag, payload = raw[:_TAG_BYTES], raw[_TAG_BYTES:]
        if not hmac.compare_digest(tag, self._tag(scope, payload)):
            raise invalid_cursor()
        # Base64 has several spellings of one value; only the one handed out counts.
        if self.seal(scope, payload.decode()) != cursor:
            raise invalid_cursor()
        return payload.decode()

    def _tag(self, scope: str, payload: bytes) -> bytes:
        return hmac.digest(self._key, scope.encode() + b"\0" + payload, hashlib.sha256)[:_TAG_BYTES]


def invalid_cursor() -> Problem:
    """The problem of a cursor that this list never handed out."""
    message = "was not made for this list and these filters; start again without a cursor"
    return field_problem("cursor", message, ProblemCode.CURSOR_INVALID)


def pack_position(moment: datetime, row_id: UUID) -> str:
    """A keyset position as text, exact to the microsecond."""
    return f"{(moment - _EPOCH) // _MICROSECOND}.{row_id.hex}"


def unpack_position(text: str) -> tuple[datetime, UUID]:
    """The reverse of `pack_position`; the text has been authenticated before."""
    microseconds, _, row_id = text.partition(".")
    return _EPOCH + int(microseconds) * _MICROSECOND, UUID(row_id)
