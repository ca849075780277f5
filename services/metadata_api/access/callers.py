"""Finds the caller behind the key id that API Gateway puts into every event."""

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from ledger.access import keys
from metadata_api.access.caller import Caller
from metadata_api.http.problems import Problem, ProblemCode

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from ledger.database.connection import LedgerConnection

KNOWN_SECONDS: Final = 30.0
"""How long an environment trusts what it read of a key: a revoked one is refused within this time."""
_CHALLENGE: Final = {"WWW-Authenticate": 'ApiKey realm="video-platform", header="x-api-key"'}


class Callers:
    """Everybody whose key was used here within the last seconds.

    Args:
        connect: Lends a connection to the ledger.
        clock: Seconds that only grow.
    """

    def __init__(
        self,
        connect: "Callable[[], AbstractContextManager[LedgerConnection]]",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connect = connect
        self._clock = clock
        self._known: dict[str, tuple[Caller, float]] = {}

    def of(self, event: Mapping[str, Any]) -> Caller:
        """The caller of an API Gateway event.

        Raises:
            Problem: API_KEY_REQUIRED when the event names no key, API_KEY_UNKNOWN when the ledger knows of no
                active one with this id.
            LedgerUnavailableError: The database is away, and the key was not seen here lately.
        """
        identity = (event.get("requestContext") or {}).get("identity") or {}
        key_id = identity.get("apiKeyId")
        if not key_id:
            detail = "this operation needs an API key in the header x-api-key"
            raise Problem(ProblemCode.API_KEY_REQUIRED, detail, headers=_CHALLENGE)
        caller, until = self._known.get(str(key_id), (None, 0.0))
        if caller is None or self._clock() >= until:
            caller = self._read(str(key_id))
        return caller

    def _read(self, gateway_id: str) -> Caller:
        # Counted from before the question, so that what was revoked meanwhile is not trusted longer.
        until = self._clock() + KNOWN_SECONDS
        self._known.pop(gateway_id, None)
        with self._connect() as conn:
            key = keys.by_gateway_id(conn, gateway_id)
        if key is None:
            detail = "this API key is revoked, or not made by this platform; ask an operator for another"
            raise Problem(ProblemCode.API_KEY_UNKNOWN, detail, headers=_CHALLENGE)
        caller = Caller(client=key.client, key_id=str(key.id), key_name=key.name, scope=key.scope)
        self._known[gateway_id] = (caller, until)
        return caller
