"""Live progress on the Redis board: rate-limited, and never a reason for anything to fail or wait."""

import json
import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from uuid import UUID

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from ledger.database.settings import CA_BUNDLE_PATH
from ledger.states import Stage

logger = logging.getLogger(__name__)

TIMEOUT_SECONDS: Final = 0.25
EXPIRY_SECONDS: Final = 3600
_MIN_INTERVAL_SECONDS: Final = 0.5
# A dead board would cost its timeout at every report; it is asked again only now and then.
_PAUSE_AFTER_FAILURE_SECONDS: Final = 10.0


def connect_board(
    host: str, port: int, auth_token: str, *, ca_bundle_path: Path = CA_BUNDLE_PATH
) -> redis.Redis:
    """Return a client of the board over verified TLS; it connects at its first use."""
    return redis.Redis(
        host=host,
        port=port,
        password=auth_token,
        ssl=True,
        ssl_ca_certs=str(ca_bundle_path),
        ssl_cert_reqs="required",
        ssl_check_hostname=True,
        socket_timeout=TIMEOUT_SECONDS,
        socket_connect_timeout=TIMEOUT_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )


class ProgressBoard:
    """Writes the progress of one job.

    Args:
        client: The Redis client.
        job_id: The job.
        clock: A monotonic clock in seconds.
    """

    def __init__(
        self, client: redis.Redis, job_id: UUID, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._client = client
        self._key = f"job:{job_id}:progress"
        self._chunks_key = f"job:{job_id}:chunks"
        self._clock = clock
        self._lock = threading.Lock()
        self._not_before_seconds = float("-inf")
        self._resume_seconds = float("-inf")
        self._topic = ""

    def show(
        self,
        *,
        fence: int,
        stage: str,
        percent: float,
        fps: float | None = None,
        eta_seconds: float | None = None,
    ) -> None:
        """Show where the job is; most calls within half a second of the last one are dropped."""
        self._seldom(stage, lambda: self._write(fence, stage, percent, fps, eta_seconds))

    def show_chunk(
        self, *, fence: int, name: str, share: float, total: int, span: tuple[float, float]
    ) -> None:
        """Show how much of one chunk is done: the job's percentage is that of all chunks together.

        Args:
            fence: The hold under which the job was planned.
            name: The chunk.
            share: 0 to 1.
            total: Number of chunks of the job.
            span: Share of the whole job, in percent, that the chunks take.
        """
        key, (start, end) = f"{self._chunks_key}:{fence}", span

        def write() -> None:
            with self._client.pipeline(transaction=False) as pipe:
                pipe.hset(key, name, f"{share:.4f}")
                pipe.expire(key, EXPIRY_SECONDS)
                pipe.hvals(key)
                shares = [float(value) for value in pipe.execute()[2]]
            percent = start + (end - start) * min(1.0, sum(shares) / max(1, total))
            self._write(fence, Stage.ENCODING.value, percent, None, None)

        self._seldom(f"{name} done" if share >= 1.0 else name, write)

    def _seldom(self, topic: str, write: Callable[[], None]) -> None:
        # Reports come from several threads; a report that finds another one being written is dropped.
        if not self._lock.acquire(blocking=False):
            return
        try:
            now_seconds = self._clock()
            too_soon = now_seconds < self._not_before_seconds and topic == self._topic
            if too_soon or now_seconds < self._resume_seconds:
                return
            self._topic = topic
            self._not_before_seconds = now_seconds + _MIN_INTERVAL_SECONDS
            write()
        except (redis.RedisError, OSError) as error:
            self._resume_seconds = self._clock() + _PAUSE_AFTER_FAILURE_SECONDS
            logger.warning("progress board not available", extra={"reason": type(error).__name__})
        finally:
            self._lock.release()

    def _write(
        self, fence: int, stage: str, percent: float, fps: float | None, eta_seconds: float | None
    ) -> None:
        text = json.dumps(
            {
                "fence": fence,
                "stage": stage,
                "percent": round(percent, 1),
                "fps": fps,
                "eta_seconds": eta_seconds,
                "updated_at": datetime.now(UTC).isoformat(),
            }
        )
        self._client.set(self._key, text, ex=EXPIRY_SECONDS)

    def close(self) -> None:
        """Close the connection."""
        try:
            self._client.close()
        except (redis.RedisError, OSError) as error:
            logger.warning("progress board not closed", extra={"reason": type(error).__name__})
