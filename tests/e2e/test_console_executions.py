"""Executions that a person starts in the Step Functions console are jobs like any other."""

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.platform_client import Platform, wait_for

# Not a place that jobs are made of by themselves, so that the execution's job is the only one.
KEY = "assets/console/dot.png"


@pytest.fixture(scope="module")
def order(platform: Platform, picture: Path) -> dict[str, Any]:
    """What docs/api.md says to paste, for a picture that lies in the bucket."""
    bucket = platform.exports["ingest_bucket"]
    platform.aws("s3").put_object(Bucket=bucket, Key=KEY, Body=picture.read_bytes())
    return {"source": {"bucket": bucket, "key": KEY}, "profile": "image", "metadata": {"title": "By hand"}}


def start(platform: Platform, given: object) -> str:
    machine = platform.exports["state_machine_arn"]
    started = platform.aws("stepfunctions").start_execution(
        stateMachineArn=machine, name=f"by-hand-{uuid.uuid4()}", input=json.dumps(given)
    )
    return str(started["executionArn"])


def ended(platform: Platform, execution_arn: str) -> dict[str, Any]:
    def find() -> dict[str, Any] | None:
        found = platform.aws("stepfunctions").describe_execution(executionArn=execution_arn)
        return None if found["status"] == "RUNNING" else dict(found)

    return wait_for(f"the end of {execution_arn}", find)


def job_of(platform: Platform, execution_arn: str) -> str:
    """The job that the first state made."""

    def find() -> str | None:
        for event in platform.history(execution_arn):
            left = event.get("stateExitedEventDetails", {})
            if left.get("name") == "TakeOrder":
                return str(json.loads(left["output"])["job_id"])
        return None

    return wait_for(f"the job of {execution_arn}", find)


@contextmanager
def without_tasks(platform: Platform) -> Iterator[None]:
    """Let executions that start within the block stop before their task, as long as they are looked at."""
    client, machine = platform.aws("stepfunctions"), platform.exports["state_machine_arn"]
    deployed = client.describe_state_machine(stateMachineArn=machine)["definition"]
    definition = json.loads(deployed)
    states = definition["States"]
    states["ChooseTaskSize"] = {"Type": "Wait", "QueryLanguage": "JSONata", "Seconds": 600, "Next": "Settled"}
    client.update_state_machine(stateMachineArn=machine, definition=json.dumps(definition))
    try:
        yield
    finally:
        client.update_state_machine(stateMachineArn=machine, definition=deployed)


def test_a_pasted_order_completes_as_a_job_of_the_console(platform: Platform, order: dict[str, Any]) -> None:
    execution = start(platform, order)
    job_id = job_of(platform, execution)

    assert ended(platform, execution)["status"] == "SUCCEEDED"
    job = platform.settled(job_id)
    assert (job["status"], job["profile"], job["attempt"]) == ("COMPLETED", "image", 1)
    assert platform.api("GET", f"/metadata/{job['video_id']}").json()["title"] == "By hand"
    assert "ready" in platform.mail(job_id)["Subject"]
    assert platform.executions(job_id) == []  # nobody started another one
    dispatched = [event for event in platform.events(job_id) if event["type"] == "job.dispatched"]
    assert [event["data"]["execution_arn"] for event in dispatched] == [execution]


def test_wrong_inputs_fail_at_once_with_a_mail_that_names_the_field(
    platform: Platform, order: dict[str, Any]
) -> None:
    wrong = {
        "source: is required": {},
        "source.bucket: only bucket": order | {"source": {"bucket": "elsewhere", "key": KEY}},
        "source.key: there is no readable object": order
        | {"source": order["source"] | {"key": "assets/none.mov"}},
        "job_id: belongs to an earlier execution": {"job_id": str(uuid.uuid4()), "attempt": 1},
    }
    executions = {told: start(platform, given) for told, given in wrong.items()}
    for told, execution in executions.items():
        end = ended(platform, execution)
        assert (end["status"], end["error"]) == ("FAILED", "OrderRefused")
        assert told in end["cause"]
        mail = platform.mail(execution.rsplit(":", 1)[-1])
        assert told in mail.get_content()
        assert "refused" in mail["Subject"]


def test_an_aborted_execution_fails_its_job_which_can_be_retried(
    platform: Platform, order: dict[str, Any]
) -> None:
    with without_tasks(platform):
        execution = start(platform, order)
        job_id = job_of(platform, execution)
        platform.aws("stepfunctions").stop_execution(executionArn=execution, error="Stopped", cause="by hand")
        job = platform.settled(job_id)
    assert (job["status"], job["error"]["code"]) == ("FAILED", "INTERRUPTED")

    assert platform.api("POST", f"/jobs/{job_id}/retry").status_code == 200
    assert platform.settled(job_id)["status"] == "COMPLETED"
    (second,) = platform.executions(job_id)
    assert second["name"] == f"{job_id}-2"


def test_a_job_of_the_console_is_cancelled_with_its_execution(
    platform: Platform, order: dict[str, Any]
) -> None:
    with without_tasks(platform):
        execution = start(platform, order)
        job_id = job_of(platform, execution)
        assert platform.api("POST", f"/jobs/{job_id}/cancel").json()["status"] == "CANCELLED"
        assert ended(platform, execution)["status"] == "ABORTED"
    assert platform.mails(job_id) == []
