"""Orders jobs as patient clients do: they repeat what failed, under one key, and wait when asked to."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from botocore.exceptions import BotoCoreError, ClientError

from tests.soak.world import World

DROPS_EVERY = 10
DROP_PREFIX = "soak/"
_CLIENTS = 4
_PATIENCE_SECONDS = 300.0
_PAUSE_SECONDS = 1.0
_IN_FLIGHT = 24


class Load:
    """Submits jobs: nine of ten through the API, every tenth by dropping a file into the bucket.

    Attributes:
        ordered: Ids of the jobs that the API has promised.
        dropped: Keys of the files that were dropped.
    """

    def __init__(self, world: World, clip: Path, *, profile: str) -> None:
        self._world = world
        self._clip = clip.read_bytes()
        self._profile = profile
        self._lock = threading.Lock()
        self.ordered: list[str] = []
        self.dropped: list[str] = []

    def run(self, jobs: int, progress: Callable[[], int | None]) -> None:
        """Submits this many; goes no further than a few ahead of what has ended.

        Args:
            jobs: How many.
            progress: How many have ended; None when it cannot be known right now.
        """
        with ThreadPoolExecutor(_CLIENTS) as pool:
            waiting = []
            for number in range(jobs):
                while number - (progress() or 0) > _IN_FLIGHT:
                    time.sleep(_PAUSE_SECONDS)
                waiting.append(pool.submit(self._drop if number % DROPS_EVERY == 0 else self._order, number))
            for submitted in waiting:
                submitted.result()

    def _drop(self, number: int) -> None:
        key = f"{DROP_PREFIX}{number:05}.mp4"
        bucket = self._world.platform.exports["ingest_bucket"]
        patiently(
            f"the drop of {key}",
            lambda: self._world.platform.aws("s3").put_object(Bucket=bucket, Key=key, Body=self._clip),
        )
        with self._lock:
            self.dropped.append(key)

    def _order(self, number: int) -> None:
        body = {
            "filename": f"soak-{number}.mp4",
            "size_bytes": len(self._clip),
            "content_type": "video/mp4",
            "profile": self._profile,
        }
        key = str(uuid4())

        def order() -> dict[str, Any]:
            answer = self._world.platform.api("POST", "/jobs", body, Idempotency_Key=key)
            answer.raise_for_status()
            given: dict[str, Any] = answer.json()
            return given

        def upload() -> None:
            created = order()  # with the same key: the same job, and a fresh link if one is still wanted
            if (ticket := created["upload"]) is not None:
                sent = httpx.put(ticket["url"], content=self._clip, headers=ticket["headers"], timeout=30)
                sent.raise_for_status()

        created = patiently(f"order {number}", order)
        with self._lock:
            self.ordered.append(str(created["job"]["job_id"]))
        patiently(f"upload {number}", upload)


def patiently(what: str, attempt: Callable[[], Any]) -> Any:
    """Tries again as long as the fault may be the platform's, as clients are told to.

    Raises:
        RuntimeError: It was refused for good or never worked.
    """
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            return attempt()
        except httpx.HTTPStatusError as error:
            status = error.response.status_code
            if status < httpx.codes.INTERNAL_SERVER_ERROR and status != httpx.codes.TOO_MANY_REQUESTS:
                message = f"{what} was refused with {status}: {error.response.text[:300]}"
                raise RuntimeError(message) from error
            last: Exception = error
        except (httpx.HTTPError, BotoCoreError, ClientError) as error:
            last = error
        if time.monotonic() > deadline:
            message = f"{what} did not work for {_PATIENCE_SECONDS:.0f} s: {last}"
            raise RuntimeError(message)
        time.sleep(_PAUSE_SECONDS)
