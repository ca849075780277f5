"""Collects what a finished job left behind: files, mail, and the workflow's own record."""

import datetime as dt
import json
import time
from pathlib import Path
from typing import Any

from local.aws import AwsAccess
from local.errors import LocalModeError
from local.letters import read_mail

_MAIL_TIMEOUT_SECONDS = 15.0
_EXECUTION_TIMEOUT_SECONDS = 30.0
_POLL_SECONDS = 0.1


def download_outputs(access: AwsAccess, bucket: str, job: dict[str, Any], directory: Path) -> dict[str, Any]:
    """Download everything a job published and give its manifest.

    Args:
        access: The emulator as the account owner.
        bucket: The media bucket.
        job: The finished job.
        directory: Where the files go, so that playlists find their segments beside them.

    Raises:
        LocalModeError: The job published no manifest.
    """
    client = access.client("s3")
    prefix = f"videos/{job['video_id']}/{job['job_id']}/"
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    keys = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
    manifests = [key for key in keys if key.endswith("/manifest.json")]
    if not manifests:
        message = f"Nothing complete was published below {prefix} in {bucket}."
        raise LocalModeError(message, remedy="See the task's log with: python -m local logs processor")
    published = manifests[-1].removesuffix("manifest.json")
    directory.mkdir(parents=True, exist_ok=True)
    for key in keys:
        if key.startswith(published):
            client.download_file(bucket, key, str(directory / key.removeprefix(published)))
    manifest: dict[str, Any] = json.loads((directory / "manifest.json").read_text(encoding="utf-8"))
    return manifest


def wait_for_mail(directory: Path, job_id: str) -> dict[str, Any]:
    """Wait for the mail about a job.

    Raises:
        LocalModeError: None came.
    """
    deadline = time.monotonic() + _MAIL_TIMEOUT_SECONDS
    while time.monotonic() < deadline:
        for path in sorted(directory.glob("*.eml"), reverse=True):
            letter = read_mail(path)
            if letter["headers"].get("X-Job-Id") == job_id:
                return letter
        time.sleep(_POLL_SECONDS)
    message = f"No mail about job {job_id} came within {_MAIL_TIMEOUT_SECONDS:g} seconds."
    raise LocalModeError(message, remedy="Look at the workflow with: python -m local logs states")


def execution_record(access: AwsAccess, machine_arn: str, job_id: str) -> dict[str, Any]:
    """Give the last execution of a job in short, once it has ended.

    Raises:
        LocalModeError: The job has no execution that ended.
    """
    client = access.client("stepfunctions")
    deadline = time.monotonic() + _EXECUTION_TIMEOUT_SECONDS
    while time.monotonic() < deadline:
        listed = client.list_executions(stateMachineArn=machine_arn)["executions"]
        mine = [one for one in listed if one["name"].startswith(job_id)]
        if mine and all(one["status"] != "RUNNING" for one in mine):
            return _record(client, max(mine, key=lambda one: one["startDate"]))
        time.sleep(_POLL_SECONDS)
    message = f"The workflow of job {job_id} did not end within {_EXECUTION_TIMEOUT_SECONDS:g} seconds."
    raise LocalModeError(message, remedy="Look at the workflow with: python -m local logs states")


def task_cores(access: AwsAccess, task_definition_arn: str) -> int:
    """Give how many cores the deployed task definition allows a task."""
    from local.agent.child import CorePool
    from local.agent.plan import cores_of

    described = access.client("ecs").describe_task_definition(taskDefinition=task_definition_arn)
    return len(CorePool().take(cores_of(described["taskDefinition"]["cpu"])))


def _record(client: Any, execution: dict[str, Any]) -> dict[str, Any]:
    pages = client.get_paginator("get_execution_history").paginate(executionArn=execution["executionArn"])
    events = [event for page in pages for event in page["events"]]
    started = execution["startDate"]
    return {
        "name": execution["name"],
        "status": execution["status"],
        "started_at": started.isoformat(),
        "ended_at": execution["stopDate"].isoformat(),
        "events": [_event(event, started) for event in events],
    }


def _event(event: dict[str, Any], started: dt.datetime) -> dict[str, Any]:
    details: dict[str, Any] = next(
        (value for key, value in event.items() if key.endswith("EventDetails")), {}
    )
    words = [str(details[name]) for name in ("name", "resource", "error") if details.get(name)]
    return {
        "seconds": round((event["timestamp"] - started).total_seconds(), 3),
        "type": event["type"],
        "what": " ".join(words),
    }
