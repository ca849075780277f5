"""Messages that the platform's queue cannot get rid of: they hold up no other, and come back once mended."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.e2e import ingest_queue
from tests.platform_client import Platform, wait_for

ATTEMPTS = 3
REDELIVERY_SECONDS = 4
GOOD = 9


@pytest.fixture
def impatient(platform: Platform) -> Iterator[None]:
    """The queue tries sooner and less often than deployed, and nobody else's message lies in it."""
    wait_for("the end of earlier messages", lambda: ingest_queue.messages(platform) == (0, 0) or None)
    dead_url = platform.exports["ingest_dead_letter_queue_url"]
    platform.aws("sqs").purge_queue(QueueUrl=dead_url)
    with ingest_queue.redelivery(platform, after_seconds=REDELIVERY_SECONDS, attempts=ATTEMPTS):
        yield
    platform.aws("sqs").purge_queue(QueueUrl=dead_url)


@contextmanager
def uploads_unreadable(platform: Platform) -> Iterator[None]:
    """The ingest function may not look at uploads: what an operator gets wrong in a role."""
    iam = platform.aws("iam")
    function = platform.aws("lambda").get_function_configuration(
        FunctionName=ingest_queue.function_of_queue(platform)
    )
    role = function["Role"].rpartition("/")[2]
    (name,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    right = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    kept = [item for item in right["Statement"] if item["Sid"] != "InspectUploads"]
    assert len(kept) == len(right["Statement"]) - 1
    wrong = json.dumps(right | {"Statement": kept})
    iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=wrong)
    try:
        yield
    finally:
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(right))


def send_poison(platform: Platform) -> str:
    """A message that the function does not understand; gives its id."""
    body = json.dumps({"detail-type": "Object Created", "detail": {"poison": str(uuid4())}})
    url = platform.exports["ingest_queue_url"]
    return str(platform.aws("sqs").send_message(QueueUrl=url, MessageBody=body)["MessageId"])


def upload(platform: Platform, picture: Path, number: int) -> list[str]:
    return [platform.upload(picture, content_type="image/png", profile="image") for _ in range(number)]


def wait_for_dead_letters(platform: Platform, number: int) -> None:
    """Wait until the queue is empty and so many of its messages are dead."""

    def settled() -> bool | None:
        empty = ingest_queue.messages(platform) == (0, 0)
        return (empty and ingest_queue.dead_letters(platform) == number) or None

    wait_for(f"{number} dead letters", settled, timeout_seconds=90)


def wait_for_failures(platform: Platform, *, after: int) -> list[str]:
    """The failures beyond the first `after`, as soon as they are as many as a message has attempts."""

    def found() -> list[str] | None:
        failed = ingest_queue.failed_messages(platform)[after:]
        return failed if len(failed) >= ATTEMPTS else None

    return wait_for("the last failure", found)


def look_at_dead_letter(platform: Platform) -> dict[str, Any]:
    """Take the only one, which counts as one more receive, and leave it where it is."""
    answer = platform.aws("sqs").receive_message(
        QueueUrl=platform.exports["ingest_dead_letter_queue_url"],
        MaxNumberOfMessages=10,
        VisibilityTimeout=0,
        AttributeNames=["All"],
    )
    (letter,) = answer["Messages"]
    return dict(letter)


def check_done_once(platform: Platform, job_id: str) -> None:
    job = platform.settled(job_id)
    assert job["status"] == "COMPLETED", job
    platform.ended_execution(job_id)
    events = [event["type"] for event in platform.events(job_id)]
    assert (events.count("job.uploaded"), events.count("job.completed")) == (1, 1), events
    assert len({key.rsplit("/", 1)[0] for key in platform.media_objects(job_id)}) == 1
    platform.mail(job_id)
    assert len(platform.mails(job_id)) == 1


@pytest.mark.long
def test_of_ten_messages_nine_are_done_once_and_the_poison_is_dead_after_three_receives(
    platform: Platform, picture: Path, impatient: None
) -> None:
    failed_before = len(ingest_queue.failed_messages(platform))
    with ingest_queue.delivery_paused(platform):
        jobs = upload(platform, picture, 4)
        poison = send_poison(platform)
        jobs += upload(platform, picture, GOOD - len(jobs))
        wait_for("a batch of ten", lambda: ingest_queue.messages(platform) == (GOOD + 1, 0) or None)

    for job_id in jobs:
        check_done_once(platform, job_id)
    wait_for_dead_letters(platform, 1)

    assert wait_for_failures(platform, after=failed_before) == [poison] * ATTEMPTS
    letter = look_at_dead_letter(platform)
    received = int(letter["Attributes"]["ApproximateReceiveCount"]) - 1  # without this look
    assert (letter["MessageId"], received) == (poison, ATTEMPTS)


@pytest.mark.long
def test_after_the_fix_a_redrive_does_everything_once_and_what_is_still_bad_returns_once(
    platform: Platform, picture: Path, impatient: None
) -> None:
    with uploads_unreadable(platform):
        jobs = upload(platform, picture, 2)
        send_poison(platform)
        wait_for_dead_letters(platform, 3)
    assert {platform.job(job_id)["status"] for job_id in jobs} == {"PENDING"}
    failed_before = len(ingest_queue.failed_messages(platform))

    given_back = platform.local("redrive", "ingest", "--json")

    assert given_back.returncode == 0, given_back.stdout + given_back.stderr
    (queue,) = json.loads(given_back.stdout)["queues"]
    assert queue["moved"] == 3
    for job_id in jobs:
        check_done_once(platform, job_id)
    wait_for_dead_letters(platform, 1)
    failures = wait_for_failures(platform, after=failed_before)
    assert (len(failures), len(set(failures))) == (ATTEMPTS, 1)
