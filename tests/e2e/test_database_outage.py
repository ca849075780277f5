"""PostgreSQL hangs while jobs are ordered, uploaded and processed: nothing is lost, and all is well at once.

The outage takes some seconds in the ordinary run and a minute in `make test-faults`.
"""

import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests import media
from tests.e2e import ingest_queue
from tests.e2e.processes import processes_of, server_pid
from tests.fault_map import WHOLE
from tests.freezing import frozen
from tests.platform_client import Platform, wait_for

pytestmark = pytest.mark.timeout(400)
OUTAGE_SECONDS = 60 if WHOLE else 4
# Deployed are 180 s and five attempts too: they last longer than any failover, as these do here.
REDELIVERY_SECONDS = 30 if WHOLE else 8
ATTEMPTS = 5
# A caller that waits as it is told may meet this many refusals within the ten seconds of the bar.
RETRY_AFTER_SECONDS = 5
REFUSALS_AFTER_RETURN = 1


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return media.make_landscape(tmp_path_factory.mktemp("clip"), seconds=1)


def order(platform: Platform, picture: Path) -> dict[str, Any]:
    """A job that waits for its upload."""
    form = {
        "filename": picture.name,
        "size_bytes": picture.stat().st_size,
        "content_type": "image/png",
        "profile": "image",
    }
    answer = platform.api("POST", "/jobs", form)
    assert answer.status_code == 201, answer.text
    given: dict[str, Any] = answer.json()
    return given


def ask(platform: Platform, number: int) -> httpx.Response:
    """One call of several kinds in turn."""
    form = {"filename": "a.mp4", "size_bytes": 1, "content_type": "video/mp4"}
    calls: list[tuple[str, str, object]] = [
        ("GET", "/jobs", None),
        ("POST", "/jobs", form),
        ("GET", "/health", None),
        ("POST", "/metadata", {"title": "lost"}),
    ]
    method, path, body = calls[number % len(calls)]
    return platform.api(method, path, body)


def answers_during_outage(platform: Platform, *, events: int) -> list[httpx.Response]:
    """What callers get until the time is over and all events of the outage were taken, some in vain."""
    ends_at = time.monotonic() + OUTAGE_SECONDS
    failed_before = ingest_queue.batches_without_database(platform)
    answers: list[httpx.Response] = []
    while (
        time.monotonic() < ends_at
        or ingest_queue.messages(platform) != (0, events)
        or ingest_queue.batches_without_database(platform) == failed_before
    ):
        answers.append(ask(platform, len(answers)))
    return answers


def dropped_job(platform: Platform, key: str) -> str | None:
    items = platform.api("GET", "/jobs?limit=100").json()["items"]
    found = [item["job_id"] for item in items if item["filename"] == key]
    assert len(found) <= 1
    return next(iter(found), None)


@pytest.mark.long
def test_a_database_that_hangs_costs_no_job_and_is_used_again_at_once(
    platform: Platform, clip: Path, short_clip: Path, picture: Path
) -> None:
    wait_for("the end of earlier messages", lambda: ingest_queue.messages(platform) == (0, 0) or None)
    ordered = [order(platform, picture) for _ in range(2)]
    running = platform.upload(clip)
    wait_for("the end of its message", lambda: ingest_queue.messages(platform) == (0, 0) or None)
    wait_for("the encode", lambda: bool(processes_of(running, "libx264")) or None)

    with ingest_queue.redelivery(platform, after_seconds=REDELIVERY_SECONDS, attempts=ATTEMPTS):
        with frozen(server_pid(platform, "postgres")):
            for each in ordered:
                platform.send(each["upload"], picture)
            bucket, key = platform.exports["ingest_bucket"], f"{uuid4()}.mp4"
            platform.aws("s3").upload_file(str(short_clip), bucket, key)
            refused = answers_during_outage(platform, events=len(ordered) + 1)
        after = [ask(platform, 0)]
        while after[-1].status_code != 200 and len(after) <= REFUSALS_AFTER_RETURN:
            time.sleep(int(after[-1].headers["Retry-After"]))
            after.append(ask(platform, 0))
        dropped = wait_for("the job of the dropped file", lambda: dropped_job(platform, key))
        jobs = [running, dropped, *(each["job"]["job_id"] for each in ordered)]
        settled = {job_id: platform.settled(job_id) for job_id in jobs}

    assert len(refused) > 1
    assert {answer.status_code for answer in refused} == {503}
    assert {answer.headers["Retry-After"] for answer in refused} == {str(RETRY_AFTER_SECONDS)}
    assert after[-1].status_code == 200, [answer.text for answer in after]
    assert {job["status"] for job in settled.values()} == {"COMPLETED"}, settled
    for job_id in jobs:
        assert [event["type"] for event in platform.events(job_id)].count("job.completed") == 1
        platform.mail(job_id)
        assert len(platform.mails(job_id)) == 1
    assert ingest_queue.dead_letters(platform) == 0
