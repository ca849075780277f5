"""Stands before every operation behind the key: scope first, then whose the thing in the path is."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final
from uuid import UUID

from ledger.access import owners
from ledger.access.keys import Scope
from metadata_api.access.access import Access
from metadata_api.http.problems import ProblemCode, not_found

if TYPE_CHECKING:
    from ledger.database.connection import LedgerConnection

_Owner = Callable[["LedgerConnection", UUID], str | None]
_THINGS: Final[Mapping[str, tuple[_Owner, ProblemCode]]] = {
    "video_id": (owners.of_video, ProblemCode.VIDEO_NOT_FOUND),
    "job_id": (owners.of_job, ProblemCode.JOB_NOT_FOUND),
    "batch_id": (owners.of_batch, ProblemCode.BATCH_NOT_FOUND),
}


def check_call(access: Access, scope: Scope, path: Mapping[str, str]) -> None:
    """Lets a call through that its caller may make.

    Args:
        access: Who calls, under which rules.
        scope: What the operation needs; beyond a viewer's it is for what is the caller's own.
        path: Path parameters by name, as they came.

    Raises:
        Problem: SCOPE_TOO_SMALL, NOT_YOURS, or that the thing does not exist.
    """
    access.check_scope(scope)
    changes = scope is not Scope.VIEWER
    if access.caller.scope is Scope.OPERATOR or (access.sees_all and not changes):
        return
    for name, (owner_of, code) in _THINGS.items():
        thing_id = _id(path.get(name))
        if thing_id is None:  # not in the path, or of no thing: the operation answers that
            continue
        with access.connect() as conn:
            owner = owner_of(conn, thing_id)
        access.check_owner(owner, not_found(code, str(thing_id)), changes=changes)


def _id(text: str | None) -> UUID | None:
    try:
        return None if text is None else UUID(text)
    except ValueError:
        return None
