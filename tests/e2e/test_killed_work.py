"""Tasks killed at random moments: each job ends well within two retries, and nobody sees a part of a result.

Two kills in the ordinary run and ten in `make test-faults`; the seed is printed, and FAULT_SEED sets it.
"""

import hashlib
import json
import os
import random
import secrets
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.processes import kill, processes_of
from tests.fault_map import WHOLE
from tests.media import BUNNY, ffmpeg
from tests.platform_client import Platform, wait_for

KILLS = 10 if WHOLE else 2
SEED = int(os.environ.get("FAULT_SEED", secrets.randbelow(1_000_000)))
RETRIES = 2
WORKER = "-m processor"

pytestmark = pytest.mark.timeout(100 + 50 * KILLS)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "killed.mp4"
    ffmpeg(
        "-t",
        "3",
        "-i",
        str(BUNNY),
        "-vf",
        "scale=640:360",
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
        str(path),
    )
    return path


class Reader:
    """Looks at one job as callers do, again and again, and notes what it should never have seen."""

    def __init__(self, platform: Platform, job_id: str) -> None:
        self._platform = platform
        self._job_id = job_id
        self._checked = False
        self.looks = 0
        self.wrong: list[str] = []

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Look until the end of the block, and once more after it."""
        ended = threading.Event()

        def read() -> None:
            while not ended.wait(0.1):
                try:
                    self.look()
                except (AssertionError, httpx.HTTPError) as error:
                    self.wrong.append(f"no answer: {error}")

        thread = threading.Thread(target=read)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()
        self.look()

    def look(self) -> None:
        """Everything that a job or a manifest names must be there, whole, at the moment it is named."""
        self.looks += 1
        job = self._platform.job(self._job_id)
        if job["status"] != "COMPLETED" and job["outputs"]:
            self.wrong.append(f"{job['status']} with outputs")
        if job["outputs"] and not self._checked:
            self._checked = True
            self._look_at_outputs(job)
        self._look_at_bucket()

    def _look_at_outputs(self, job: dict[str, Any]) -> None:
        for output in job["outputs"]:
            link = self._platform.link(self._job_id, output["name"])["download_url"]
            body = self._platform.http.get(link).raise_for_status().content
            if hashlib.sha256(body).hexdigest() != output["sha256"]:
                self.wrong.append(f"{output['name']} differs from its record")

    def _look_at_bucket(self) -> None:
        manifests = [
            key for key in self._platform.media_objects(self._job_id) if key.endswith("manifest.json")
        ]
        if not manifests:
            return
        s3, bucket = self._platform.aws("s3"), self._platform.exports["media_bucket"]
        objects = self._platform.media_objects(self._job_id)
        for key in manifests:
            manifest = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
            prefix = key.removesuffix("manifest.json")
            named = {prefix + output["file"]: output["size_bytes"] for output in manifest["outputs"]}
            if not named.items() <= objects.items():
                self.wrong.append(f"{key} names what is not there")


def life_seconds(platform: Platform, clip: Path) -> float:
    """How long the task of such a job works when nobody disturbs it."""
    job_id = platform.upload(clip)
    wait_for("the worker", lambda: processes_of(job_id, WORKER) or None)
    started = time.monotonic()
    assert platform.settled(job_id)["status"] == "COMPLETED"
    return time.monotonic() - started


def kill_at(platform: Platform, job_id: str, moment_seconds: float, chance: random.Random) -> str:
    """Kill the worker or one of its tools, a while after it began; tells which, or that it was too late."""
    wait_for("the worker", lambda: processes_of(job_id, WORKER) or None)
    time.sleep(moment_seconds)
    workers = processes_of(job_id, WORKER)
    tools = [pid for pid in processes_of(job_id, "") if pid not in workers]
    if not workers:
        return "nobody"
    if tools and chance.random() < 0.75:
        kill([chance.choice(tools)])
        return "tool"
    kill(workers)
    return "worker"


@pytest.mark.long
def test_jobs_killed_at_random_moments_end_within_two_retries_and_never_show_a_part(
    platform: Platform, clip: Path
) -> None:
    chance = random.Random(SEED)  # noqa: S311 -- moments, not secrets
    life = life_seconds(platform, clip)
    told: list[dict[str, Any]] = []
    shares = [chance.uniform(0, 0.9) for _ in range(KILLS)]
    while shares:
        job_id = platform.upload(clip)
        reader = Reader(platform, job_id)
        with reader.reading():
            killed = kill_at(platform, job_id, shares[0] * life, chance)
            job = platform.settled(job_id)
            platform.ended_execution(job_id)
        told.append({"at": round(shares[0], 2), "killed": killed, "looks": reader.looks})
        check(platform, job, reader)
        # A machine that has become faster since the calm job ends this one too soon: then again, earlier.
        shares = shares[1:] if killed != "nobody" else [shares[0] / 2, *shares[1:]]
    sys.stdout.write(f"FAULT_SEED={SEED}, a calm task works {life:.1f} s: {json.dumps(told)}\n")


def check(platform: Platform, job: dict[str, Any], reader: Reader) -> None:
    assert reader.wrong == []
    assert job["status"] == "COMPLETED", job
    job_id = job["job_id"]
    events = [event["type"] for event in platform.events(job_id)]
    assert events.count("job.claimed") <= 1 + RETRIES, events
    assert events.count("job.completed") == 1
    platform.mail(job_id)
    assert len(platform.mails(job_id)) == 1
    assert processes_of(job_id, "") == []
