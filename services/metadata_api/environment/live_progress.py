"""The live progress board in Redis: read when it is there, done without when it is not."""

import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from ledger.database import settings as ledger_settings

if TYPE_CHECKING:
    from redis import Redis

_LOGGER = logging.getLogger(__name__)
TIMEOUT_SECONDS: Final = 0.25
# After a failure the board is left alone for a while: a hanging Redis costs one timeout, not one a call.
PAUSE_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a worker says it is."""

    fence: int
    stage: str
    percent: float
    fps: float | None
    eta_seconds: float | None


class LiveProgress:
    """Reads what workers report while they run.

    Args:
        host: Of the Redis primary.
        port: Of the Redis primary.
        read_token: Gives the AUTH token; called at the first use and after a failure.
    """

    def __init__(self, host: str, port: int, read_token: Callable[[], str]) -> None:
        self._host = host
        self._port = port
        self._read_token = read_token
        self._client: Redis | None = None
        self._paused_until = 0.0

    def read(self, job_ids: Sequence[UUID]) -> Mapping[UUID, Progress]:
        """The latest report of each job that has one; empty when the board cannot be read."""
        if not job_ids or time.monotonic() < self._paused_until:
            return {}
        texts = self._attempt(lambda client: client.mget([f"job:{job_id}:progress" for job_id in job_ids]))
        found = zip(job_ids, texts or (), strict=False)
        return {job_id: progress for job_id, text in found if (progress := _parse(text)) is not None}

    def ping(self) -> bool:
        """Whether the board answers right now."""
        return self._attempt(lambda client: client.ping()) is not None

    def _attempt(self, command: Callable[["Redis"], Any]) -> Any:
        """The command's result, or None: nothing that happens to Redis may fail a call of the API."""
        try:
            self._client = self._client or self._connect()
            return command(self._client)
        except Exception as error:  # noqa: BLE001 -- the cache is optional, and secrets and TLS may fail as well
            _LOGGER.warning("cache_unavailable", extra={"reason": type(error).__name__})
            self._forget()
            return None

    def _forget(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.close()
        self._paused_until = time.monotonic() + PAUSE_SECONDS

    def _connect(self) -> "Redis":
        # Most calls never look at the board, so they do not pay for the import.
        from redis import Redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        return Redis(
            host=self._host,
            port=self._port,
            password=self._read_token(),
            ssl=True,
            ssl_ca_certs=str(ledger_settings.CA_BUNDLE_PATH),
            socket_connect_timeout=TIMEOUT_SECONDS,
            socket_timeout=TIMEOUT_SECONDS,
            retry=Retry(NoBackoff(), 0),
            driver_info=None,  # saves two round trips on every new connection
            protocol=2,
        )


def _parse(text: bytes | None) -> Progress | None:
    if text is None:
        return None
    try:
        data = json.loads(text)
        return Progress(
            fence=int(data["fence"]),
            stage=str(data["stage"]),
            percent=min(100.0, max(0.0, float(data["percent"]))),
            fps=_optional(data.get("fps")),
            eta_seconds=_optional(data.get("eta_seconds")),
        )
    except (ValueError, KeyError, TypeError):
        _LOGGER.warning("progress_unreadable")
        return None


def _optional(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
