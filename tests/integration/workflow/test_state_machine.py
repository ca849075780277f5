"""Every way through the state machine, on a running Step Functions."""

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.workflow.conftest import Workflow

pytestmark = pytest.mark.integration
ATTRIBUTES = ("event_id", "event_type", "job_id", "video_id", "stack", "profile", "error_code")
Build = Callable[..., Workflow]


def job(kind: str = "job") -> str:
    return f"{kind}-{uuid.uuid4()}"


def success(job_id: str, status: str = "COMPLETED") -> str:
    announcement = {
        "subject": "Video ready",
        "message": "The video is ready.",
        "attributes": {name: f"{name}-value" for name in ATTRIBUTES},
    }
    return json.dumps({"job_id": job_id, "status": status, "announcement": announcement})


def answer(workflow: Workflow, task: dict[str, str], output: str) -> None:
    workflow.clients("stepfunctions").send_task_success(taskToken=task["TASK_TOKEN"], output=output)


def fail(workflow: Workflow, task: dict[str, str], error: str, cause: str = "why") -> None:
    workflow.clients("stepfunctions").send_task_failure(
        taskToken=task["TASK_TOKEN"], error=error, cause=cause
    )


def test_a_finished_job_is_announced_with_its_attributes(build_workflow: Build) -> None:
    workflow, job_id = build_workflow(), job()
    execution = workflow.start(job_id)
    task = workflow.next_task(execution, set())
    assert (task["JOB_ID"], task["ATTEMPT"], task["EXECUTION_ARN"]) == (job_id, "1", execution)
    assert task["_name"] == "processor"
    answer(workflow, task, success(job_id))
    assert workflow.end(execution)["status"] == "SUCCEEDED"
    assert workflow.visited(execution) == [
        "WhoStarted",
        "ChooseTaskSize",
        "ProcessVideo",
        "WhatHappened",
        "NotifyCompletion",
        "Succeeded",
    ]
    message = workflow.message("completion")
    assert (message["Subject"], message["Message"]) == ("Video ready", "The video is ready.")


def test_the_message_carries_the_attributes_of_the_announcement(build_workflow: Build) -> None:
    def show(definition: dict[str, Any]) -> None:
        # The emulator loses the attributes on their way to the topic, so end with what would be sent.
        sent = definition["States"]["NotifyCompletion"]["Arguments"]
        definition["States"]["NotifyCompletion"] = {
            "Type": "Pass",
            "QueryLanguage": "JSONata",
            "Output": sent,
            "Next": "Succeeded",
        }

    workflow, job_id = build_workflow(change=show), job()
    execution = workflow.start(job_id)
    answer(workflow, workflow.next_task(execution, set()), success(job_id))
    attributes = json.loads(workflow.end(execution)["output"])["MessageAttributes"]
    assert attributes == {name: {"DataType": "String", "StringValue": f"{name}-value"} for name in ATTRIBUTES}


@pytest.mark.parametrize("error", ["InvalidInput", "LimitExceeded", "OutOfMemory", "ProcessingFailed"])
def test_an_error_that_cannot_heal_is_settled_and_announced_without_a_retry(
    build_workflow: Build, error: str
) -> None:
    workflow, seen = build_workflow(), set[str]()
    execution = workflow.start(job())
    fail(workflow, workflow.next_task(execution, seen), error, cause='{"code": "INPUT_EMPTY"}')
    end = workflow.end(execution)
    assert (end["status"], end.get("error")) == ("FAILED", "JobFailed")
    assert workflow.visited(execution) == [
        "WhoStarted",
        "ChooseTaskSize",
        "ProcessVideo",
        "RecordFailure",
        "WhatHappened",
        "NotifyError",
        "JobFailed",
    ]
    assert len(seen) == 1
    assert workflow.message("error")["Message"] == 'failed: {"code": "INPUT_EMPTY"}'


@pytest.mark.parametrize("error", ["Transient", "Interrupted"])
def test_an_error_that_may_heal_starts_another_task(build_workflow: Build, error: str) -> None:
    workflow, seen, job_id = build_workflow(), set[str](), job()
    execution = workflow.start(job_id)
    fail(workflow, workflow.next_task(execution, seen), error)
    answer(workflow, workflow.next_task(execution, seen), success(job_id))
    assert workflow.end(execution)["status"] == "SUCCEEDED"
    assert len(seen) == 2
    assert "RecordFailure" not in workflow.visited(execution)


def test_an_error_that_does_not_heal_is_settled_after_its_retries(build_workflow: Build) -> None:
    workflow, seen = build_workflow(), set[str]()
    execution = workflow.start(job())
    for _ in range(4):
        fail(workflow, workflow.next_task(execution, seen), "Transient")
    assert workflow.end(execution).get("error") == "JobFailed"
    assert len(seen) == 4


def test_a_failure_without_a_cause_is_settled_too(build_workflow: Build) -> None:
    workflow = build_workflow()
    execution = workflow.start(job())
    token = workflow.next_task(execution, set())["TASK_TOKEN"]
    workflow.clients("stepfunctions").send_task_failure(taskToken=token, error="InvalidInput")
    assert workflow.end(execution).get("error") == "JobFailed"


def test_a_stale_failure_ends_quietly(build_workflow: Build) -> None:
    workflow = build_workflow()
    execution = workflow.start(job("stale"))
    fail(workflow, workflow.next_task(execution, set()), "ProcessingFailed")
    assert workflow.end(execution)["status"] == "SUCCEEDED"
    assert workflow.visited(execution)[-1] == "Settled"


def test_a_failure_of_a_job_that_is_done_is_announced_as_done(build_workflow: Build) -> None:
    workflow = build_workflow()
    execution = workflow.start(job("done"))
    fail(workflow, workflow.next_task(execution, set()), "ProcessingFailed")
    assert workflow.end(execution)["status"] == "SUCCEEDED"
    assert workflow.visited(execution)[-2:] == ["NotifyCompletion", "Succeeded"]


def test_a_settlement_that_keeps_failing_ends_so_that_the_rule_finds_it(build_workflow: Build) -> None:
    workflow = build_workflow()
    execution = workflow.start(job("unreachable"))
    fail(workflow, workflow.next_task(execution, set()), "InvalidInput")
    end = workflow.end(execution)
    assert (end["status"], end.get("error")) == ("FAILED", "SettlementFailed")


@pytest.mark.parametrize(
    ("kind", "failing", "last"),
    [
        ("job", False, ["NotifyCompletion", "QueueCompletion", "Succeeded"]),
        ("job", True, ["NotifyError", "QueueError", "JobFailed"]),
        ("unheard", False, ["NotifyCompletion", "QueueCompletion", "NotAnnounced"]),
        ("unheard", True, ["NotifyError", "QueueError", "NotAnnounced"]),
    ],
)
def test_an_announcement_that_cannot_be_published_is_queued_or_reported(
    build_workflow: Build, kind: str, failing: bool, last: list[str]
) -> None:
    workflow, job_id = build_workflow(missing_topics=True), job(kind)
    execution = workflow.start(job_id)
    task = workflow.next_task(execution, set())
    if failing:
        fail(workflow, task, "InvalidInput")
    else:
        answer(workflow, task, success(job_id))
    workflow.end(execution)
    assert workflow.visited(execution)[-3:] == last


def test_an_execution_without_workers_left_is_stopped_by_the_state_timeout(build_workflow: Build) -> None:
    def hurry(definition: dict[str, Any]) -> None:
        definition["States"]["ProcessVideo"] |= {"TimeoutSeconds": 2, "HeartbeatSeconds": 1}
        definition["States"]["ProcessVideo"]["Retry"] = definition["States"]["ProcessVideo"]["Retry"][:1]

    workflow = build_workflow(change=hurry)
    execution = workflow.start(job())
    assert workflow.end(execution).get("error") == "JobFailed"
    assert "RecordFailure" in workflow.visited(execution)


LARGER = ({"cpu_units": 1024, "memory_mib": 4096}, {"cpu_units": 2048, "memory_mib": 8192})


def size_of(task: dict[str, str]) -> tuple[str, str]:
    return task["_cpu"], task["_memory"]


def chunked(job_id: str, *names: str) -> str:
    return json.dumps({"job_id": job_id, "status": "CHUNKED", "chunks": names})


def test_a_task_out_of_memory_is_started_again_one_size_up_each_time(build_workflow: Build) -> None:
    workflow, seen, job_id = build_workflow(larger=LARGER), set[str](), job()
    execution = workflow.start(job_id)
    sizes = []
    for _ in LARGER:
        task = workflow.next_task(execution, seen)
        sizes.append(size_of(task))
        fail(workflow, task, "OutOfMemory")
    task = workflow.next_task(execution, seen)
    answer(workflow, task, success(job_id))
    assert workflow.end(execution)["status"] == "SUCCEEDED"
    assert [*sizes, size_of(task)] == [("1024", "2048"), ("1024", "4096"), ("2048", "8192")]
    assert task["STEP"] == "prepare"


def test_a_task_out_of_memory_at_the_largest_size_ends_its_job(build_workflow: Build) -> None:
    workflow, seen = build_workflow(larger=LARGER[:1]), set[str]()
    execution = workflow.start(job())
    for _ in range(2):
        fail(workflow, workflow.next_task(execution, seen), "OutOfMemory", cause="too small")
    assert workflow.end(execution).get("error") == "JobFailed"
    assert len(seen) == 2
    assert workflow.message("error")["Message"] == "failed: too small"


def test_another_error_of_a_larger_task_is_retried_in_the_larger_size(build_workflow: Build) -> None:
    workflow, seen, job_id = build_workflow(larger=LARGER), set[str](), job()
    execution = workflow.start(job_id)
    fail(workflow, workflow.next_task(execution, seen), "OutOfMemory")
    fail(workflow, workflow.next_task(execution, seen), "Transient")
    task = workflow.next_task(execution, seen)
    answer(workflow, task, success(job_id))
    assert workflow.end(execution)["status"] == "SUCCEEDED"
    assert size_of(task) == ("1024", "4096")


def test_a_chunk_and_the_assembly_grow_by_themselves_from_the_size_of_their_job(
    build_workflow: Build,
) -> None:
    workflow, seen, job_id = build_workflow(larger=LARGER), set[str](), job()
    execution = workflow.start(job_id)
    fail(workflow, workflow.next_task(execution, seen), "OutOfMemory")
    answer(workflow, workflow.next_task(execution, seen), chunked(job_id, "window-0000"))
    small = workflow.next_task(execution, seen)
    fail(workflow, small, "OutOfMemory")
    large = workflow.next_task(execution, seen)
    answer(workflow, large, json.dumps({"chunk": "window-0000"}))
    assembly = workflow.next_task(execution, seen)
    fail(workflow, assembly, "OutOfMemory")
    last = workflow.next_task(execution, seen)
    answer(workflow, last, success(job_id))
    assert workflow.end(execution)["status"] == "SUCCEEDED"
    tasks = [small, large, assembly, last]
    assert [task["STEP"] for task in tasks] == ["encode", "encode", "assemble", "assemble"]
    assert [task["_memory"] for task in tasks] == ["4096", "8192", "4096", "8192"]
    assert small["CHUNK"] == large["CHUNK"] == "window-0000"


def test_a_chunk_out_of_memory_at_the_largest_size_ends_its_job(build_workflow: Build) -> None:
    workflow, seen, job_id = build_workflow(), set[str](), job()
    execution = workflow.start(job_id)
    answer(workflow, workflow.next_task(execution, seen), chunked(job_id, "window-0000"))
    fail(workflow, workflow.next_task(execution, seen), "OutOfMemory")
    assert workflow.end(execution).get("error") == "JobFailed"
    assert len(seen) == 2
