"""Breaks things at random moments: the seed is printed, so that a run can be repeated."""

import json
import random
import signal
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import psycopg
from botocore.exceptions import BotoCoreError, ClientError

from tests.soak.world import World, signal_process

_COPIES = 5
_SHORTEST_PAUSE_SECONDS = 2.0
_LONGEST_PAUSE_SECONDS = 6.0
_LONGEST_OUTAGE_SECONDS = 4.0


class Chaos(threading.Thread):
    """Does one bad thing after the other until the world stops.

    Attributes:
        done: How often each kind of thing was done.
    """

    def __init__(self, world: World, seed: int) -> None:
        super().__init__(name="chaos", daemon=True)
        self._world = world
        self._random = random.Random(seed)  # noqa: S311 -- repeatable, not secret
        self.done: Counter[str] = Counter()
        self._kinds = {
            "task killed": (self._kill_task, 6),
            "events repeated": (self._repeat_events, 5),
            "PostgreSQL killed": (lambda: self._kill("postgres"), 1),
            "Redis killed": (lambda: self._kill("redis"), 1),
            "Redis frozen": (lambda: self._freeze("redis"), 1),
        }

    def run(self) -> None:
        """Breaks things until `stop` is set."""
        pause = self._random.uniform(_SHORTEST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS)
        while not self._world.stop.wait(pause):
            name = self._random.choices(list(self._kinds), [weight for _, weight in self._kinds.values()])[0]
            try:
                if self._kinds[name][0]():
                    self.done[name] += 1
            except (psycopg.Error, BotoCoreError, ClientError, OSError, ValueError, KeyError):
                self.done[f"{name}: missed, the platform was busy recovering"] += 1
            pause = self._random.uniform(_SHORTEST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS)

    def _kill_task(self) -> bool:
        """A worker or one of its tools, at whatever it is doing."""
        found = self._world.tasks()
        return bool(found) and signal_process(self._random.choice(found), signal.SIGKILL)

    def _kill(self, server: str) -> bool:
        return signal_process(self._world.pid_of(server), signal.SIGKILL)

    def _freeze(self, server: str) -> bool:
        pid = self._world.pid_of(server)
        frozen = signal_process(pid, signal.SIGSTOP)
        time.sleep(self._random.uniform(1.0, _LONGEST_OUTAGE_SECONDS))
        return frozen and signal_process(pid, signal.SIGCONT)

    def _repeat_events(self) -> bool:
        """The event of a job's file once more, several times at once, whatever has become of the job."""
        rows = self._world.rows(
            "SELECT source_bucket, source_key, source_size_bytes, source_etag, source_version_id,"
            " source_sequencer FROM jobs WHERE uploaded_at IS NOT NULL ORDER BY random() LIMIT 1"
        )
        if not rows:
            return False
        bucket, key, size, etag, version, sequencer = rows[0]
        given = {"key": key, "size": size, "etag": etag, "version-id": version, "sequencer": sequencer}
        told = {name: value for name, value in given.items() if value is not None}
        detail = {"bucket": {"name": bucket}, "object": told}
        event = {"source": "aws.s3", "detail-type": "Object Created", "detail": detail}
        with ThreadPoolExecutor(_COPIES) as pool:
            list(pool.map(lambda number: self._deliver(json.dumps(event), number), range(_COPIES)))
        return True

    def _deliver(self, body: str, number: int) -> None:
        record = {"messageId": f"repeated-{number}", "body": body, "eventSource": "aws:sqs"}
        payload = json.dumps({"Records": [record]})
        client = self._world.platform.aws("lambda")
        client.invoke(FunctionName=self._world.ingest_function, Payload=payload)
