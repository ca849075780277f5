"""Opaque, signed positions in a list, so that a page can only be asked for where one really ended."""

from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from metadata_api.http.problems import Problem, ProblemCode, field_problem
from metadata_api.http.sealing import BrokenSealError, KeyRing, Sealer

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_PURPOSE: Final = b"video-platform list cursor 1"


class CursorSigner:
    """Seals positions with a key that only this deployment knows.

    The scope (which list, which filters) is signed but not carried, so a cursor is void for any other list.

    Args:
        keys: The deployment's; a cursor of the key before the current one still counts.
    """

    def __init__(self, keys: KeyRing) -> None:
        self._sealer = Sealer(keys, _PURPOSE)

    def seal(self, scope: str, position: str) -> str:
        """The text to hand out for a position."""
        return self._sealer.seal(scope, position)

    def unseal(self, scope: str, cursor: str) -> str:
        """The position in a cursor that was sealed for the same scope.

        Raises:
            Problem: CURSOR_INVALID, when it was altered, made up, or belongs to another list.
        """
        try:
            return self._sealer.unseal(scope, cursor)
        except BrokenSealError:
            raise invalid_cursor() from None


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
