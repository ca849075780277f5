"""What one caller may see and change.

Answers do not tell what exists: where clients do not see each other, another's record is answered exactly
like one that was never made, after the same one question to the ledger.
"""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ledger.access import owners
from ledger.access.keys import Scope
from ledger.states import CONSOLE_OWNER
from metadata_api.access.caller import Caller
from metadata_api.http.problems import Problem, ProblemCode

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from ledger.database.connection import LedgerConnection

SHARED: Final = "shared"
"""Value of the setting `record_access` with which clients see each other's records."""
PER_CLIENT: Final = "per-client"
"""The other value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """A caller under the rules of this deployment.

    Attributes:
        caller: Who calls.
        record_access: SHARED or PER_CLIENT.
        connect: Lends a connection to the ledger; operators' calls never ask for one here.
    """

    caller: Caller
    record_access: str
    connect: "Callable[[], AbstractContextManager[LedgerConnection]]"

    @property
    def sees_all(self) -> bool:
        """Whether the caller may read what belongs to others."""
        return self.record_access == SHARED or self.caller.scope is Scope.OPERATOR

    @property
    def only_client(self) -> str | None:
        """The one client whose records a list may show; None when it may show everybody's."""
        return None if self.sees_all else self.caller.client

    @property
    def reuses_of(self) -> str | None:
        """The one client whose outputs may answer for a new job; None when anybody's may."""
        return None if self.record_access == SHARED else self.caller.client

    def check_scope(self, wanted: Scope) -> None:
        """Lets only keys through that reach as far as `wanted`.

        Raises:
            Problem: SCOPE_TOO_SMALL.
        """
        if not self.caller.scope.covers(wanted):
            detail = (
                f"this needs a key of scope {wanted}, and {self.caller.key_name!r} is of scope"
                f" {self.caller.scope}; ask an operator for another key"
            )
            raise Problem(ProblemCode.SCOPE_TOO_SMALL, detail)

    def check_owner(self, owner: str | None, missing: Problem, *, changes: bool) -> None:
        """Lets a call through to a thing that is there and that the caller may see, or change.

        Args:
            owner: Whose the thing is; None when there is none.
            missing: What is answered when there is none, and when the caller may not know that there is.
            changes: Whether the call changes it, or takes it for a job of its own.

        Raises:
            Problem: `missing`, or NOT_YOURS where clients see each other.
        """
        theirs = owner == self.caller.client
        if owner is None or not (theirs or self.sees_all):
            raise missing
        if changes and not theirs and self.caller.scope is not Scope.OPERATOR:
            detail = (
                f"this belongs to another client than {self.caller.client!r}, which may read it and no more;"
                " use a key of its owner or of an operator"
            )
            raise Problem(ProblemCode.NOT_YOURS, detail)

    def check_source(self, bucket: str, key: str, missing: Problem) -> None:
        """Where clients do not see each other, lets a job be made only of an object that is its client's.

        Raises:
            Problem: `missing`.
        """
        if self.sees_all:
            return
        with self.connect() as conn:
            if not owners.has_source(conn, self.caller.client, bucket, key):
                raise missing


def console_access(conn: "LedgerConnection") -> Access:
    """What people may who start executions in the Step Functions console; AWS decides who they are."""
    caller = Caller(client=CONSOLE_OWNER, key_id="", key_name="", scope=Scope.OPERATOR)
    return Access(caller=caller, record_access=PER_CLIENT, connect=lambda: nullcontext(conn))
