"""The ingest queue of a running platform: its delivery, its attributes and its dead letters."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.platform_client import Platform


def queue_arn(platform: Platform) -> str:
    """The queue by the name that its mapping knows it by."""
    url = platform.exports["ingest_queue_url"]
    answer = platform.aws("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return str(answer["Attributes"]["QueueArn"])


def function_of_queue(platform: Platform) -> str:
    """The function that works the queue off."""
    return str(_mapping(platform)["FunctionArn"])


def _mapping(platform: Platform) -> dict[str, Any]:
    client = platform.aws("lambda")
    found = client.list_event_source_mappings(EventSourceArn=queue_arn(platform))["EventSourceMappings"]
    (mapping,) = found
    return dict(mapping)


@contextmanager
def delivery_paused(platform: Platform) -> Iterator[None]:
    """No message is delivered within the block, so that several lie ready at its end."""
    client, uuid = platform.aws("lambda"), _mapping(platform)["UUID"]
    client.update_event_source_mapping(UUID=uuid, Enabled=False)
    try:
        yield
    finally:
        client.update_event_source_mapping(UUID=uuid, Enabled=True)


@contextmanager
def redelivery(platform: Platform, *, after_seconds: int, attempts: int) -> Iterator[None]:
    """Messages that failed come back sooner than deployed, and go to the dead letters after so many tries."""
    sqs, url = platform.aws("sqs"), platform.exports["ingest_queue_url"]
    names = ["VisibilityTimeout", "RedrivePolicy"]
    before = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    policy = json.loads(before["RedrivePolicy"]) | {"maxReceiveCount": attempts}
    changed = {"VisibilityTimeout": str(after_seconds), "RedrivePolicy": json.dumps(policy)}
    sqs.set_queue_attributes(QueueUrl=url, Attributes=changed)
    try:
        yield
    finally:
        sqs.set_queue_attributes(QueueUrl=url, Attributes=before)


def messages(platform: Platform, queue: str = "ingest_queue_url") -> tuple[int, int]:
    """How many messages lie ready in a queue, and how many somebody has taken and not deleted."""
    answer = platform.aws("sqs").get_queue_attributes(
        QueueUrl=platform.exports[queue], AttributeNames=["All"]
    )["Attributes"]
    names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
    ready, taken = (int(answer[name]) for name in names)
    return ready, taken


def dead_letters(platform: Platform) -> int:
    """What an alarm on the metric ApproximateNumberOfMessagesVisible of the dead-letter queue would see."""
    return messages(platform, "ingest_dead_letter_queue_url")[0]


def failed_messages(platform: Platform) -> list[str]:
    """The id of every message that the function could not handle, once for each time."""
    return [str(line["message_id"]) for line in _logged(platform, "message_failed")]


def batches_without_database(platform: Platform) -> int:
    """How many batches the function gave back because it could not reach the ledger."""
    return len(_logged(platform, "ledger_unavailable"))


def _logged(platform: Platform, event: str) -> list[dict[str, Any]]:
    group = f"/aws/lambda/{function_of_queue(platform).rpartition(':')[2]}"
    pages = platform.aws("logs").get_paginator("filter_log_events").paginate(logGroupName=group)
    texts = (item["message"] for page in pages for item in page["events"])
    lines = [json.loads(text) for text in texts if event in text]
    return [line for line in lines if line["message"] == event]
