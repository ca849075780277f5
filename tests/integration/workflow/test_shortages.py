"""Tasks that find no room, on a running Step Functions; tests play ECS and both functions."""

import json

import pytest

from tests.integration.workflow.conftest import Workflow
from tests.integration.workflow.test_state_machine import Build, answer, chunked, fail, job, success

pytestmark = pytest.mark.integration
WAYS = ("ECS.AmazonECSException", "AmazonECS.Unknown", "TaskNotStarted")
TRIES = 7


def use_up(workflow: Workflow, execution: str, seen: set[str], error: str, tries: int = TRIES) -> None:
    for _ in range(tries):
        fail(workflow, workflow.next_task(execution, seen), error)


@pytest.mark.parametrize("error", WAYS)
def test_a_task_without_room_waits_and_begins_again_where_it_was(build_workflow: Build, error: str) -> None:
    workflow, seen, job_id = build_workflow(), set[str](), job()
    execution = workflow.start(job_id)
    use_up(workflow, execution, seen, error)
    task = workflow.next_task(execution, seen)
    assert (task["JOB_ID"], task["ATTEMPT"], task["STEP"], task["_memory"]) == (
        job_id,
        "1",
        "prepare",
        "2048",
    )
    answer(workflow, task, success(job_id))
    assert workflow.end(execution)["status"] == "SUCCEEDED"
    assert workflow.visited(execution)[2:9] == [
        "ProcessVideo",
        "RecordFailure",
        "WhatHappened",
        "WaitForTurn",
        "AskForTurn",
        "WhatHappened",
        "ProcessVideo",
    ]


def test_a_shortage_does_not_end_spot_for_good(build_workflow: Build) -> None:
    workflow, seen, job_id = build_workflow(), set[str](), job()
    execution = workflow.start(job_id)
    used = []
    for _ in range(TRIES):
        task = workflow.next_task(execution, seen)
        used.append(task["_capacity"])
        fail(workflow, task, "AmazonECS.Unknown")
    again = workflow.next_task(execution, seen)
    answer(workflow, again, success(job_id))
    assert [*used, again["_capacity"]] == ["FARGATE_SPOT", *["FARGATE"] * (TRIES - 1), "FARGATE_SPOT"]


def test_one_way_does_not_use_up_the_tries_of_another(build_workflow: Build) -> None:
    workflow, seen, job_id = build_workflow(), set[str](), job()
    execution = workflow.start(job_id)
    for error in WAYS:
        use_up(workflow, execution, seen, error, TRIES - 1)
    answer(workflow, workflow.next_task(execution, seen), success(job_id))
    assert workflow.end(execution)["status"] == "SUCCEEDED"
    assert "RecordFailure" not in workflow.visited(execution)


def test_an_assembly_without_room_goes_on_as_an_assembly(build_workflow: Build) -> None:
    workflow, seen, job_id = build_workflow(), set[str](), job()
    execution = workflow.start(job_id)
    answer(workflow, workflow.next_task(execution, seen), chunked(job_id))
    use_up(workflow, execution, seen, "AmazonECS.Unknown")
    task = workflow.next_task(execution, seen)
    assert (task["JOB_ID"], task["STEP"]) == (job_id, "assemble")
    answer(workflow, task, success(job_id))
    assert workflow.end(execution)["status"] == "SUCCEEDED"


def test_a_chunk_without_room_waits_inside_of_the_map(build_workflow: Build) -> None:
    workflow, seen, job_id = build_workflow(), set[str](), job()
    execution = workflow.start(job_id)
    answer(workflow, workflow.next_task(execution, seen), chunked(job_id, "window-0000"))
    use_up(workflow, execution, seen, "TaskNotStarted")
    task = workflow.next_task(execution, seen)
    assert (task["STEP"], task["CHUNK"]) == ("encode", "window-0000")
    answer(workflow, task, json.dumps({"chunk": "window-0000"}))
    answer(workflow, workflow.next_task(execution, seen), success(job_id))
    assert workflow.end(execution)["status"] == "SUCCEEDED"
    assert "RecordFailure" not in workflow.visited(execution)


def test_a_shortage_that_lasts_too_long_is_announced_as_a_failure(build_workflow: Build) -> None:
    workflow, seen = build_workflow(), set[str]()
    execution = workflow.start(job("late"))
    use_up(workflow, execution, seen, "AmazonECS.Unknown")
    assert workflow.end(execution).get("error") == "JobFailed"


def test_a_task_that_is_refused_for_good_is_tried_three_times(build_workflow: Build) -> None:
    workflow, seen = build_workflow(), set[str]()
    execution = workflow.start(job())
    use_up(workflow, execution, seen, "ECS.ClientException", 3)
    assert workflow.end(execution).get("error") == "JobFailed"
    assert len(seen) == 3
