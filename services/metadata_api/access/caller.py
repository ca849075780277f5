"""Whoever is behind a call."""

from dataclasses import dataclass

from ledger.access.actors import Actor
from ledger.access.keys import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A client, by one of its keys.

    Attributes:
        client: Owns what is made by this call.
        key_id: The ledger's id of the key; never the key itself.
        key_name: What people call it.
    """

    client: str
    key_id: str
    key_name: str
    scope: Scope

    def in_request(self, request_id: str) -> Actor:
        """The caller as histories name it."""
        return Actor(client=self.client, key_id=self.key_id, key_name=self.key_name, request_id=request_id)
