"""A Fargate without room, in all ways in which that shows one after the other: jobs wait, and nothing fails.

The times are shortened: one retry at once in place of those that take two minutes, and pauses of a second.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from tests.e2e.test_console_executions import ended, job_of, start
from tests.platform_client import Platform, wait_for

WAYS = ("refuse", "failures", "stop")
REASONS = {"ECS.AmazonECSException", "AmazonECS.Unknown", "TaskNotStarted"}


@contextmanager
def in_a_hurry(platform: Platform) -> Iterator[None]:
    """Shorten all pauses of executions that start within the block."""
    client, machine = platform.aws("stepfunctions"), platform.exports["state_machine_arn"]
    deployed = client.describe_state_machine(stateMachineArn=machine)["definition"]
    definition = json.loads(deployed)
    for retrier in definition["States"]["ProcessVideo"]["Retry"]:
        if "IntervalSeconds" in retrier:
            retrier |= {"IntervalSeconds": 0.1, "MaxAttempts": 1}
    definition["States"]["WaitForTurn"]["Seconds"] = 1
    client.update_state_machine(stateMachineArn=machine, definition=json.dumps(definition))
    try:
        yield
    finally:
        client.update_state_machine(stateMachineArn=machine, definition=deployed)


@contextmanager
def shortages(platform: Platform) -> Iterator[Callable[[str], None]]:
    """Let there be no room within the block, in the way that was declared last."""

    def declare(way: str) -> None:
        assert platform.local("shortage", way).returncode == 0

    try:
        yield declare
    finally:
        declare("over")


def returns(platform: Platform, job_id: str) -> list[str]:
    """Why a job went back to the queue, each time."""
    return [event["data"]["reason"] for event in platform.events(job_id) if event["type"] == "job.returned"]


def has_returned(platform: Platform, job_id: str, times: int) -> bool | None:
    return len(returns(platform, job_id)) >= times or None


def test_jobs_of_both_kinds_outlast_a_shortage_with_their_first_attempt(
    platform: Platform, picture: Path
) -> None:
    bucket = platform.exports["ingest_bucket"]
    platform.aws("s3").put_object(Bucket=bucket, Key="assets/short.png", Body=picture.read_bytes())
    order = {"source": {"bucket": bucket, "key": "assets/short.png"}, "profile": "image"}
    with in_a_hurry(platform), shortages(platform) as declare:
        declare(WAYS[0])
        execution = start(platform, order)
        jobs = (
            job_of(platform, execution),
            platform.upload(picture, content_type="image/png", profile="image"),
        )
        for number, way in enumerate(WAYS):
            declare(way)
            for job_id in jobs:
                wait_for(
                    f"return {number + 1} of job {job_id} to the queue",
                    partial(has_returned, platform, job_id, number + 1),
                )
    for job_id in jobs:
        job = platform.settled(job_id)
        assert (job["status"], job["attempt"]) == ("COMPLETED", 1)
        assert set(returns(platform, job_id)) <= REASONS
        assert [mail["Subject"] for mail in platform.mails(job_id) if "failed" in mail["Subject"]] == []
    assert ended(platform, execution)["status"] == "SUCCEEDED"
    failed = (event.get("taskFailedEventDetails") for event in platform.history(execution))
    assert {details["error"] for details in failed if details} == REASONS
