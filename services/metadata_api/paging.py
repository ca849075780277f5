"""Pages of lists that are sorted by creation time and id."""

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol, TypeVar
from uuid import UUID

from pydantic import BaseModel

from metadata_api.cursor import CursorSigner, pack_position, unpack_position


class Sorted(Protocol):
    """A row that knows its place in the list."""

    @property
    def id(self) -> UUID:
        """Breaks ties of `created_at`."""
        ...

    @property
    def created_at(self) -> datetime:
        """When it was made."""
        ...


_Row = TypeVar("_Row")


def scope_of(name: str, query: BaseModel) -> str:
    """Names a list with its filters; a cursor of one scope is void in all others."""
    filters = query.model_dump_json(exclude={"limit", "cursor"})
    return f"{name}:{hashlib.sha256(filters.encode()).hexdigest()}"


def position_after(signer: CursorSigner, scope: str, cursor: str | None) -> tuple[datetime, UUID] | None:
    """Where the page starts; None for the first one.

    Raises:
        Problem: CURSOR_INVALID.
    """
    return None if cursor is None else unpack_position(signer.unseal(scope, cursor))


def split_page(
    rows: Sequence[_Row], limit: int, seal: Callable[[_Row], str]
) -> tuple[Sequence[_Row], str | None]:
    """The rows to show, of which one more than `limit` was asked for, and the cursor of the next page."""
    shown = rows[:limit]
    return shown, seal(shown[-1]) if len(rows) > limit else None


def seal_row(signer: CursorSigner, scope: str, row: Sorted) -> str:
    """The cursor of the page that starts after a row."""
    return signer.seal(scope, pack_position(row.created_at, row.id))
