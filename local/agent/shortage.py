"""Plays a Fargate without room: RunTask is refused, answers `failures`, or the task stops before it starts.

The emulator's RunTask always goes well, and nobody can answer in its place. So the task that it made is taken
away, and the state that started it is failed with what Step Functions makes of each answer in AWS: the AWS
Knowledge Center ("Capacity is unavailable" of RunTask) names ECS.AmazonECSException, the developer guide
("Run Amazon ECS or Fargate tasks with Step Functions") AmazonECS.Unknown for `failures`.
"""

import json
import logging
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

from local.agent.events import Ending
from local.aws import AwsAccess

_LOGGER = logging.getLogger(__name__)
_FULL = "Capacity is unavailable at this time. Please try again later or in a different availability zone"


class Shortage(StrEnum):
    """How the lack of room shows."""

    REFUSE = "refuse"
    FAILURES = "failures"
    STOP = "stop"


def declare(path: Path, shortage: Shortage | None) -> None:
    """Begin a shortage for all tasks from now on, or end it.

    Args:
        path: File by which the agent is told.
        shortage: How it shows; None ends it.
    """
    if shortage is None:
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(shortage.value, encoding="utf-8")


def current(path: Path) -> Shortage | None:
    """Give how the shortage shows that is declared now; None when there is room."""
    try:
        return Shortage(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):  # ended, or being written this moment
        return None


def turn_away(
    access: AwsAccess, task: Mapping[str, Any], shortage: Shortage, upstream_token: str | None
) -> Ending | None:
    """Let a task that was just made not have begun.

    Args:
        access: The emulator as the account owner.
        task: The task as DescribeTasks returned it.
        shortage: How the lack of room shows.
        upstream_token: What the emulator's state waits for; None for a task that no workflow started.

    Returns:
        How the task ended, for its event; None when for AWS there never was a task.
    """
    if shortage is Shortage.STOP or upstream_token is None:
        return Ending(reason=_FULL, stop_code="TaskFailedToStart", exit_code=None)
    task_arn = str(task["taskArn"])
    access.client("ecs").stop_task(cluster=task["clusterArn"], task=task_arn, reason=_FULL)
    error, cause = {
        Shortage.REFUSE: ("ECS.AmazonECSException", f"{_FULL} (Service: AmazonECS; Status Code: 400)"),
        Shortage.FAILURES: ("AmazonECS.Unknown", json.dumps({"Failures": [{"Reason": _FULL}], "Tasks": []})),
    }[shortage]
    access.client("stepfunctions").send_task_failure(taskToken=upstream_token, error=error, cause=cause)
    _LOGGER.info("there was no room for task %s: %s", task_arn.rsplit("/", 1)[-1], error)
    return None
