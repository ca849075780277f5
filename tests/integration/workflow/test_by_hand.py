"""Executions that a person starts, repeats or redrives, on a running Step Functions."""

import json
import time
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.workflow.conftest import Workflow
from tests.integration.workflow.test_state_machine import Build, answer, fail, job, success

pytestmark = pytest.mark.integration
Change = Callable[[dict[str, Any]], None]
SIZE = {"cpu_units": 1024, "memory_mib": 2048, "larger": []}


def test_an_execution_with_an_order_goes_on_as_the_job_that_was_made_of_it(build_workflow: Build) -> None:
    workflow, job_id = build_workflow(), job()
    execution = workflow.start_with({"job": job_id})
    task = workflow.next_task(execution, set())
    assert (task["JOB_ID"], task["ATTEMPT"], task["EXECUTION_ARN"]) == (job_id, "1", execution)
    answer(workflow, task, success(job_id))
    assert workflow.end(execution)["status"] == "SUCCEEDED"
    assert workflow.visited(execution)[:7] == [
        "WhoStarted",
        "TakeOrder",
        "WhatHappened",
        "AskForTurn",
        "WhatHappened",
        "ChooseTaskSize",
        "ProcessVideo",
    ]


def test_an_execution_without_a_slot_waits_and_then_begins(build_workflow: Build) -> None:
    workflow, job_id = build_workflow(), job(f"patient-{int(time.time()) + 3}")
    execution = workflow.start_with({"job": job_id})
    answer(workflow, workflow.next_task(execution, set()), success(job_id))
    assert workflow.end(execution)["status"] == "SUCCEEDED"
    waited = ["AskForTurn", "WhatHappened", "WaitForTurn", "AskForTurn", "WhatHappened"]
    assert workflow.visited(execution)[3:8] == waited


def test_a_job_that_was_settled_while_its_execution_waited_ends_it_quietly(build_workflow: Build) -> None:
    workflow = build_workflow()
    execution = workflow.start_with({"job": job("stale")})
    assert workflow.end(execution)["status"] == "SUCCEEDED"
    assert workflow.visited(execution)[-1] == "Settled"


@pytest.mark.parametrize("given", [{}, {"job_id": "1", "attempt": 1}, []])
def test_a_wrong_input_fails_at_once_by_name_and_people_are_told(
    build_workflow: Build, given: object
) -> None:
    workflow = build_workflow()
    end = workflow.end(execution := workflow.start_with(given))
    assert (end["status"], end["error"], end["cause"]) == ("FAILED", "OrderRefused", "source: is required")
    assert workflow.visited(execution) == [
        "WhoStarted",
        "TakeOrder",
        "WhatHappened",
        "NotifyRefusal",
        "OrderRefused",
    ]
    assert workflow.message("error")["Subject"] == "failed"


def test_an_order_that_nobody_could_take_is_told_too(build_workflow: Build) -> None:
    workflow = build_workflow()
    end = workflow.end(workflow.start_with({"job": job("unreachable")}))
    assert end["error"] == "OrderRefused"
    assert "could not take the order" in end["cause"]
    assert workflow.message("error")["Subject"] == "Execution not taken"


def beginning_at(state: str) -> Change:
    """A redrive continues at the state that failed, with its old input; the emulator can only begin there."""

    def change(definition: dict[str, Any]) -> None:
        definition["StartAt"] = state

    return change


def redriven(build: Build, state: str, kind: str, **data: Any) -> tuple[Workflow, str]:
    workflow = build(change=beginning_at(state))
    given = {"job_id": job(kind), "attempt": 1, "size": SIZE, "step": "prepare"} | data
    return workflow, workflow.start_with(given, name=f"redriven-{uuid.uuid4()}")


@pytest.mark.parametrize("state", ["ProcessVideo", "AssembleVideo"])
def test_a_redriven_task_whose_job_has_ended_meanwhile_publishes_nothing(
    build_workflow: Build, state: str
) -> None:
    workflow, execution = redriven(build_workflow, state, "stale")
    # What a worker says whose claim the ledger refuses.
    fail(workflow, workflow.next_task(execution, set()), "ProcessingFailed")
    assert workflow.end(execution)["status"] == "SUCCEEDED"
    assert workflow.visited(execution)[-1] == "Settled"


@pytest.mark.parametrize(
    ("state", "data"),
    [
        ("RecordFailure", {"error": "States.Timeout", "cause": ""}),
        ("ChunksFailed", {"failure": {"Error": "States.ExceedToleratedFailureThreshold"}}),
        ("AskForTurn", {"status": "WAITING", "wait_seconds": 0}),
        ("WaitForTurn", {"status": "WAITING", "wait_seconds": 0}),
    ],
)
def test_a_redriven_settlement_finds_the_ledgers_newer_state(
    build_workflow: Build, state: str, data: dict[str, Any]
) -> None:
    workflow, execution = redriven(build_workflow, state, "stale", **data)
    assert workflow.end(execution)["status"] == "SUCCEEDED"
    assert workflow.visited(execution)[-1] == "Settled"


@pytest.mark.parametrize("state", ["JobFailed", "SettlementFailed", "NotAnnounced"])
def test_a_redriven_end_fails_again_and_says_what_to_do_instead(build_workflow: Build, state: str) -> None:
    told = json.loads(success(""))["announcement"]
    workflow, execution = redriven(build_workflow, state, "job", announcement=told)
    end = workflow.end(execution)
    assert (end["status"], end["error"]) == ("FAILED", state)
    assert "POST /jobs/job-" in end["cause"]
    assert end["cause"].endswith("/retry")


@pytest.mark.parametrize(("state", "then"), [("QueueError", "JobFailed"), ("QueueCompletion", "Succeeded")])
def test_a_redriven_announcement_goes_to_the_outbox(build_workflow: Build, state: str, then: str) -> None:
    told = json.loads(success(""))["announcement"]
    workflow, execution = redriven(build_workflow, state, "job", announcement=told)
    workflow.end(execution)
    assert workflow.visited(execution) == [state, then]
