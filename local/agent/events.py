"""Delivers "ECS Task State Change" events, which the emulator neither sends nor lets others put.

The rules that are deployed decide: each enabled rule's pattern is tested by EventBridge itself, and the
event goes to the function and queue targets of those that match.
"""

import datetime as dt
import json
import logging
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.aws import AwsAccess

_LOGGER = logging.getLogger(__name__)
_OUT_OF_MEMORY = "OutOfMemoryError: Container killed due to memory usage"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a task stopped.

    Attributes:
        reason: Why, in words.
        stop_code: EssentialContainerExited, UserInitiated or TaskFailedToStart.
        exit_code: The container's exit code; None when it never ran.
        container_reason: What is told of the container alone, such as that it ran out of memory.
    """

    reason: str
    stop_code: str
    exit_code: int | None
    container_reason: str | None = None

    @classmethod
    def of_container(cls, exit_code: int, *, wanted: bool, out_of_memory: bool) -> "Ending":
        """The words of ECS for a container that has ended."""
        if not (wanted or out_of_memory):
            return cls(reason="Task stopped by user", stop_code="UserInitiated", exit_code=exit_code)
        return cls(
            reason=f"Essential container in task exited ({exit_code})",
            stop_code="EssentialContainerExited",
            exit_code=exit_code,
            container_reason=_OUT_OF_MEMORY if out_of_memory else None,
        )


def stopped_event(task: Mapping[str, Any], ending: Ending, *, region: str) -> dict[str, Any]:
    """Build the event EventBridge would deliver for a stopped task.

    Args:
        task: The task as DescribeTasks returned it.
        ending: How it stopped.
        region: The region of the event.
    """
    now = dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    detail = {
        "clusterArn": task["clusterArn"],
        "taskArn": task["taskArn"],
        "taskDefinitionArn": task["taskDefinitionArn"],
        "lastStatus": "STOPPED",
        "desiredStatus": "STOPPED",
        "stoppedReason": ending.reason,
        "stopCode": ending.stop_code,
        "stoppedAt": now,
        "launchType": task.get("launchType", "FARGATE"),
        "group": task.get("group", ""),
        "containers": [_stopped_container(one, ending) for one in task.get("containers", [])],
        "overrides": task.get("overrides", {}),
        "version": int(task.get("version", 1)) + 1,
    }
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "ECS Task State Change",
        "source": "aws.ecs",
        "account": str(task["taskArn"]).split(":")[4],
        "time": now,
        "region": region,
        "resources": [task["taskArn"]],
        "detail": detail,
    }


def _stopped_container(container: Mapping[str, Any], ending: Ending) -> dict[str, Any]:
    described = {name: container[name] for name in ("containerArn", "name", "taskArn") if name in container}
    ended = {} if ending.exit_code is None else {"exitCode": ending.exit_code}
    told = {} if ending.container_reason is None else {"reason": ending.container_reason}
    return {**described, "lastStatus": "STOPPED", **ended, **told}


def deliver(access: AwsAccess, event: Mapping[str, Any]) -> int:
    """Deliver an event to the targets of every matching rule and give how many received it."""
    delivered = 0
    for target in _matching_targets(access, event):
        try:
            delivered += _send(access, target, json.dumps(event))
        except (ClientError, BotoCoreError):
            _LOGGER.exception("an event could not be delivered to %s", target["Arn"])
    return delivered


def _matching_targets(access: AwsAccess, event: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    client = access.client("events")
    for page in client.get_paginator("list_rules").paginate():
        for rule in page["Rules"]:
            if rule.get("State") == "DISABLED" or "EventPattern" not in rule:
                continue
            tested = client.test_event_pattern(EventPattern=rule["EventPattern"], Event=json.dumps(event))
            if tested["Result"]:
                yield from client.list_targets_by_rule(Rule=rule["Name"])["Targets"]


def _send(access: AwsAccess, target: Mapping[str, Any], body: str) -> int:
    arn = str(target["Arn"])
    service = arn.split(":")[2]
    if service == "lambda":
        access.client("lambda").invoke(FunctionName=arn, InvocationType="Event", Payload=body.encode())
        return 1
    if service == "sqs":
        client = access.client("sqs")
        url = client.get_queue_url(QueueName=arn.rsplit(":", 1)[-1])["QueueUrl"]
        client.send_message(QueueUrl=url, MessageBody=body)
        return 1
    _LOGGER.warning("local mode delivers ECS events to functions and queues only, not to %s", arn)
    return 0
