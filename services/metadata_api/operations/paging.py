"""Pages of lists that are sorted by creation time and id."""

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol, TypeVar
from uuid import UUID

from metadata_api.http.cursor import pack_position, unpack_position
from metadata_api.operations.request import ApiRequest

if TYPE_CHECKING:
    from ledger.database.connection import LedgerConnection


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


class PageQuery(Protocol):
    """The query parameters of a list."""

    @property
    def limit(self) -> int:
        """Most rows of a page."""
        ...

    @property
    def cursor(self) -> str | None:
        """Where it starts; None for the first page."""
        ...

    def model_dump_json(self, *, exclude: set[str] | None = None) -> str:
        """All parameters as text, as pydantic writes them."""
        ...


class Numbered(Protocol):
    """An event that knows its number."""

    @property
    def id(self) -> int:
        """Grows with time."""
        ...


Told = TypeVar("Told", bound=Numbered)
SortedRow = TypeVar("SortedRow", bound=Sorted)
_Row = TypeVar("_Row")
Position = tuple[datetime, UUID]


def scope_of(name: str, query: PageQuery) -> str:
    """Names a list with its filters; a cursor of one scope is void in all others."""
    filters = query.model_dump_json(exclude={"limit", "cursor"})
    return f"{name}:{hashlib.sha256(filters.encode()).hexdigest()}"


def read_page(
    request: ApiRequest,
    name: str,
    query: PageQuery,
    find: "Callable[[LedgerConnection, Position | None, int], Sequence[SortedRow]]",
) -> tuple[Sequence[SortedRow], str | None]:
    """A page of a list that is sorted by creation time and id, newest first.

    Args:
        request: The call.
        name: Names the list, with all that its path says.
        query: Filters, limit and cursor.
        find: Reads rows from the ledger: those after a position, and how many of them at most.

    Returns:
        The rows to show, and the cursor of the next page; None after the last.

    Raises:
        Problem: CURSOR_INVALID.
    """
    whose = request.access.only_client
    scope = scope_of(name if whose is None else f"{name} of {whose}", query)
    signer = request.resources.cursors
    after = None if query.cursor is None else unpack_position(signer.unseal(scope, query.cursor))
    with request.connection() as conn:
        rows = find(conn, after, query.limit + 1)
    return split_page(
        rows, query.limit, lambda row: signer.seal(scope, pack_position(row.created_at, row.id))
    )


def read_history(
    request: ApiRequest,
    name: str,
    query: PageQuery,
    find: "Callable[[LedgerConnection, int, int], Sequence[Told] | None]",
) -> tuple[Sequence[Told], str | None] | None:
    """A page of the history of one thing, oldest first; None when there is no such thing.

    Args:
        request: The call.
        name: Names the history, with all that its path says.
        query: Limit and cursor.
        find: Reads events from the ledger: those after an id, and how many of them at most.

    Raises:
        Problem: CURSOR_INVALID.
    """
    scope, signer = scope_of(name, query), request.resources.cursors
    after_id = int(signer.unseal(scope, query.cursor)) if query.cursor else 0
    with request.connection() as conn:
        rows = find(conn, after_id, query.limit + 1)
    if rows is None:
        return None
    return split_page(rows, query.limit, lambda row: signer.seal(scope, str(row.id)))


def split_page(
    rows: Sequence[_Row], limit: int, seal: Callable[[_Row], str]
) -> tuple[Sequence[_Row], str | None]:
    """The rows to show, of which one more than `limit` was asked for, and the cursor of the next page."""
    shown = rows[:limit]
    return shown, seal(shown[-1]) if len(rows) > limit else None
