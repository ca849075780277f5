"""The two ways to change the tokens of Redis: ElastiCache in AWS, the server itself on this machine."""

import time
from dataclasses import dataclass
from typing import Any, Final, Protocol

import redis

_POLL_SECONDS: Final = 10.0
_LIMIT_SECONDS: Final = 1800.0


class Cache(Protocol):
    """A Redis that takes a second token beside the first."""

    def add(self, token: str) -> None:
        """Accept this token as well as the one in use."""
        ...

    def keep_only(self, token: str) -> None:
        """Accept this token and no other."""
        ...


@dataclass(frozen=True, slots=True)
class ElastiCache:
    """A replication group: ROTATE adds a token, SET leaves one (ElastiCache API, ModifyReplicationGroup).

    Args:
        client: Of ElastiCache.
        group_id: The replication group.
    """

    client: Any
    group_id: str

    def add(self, token: str) -> None:
        """Accept this token as well as the one in use; returns when every node does."""
        self._modify(token, "ROTATE")

    def keep_only(self, token: str) -> None:
        """Accept this token and no other; ElastiCache allows it after a ROTATE only."""
        self._modify(token, "SET")

    def _modify(self, token: str, strategy: str) -> None:
        self.client.modify_replication_group(
            ReplicationGroupId=self.group_id,
            AuthToken=token,
            AuthTokenUpdateStrategy=strategy,
            ApplyImmediately=True,
        )
        deadline = time.monotonic() + _LIMIT_SECONDS
        while time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)  # it may say "available" for a moment before it begins
            (group,) = self.client.describe_replication_groups(ReplicationGroupId=self.group_id)[
                "ReplicationGroups"
            ]
            if group["Status"] == "available" and not group.get("PendingModifiedValues", {}).get(
                "AuthTokenStatus"
            ):
                return
        message = f"replication group {self.group_id} is not available after {_LIMIT_SECONDS:.0f} s"
        raise TimeoutError(message)


@dataclass(frozen=True, slots=True)
class LocalRedis:
    """The Redis of local mode; its own first token stays, because the platform tends the server with it.

    Args:
        host: Where it listens.
        port: Where it listens, with TLS.
        own_token: Its first token.
        ca_path: The local authority.
    """

    host: str
    port: int
    own_token: str
    ca_path: str

    def add(self, token: str) -> None:
        """Accept this token as well."""
        self._set(f"+{token}")

    def keep_only(self, token: str) -> None:
        """Accept this token and the server's own."""
        self._set(f"+{self.own_token}", f"+{token}", reset=True)

    def _set(self, *passwords: str, reset: bool = False) -> None:
        client: Any = redis.Redis(
            host=self.host,
            port=self.port,
            password=self.own_token,
            ssl=True,
            ssl_ca_certs=self.ca_path,
            socket_timeout=5,
        )
        try:
            client.acl_setuser("default", enabled=True, passwords=list(passwords), reset_passwords=reset)
        finally:
            client.close()
