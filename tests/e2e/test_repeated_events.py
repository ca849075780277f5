"""Queues deliver more than once, late and out of order: one file is still one job with one result."""

import json
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.ingest_queue import delivery_paused, function_of_queue
from tests.e2e.processes import processes_of
from tests.platform_client import Platform, wait_for

COPIES = 10
KEY = "repeated/tiny.mp4"


@pytest.fixture(scope="module")
def clip(short_clip: Path) -> Path:
    return Path(shutil.copy(short_clip, short_clip.with_name("tiny.mp4")))


@pytest.fixture
def undelivered(platform: Platform) -> Iterator[None]:
    """The queue's own delivery, paused, so that all copies lie ready before the first is taken."""
    with delivery_paused(platform):
        yield


def the_message(platform: Platform) -> str:
    """The one message that S3 sent for the file, taken off the queue."""

    def taken() -> str | None:
        sqs, url = platform.aws("sqs"), platform.exports["ingest_queue_url"]
        for message in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages", []):
            if KEY in message["Body"]:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                return str(message["Body"])
        return None

    return wait_for("the event of the file", taken)


def deliver(platform: Platform, body: str, number: int) -> dict[str, Any]:
    """Hand one copy to the function, as the queue would."""
    record = {"messageId": f"copy-{number}", "body": body, "eventSource": "aws:sqs"}
    answer = platform.aws("lambda").invoke(
        FunctionName=function_of_queue(platform), Payload=json.dumps({"Records": [record]})
    )
    given: dict[str, Any] = json.loads(answer["Payload"].read())
    return given


def jobs_of_file(platform: Platform) -> list[str]:
    items = platform.api("GET", "/jobs?limit=100").json()["items"]
    return [item["job_id"] for item in items if item["filename"] == "tiny.mp4"]


def test_ten_copies_of_one_event_in_parallel_and_one_much_later_are_one_job_one_result_and_one_mail(
    platform: Platform, clip: Path, undelivered: None
) -> None:
    platform.aws("s3").upload_file(str(clip), platform.exports["ingest_bucket"], KEY)
    body = the_message(platform)

    with ThreadPoolExecutor(COPIES) as pool:
        answers = list(pool.map(lambda number: deliver(platform, body, number), range(COPIES)))

    assert answers == [{"batchItemFailures": []}] * COPIES
    (job_id,) = jobs_of_file(platform)
    job = platform.settled(job_id)
    assert job["status"] == "COMPLETED", job
    assert platform.ended_execution(job_id)["status"] == "SUCCEEDED"
    platform.mail(job_id)
    assert deliver(platform, body, COPIES) == {"batchItemFailures": []}
    assert jobs_of_file(platform) == [job_id]
    assert len(platform.executions(job_id)) == 1
    assert len({key.rsplit("/", 1)[0] for key in platform.media_objects(job_id)}) == 1
    assert len(platform.mails(job_id)) == 1
    assert [event["type"] for event in platform.events(job_id)].count("job.completed") == 1
    assert processes_of(job_id, "") == []
