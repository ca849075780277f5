"""The state machine against its lint, the platform's own rules, and the code on both of its ends."""

import json
from itertools import chain
from typing import Any
from uuid import uuid4

import pytest
from statelint.linter import Linter

from components.choices import TASK_MEMORY_MIB
from ledger.announcements.announcement import JobFacts, failed
from ledger.jobs.failures import failure
from ledger.states import ErrorCode, TaskError
from local.program import ProgramRun
from orchestration.larger_tasks import ENLARGED
from orchestration.shortages import NO_ROOM, REFUSED
from runtime.turns import ADMITTED, WAITING
from tests.synthesised import one, resources, state_machine
from workflow.loader import placeholders

NEVER_RETRIED = {
    TaskError.INVALID_INPUT,
    TaskError.LIMIT_EXCEEDED,
    TaskError.OUT_OF_MEMORY,
    TaskError.PROCESSING_FAILED,
}
# What the Step Functions developer guide listed for ecs:runTask while it had a list, and the capacity
# provider strategy, which aws/aws-cdk#35465 deployed. One that is not supported fails the creation.
RUN_TASK_ARGUMENTS = {
    "CapacityProviderStrategy",
    "Cluster",
    "EnableExecuteCommand",
    "Group",
    "LaunchType",
    "NetworkConfiguration",
    "Overrides",
    "PlacementConstraints",
    "PlacementStrategy",
    "PlatformVersion",
    "PropagateTags",
    "TaskDefinition",
}
AN_EXPRESSION = '"{% $states.input.wait_seconds %}"'
WAITS = (
    "State Machine.States.WaitForTurn",
    "State Machine.States.EncodeChunks.ItemProcessor.States.WaitForRoom",
)
ATTRIBUTES = {"event_id", "event_type", "job_id", "video_id", "stack", "profile", "error_code"}


@pytest.fixture
def states(run: ProgramRun) -> dict[str, Any]:
    return dict(state_machine(run)["States"])


def scopes(states: dict[str, Any]) -> list[dict[str, Any]]:
    """The machine's states, and those of each Map in it."""
    inner = [state["ItemProcessor"]["States"] for state in states.values() if state["Type"] == "Map"]
    return [states, *inner]


def tasks(states: dict[str, Any]) -> dict[str, Any]:
    """All tasks, also those inside of a Map."""
    return {
        name: state for scope in scopes(states) for name, state in scope.items() if state["Type"] == "Task"
    }


def test_the_definition_has_no_findings(run: ProgramRun) -> None:
    found = Linter.validate(one(run, "workflow-machine").inputs["definition"])
    # The lint is older than JSONata; the developer guide lets a Wait's Seconds be an expression.
    expected = [f"{wait}.Seconds is {AN_EXPRESSION} but should be an Integer" for wait in WAITS]
    assert sorted(found) == sorted(expected)


def test_every_placeholder_is_filled(run: ProgramRun) -> None:
    assert len(placeholders()) == 17
    assert "${" not in one(run, "workflow-machine").inputs["definition"]


def test_every_task_has_a_timeout_and_retries_with_backoff_and_jitter(states: dict[str, Any]) -> None:
    assert len(tasks(states)) == 13
    for name, state in tasks(states).items():
        assert isinstance(state["TimeoutSeconds"], int), name
        retriers = [retrier for retrier in state["Retry"] if retrier.get("MaxAttempts") != 0]
        assert retriers, name
        for retrier in retriers:
            assert retrier["BackoffRate"] > 1, name
            assert retrier["MaxDelaySeconds"] > retrier["IntervalSeconds"], name
            assert retrier["JitterStrategy"] == "FULL", name


def test_every_task_catches_everything_and_leads_on(states: dict[str, Any]) -> None:
    catching = {"Task", "Map"}
    for scope in scopes(states):
        for name, state in scope.items():
            if state["Type"] in catching:
                assert state["Catch"][-1]["ErrorEquals"] == ["States.ALL"], name
                assert state["Catch"][-1]["Next"] in scope, name


def test_no_chunk_may_be_missing_and_every_value_reaches_it(states: dict[str, Any]) -> None:
    chunks = states["EncodeChunks"]
    assert chunks["ToleratedFailureCount"] == 0
    assert chunks["MaxConcurrency"] >= 1
    assert chunks["ItemProcessor"]["ProcessorConfig"] == {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    given = {name.removesuffix(".$") for name in chunks["ItemSelector"]}
    text = json.dumps(chunks["ItemProcessor"]["States"]["EncodeChunk"]["Arguments"])
    assert {name for name in given if f"$states.input.{name}" in text} == given
    assert "Execution" not in text


@pytest.mark.parametrize("name", ["ProcessVideo", "EncodeChunk", "AssembleVideo"])
def test_errors_that_cannot_heal_are_never_retried(states: dict[str, Any], name: str) -> None:
    first, *others = tasks(states)[name]["Retry"]
    assert first["MaxAttempts"] == 0
    assert set(first["ErrorEquals"]) == {error.value for error in NEVER_RETRIED}
    assert not set(first["ErrorEquals"]) & set(
        chain.from_iterable(retrier["ErrorEquals"] for retrier in others)
    )


def test_every_error_name_of_the_processor_is_handled_and_no_other_is_invented(
    states: dict[str, Any],
) -> None:
    named = set(chain.from_iterable(retrier["ErrorEquals"] for retrier in states["ProcessVideo"]["Retry"]))
    own = {name for name in named if not name.startswith(("States.", "ECS.", "AmazonECS."))}
    assert own == {error.value for error in TaskError}


@pytest.mark.parametrize("name", ["ProcessVideo", "EncodeChunk", "AssembleVideo"])
def test_a_task_without_room_is_tried_again_for_two_minutes_by_retriers_of_their_own(
    states: dict[str, Any], name: str
) -> None:
    retriers = [item for item in tasks(states)[name]["Retry"] if set(item["ErrorEquals"]) & NO_ROOM]
    assert set(chain.from_iterable(item["ErrorEquals"] for item in retriers)) == NO_ROOM
    # A refused call, the call's `failures`, a task that stops before it starts: none spends another's tries.
    assert len(retriers) == 3
    for retrier in retriers:
        assert set(retrier["ErrorEquals"]) <= NO_ROOM
        pauses = [
            min(retrier["IntervalSeconds"] * retrier["BackoffRate"] ** number, retrier["MaxDelaySeconds"])
            for number in range(retrier["MaxAttempts"])
        ]
        assert max(pauses) <= 30
        assert 100 <= sum(pauses) <= 120


@pytest.mark.parametrize("name", ["ProcessVideo", "EncodeChunk", "AssembleVideo"])
def test_a_task_that_aws_refuses_for_good_is_tried_three_times(states: dict[str, Any], name: str) -> None:
    (retrier,) = [item for item in tasks(states)[name]["Retry"] if set(item["ErrorEquals"]) & REFUSED]
    assert set(retrier["ErrorEquals"]) == REFUSED
    assert retrier["MaxAttempts"] == 2


def test_the_time_for_waiting_comes_on_top_of_the_time_for_the_work(
    run: ProgramRun, states: dict[str, Any]
) -> None:
    values = run.settings.values
    work, waiting = (
        int(values[f"video-platform:{name}_timeout_seconds"]) for name in ("workflow", "waiting")
    )
    assert state_machine(run)["TimeoutSeconds"] == work + waiting
    assert states["ProcessVideo"]["TimeoutSeconds"] < work


def test_job_and_attempt_travel_in_the_data_because_an_order_has_neither(run: ProgramRun) -> None:
    text = one(run, "workflow-machine").inputs["definition"]
    assert "Execution.Input.job_id" not in text
    assert "Execution.Input.attempt" not in text


@pytest.mark.parametrize("name", ["JobFailed", "SettlementFailed", "NotAnnounced"])
def test_a_failed_execution_says_what_to_do_instead_of_a_redrive(states: dict[str, Any], name: str) -> None:
    cause = states[name]["Cause"]
    assert "a redrive only ends here again" in cause.lower()
    assert "POST /jobs/' & $states.input.job_id & '/retry' %}" in cause


def test_the_first_try_may_be_on_spot_but_a_retry_runs_on_demand(states: dict[str, Any]) -> None:
    (strategy,) = states["ProcessVideo"]["Arguments"]["CapacityProviderStrategy"]
    assert "RetryCount = 0" in strategy["CapacityProvider"]
    assert strategy["CapacityProvider"].endswith(": 'FARGATE' %}")
    assert "LaunchType" not in states["ProcessVideo"]["Arguments"]


def test_tasks_are_started_with_arguments_that_step_functions_is_known_to_take(
    states: dict[str, Any],
) -> None:
    started = {name: state for name, state in tasks(states).items() if "ecs:runTask" in state["Resource"]}
    assert len(started) == 3
    for name, state in started.items():
        assert set(state["Arguments"]) <= RUN_TASK_ARGUMENTS, name


def test_every_task_has_the_size_that_its_data_say_so_that_one_state_serves_all(
    run: ProgramRun, states: dict[str, Any]
) -> None:
    for name in ("ProcessVideo", "EncodeChunk", "AssembleVideo"):
        overrides = tasks(states)[name]["Arguments"]["Overrides"]
        assert overrides["Cpu"] == "{% $string($states.input.size.cpu_units) %}", name
        assert overrides["Memory"] == "{% $string($states.input.size.memory_mib) %}", name
    first = states["ChooseTaskSize"]["Output"]["size"]
    definition = one(run, "task-definition").inputs
    assert (str(first["cpu_units"]), str(first["memory_mib"])) == (definition["cpu"], definition["memory"])


def test_a_job_begins_in_the_smallest_size_and_each_further_one_is_valid_and_larger(
    states: dict[str, Any],
) -> None:
    first = states["ChooseTaskSize"]["Output"]["size"]
    sizes = [first, *first["larger"]]
    memory = [size["memory_mib"] for size in sizes]
    assert memory == sorted(set(memory))
    assert len(memory) > 1
    assert all(size["memory_mib"] in TASK_MEMORY_MIB[size["cpu_units"]] for size in sizes)


def test_a_chunk_out_of_memory_asks_for_a_larger_task_before_it_fails(states: dict[str, Any]) -> None:
    scope = states["EncodeChunks"]["ItemProcessor"]["States"]
    caught = {name: item["Next"] for item in scope["EncodeChunk"]["Catch"] for name in item["ErrorEquals"]}
    asking = {"OutOfMemory", *NO_ROOM, *REFUSED}
    assert caught == dict.fromkeys(asking, "SettleChunk") | {"States.ALL": "ChunkFailed"}
    decided = scope["WhatAboutChunk"]
    expected = ((ADMITTED, "EncodeChunk"), (ENLARGED, "EncodeChunk"), (WAITING, "WaitForRoom"))
    for choice, (status, then) in zip(decided["Choices"], expected, strict=True):
        assert choice == {"Condition": f"{{% $states.input.status = '{status}' %}}", "Next": then}
    assert decided["Default"] == "ChunkFailed"
    asked = scope["SettleChunk"]["Arguments"]["Payload"]
    assert set(asked) == {"source", "job_id", "attempt", "chunk", "size", "error", "cause"}


def test_a_chunk_asks_for_one_of_the_stacks_tasks_before_it_begins_and_after_it_waited(
    states: dict[str, Any],
) -> None:
    processor = states["EncodeChunks"]["ItemProcessor"]
    scope = processor["States"]
    assert processor["StartAt"] == scope["WaitForRoom"]["Next"] == "AskForTask"
    assert scope["AskForTask"]["Next"] == "WhatAboutChunk"
    # Where nobody answers, a task too many is better than a job that fails.
    assert [caught["Next"] for caught in scope["AskForTask"]["Catch"]] == ["EncodeChunk"]


def test_tasks_run_in_private_subnets_without_an_address_of_their_own(
    run: ProgramRun, states: dict[str, Any]
) -> None:
    network = states["ProcessVideo"]["Arguments"]["NetworkConfiguration"]["AwsvpcConfiguration"]
    assert network["AssignPublicIp"] == "DISABLED"
    assert network["Subnets"] == run.exports["private_subnet_ids"]
    assert network["SecurityGroups"] == [run.exports["ecs_security_group_id"]]


@pytest.mark.parametrize(
    ("state", "export"),
    [
        ("NotifyCompletion", "completion_topic_arn"),
        ("NotifyError", "error_topic_arn"),
        ("NotifyRefusal", "error_topic_arn"),
    ],
)
def test_success_and_failure_go_to_their_own_topic(
    run: ProgramRun, states: dict[str, Any], state: str, export: str
) -> None:
    assert states[state]["Resource"] == "arn:aws:states:::sns:publish"
    assert states[state]["Arguments"]["TopicArn"] == run.exports[export]


@pytest.mark.parametrize("state", ["NotifyCompletion", "NotifyError", "NotifyRefusal"])
def test_messages_carry_exactly_the_attributes_that_the_ledger_writes(
    states: dict[str, Any], state: str
) -> None:
    attributes = states[state]["Arguments"]["MessageAttributes"]
    assert set(attributes) == ATTRIBUTES == set(announced_attributes())
    for name, attribute in attributes.items():
        assert attribute["StringValue"] == f"{{% $states.input.announcement.attributes.{name} %}}"


def announced_attributes() -> dict[str, str]:
    facts = JobFacts(
        job_id=uuid4(),
        video_id=uuid4(),
        attempt=1,
        stack="dev",
        profile="web",
        filename="clip.mp4",
        source_key="clip.mp4",
        size_bytes=None,
        elapsed_seconds=None,
    )
    return dict(failed(facts, failure(ErrorCode.INPUT_EMPTY)).attributes)


def test_every_way_to_the_end_tells_somebody_or_ends_as_not_told(states: dict[str, Any]) -> None:
    ends = {name: state for name, state in states.items() if state["Type"] in {"Succeed", "Fail"}}
    failures = {"JobFailed", "NotAnnounced", "SettlementFailed", "OrderRefused"}
    assert set(ends) == {"Succeeded", "Settled"} | failures
    leading_to: dict[str, set[str]] = {name: set() for name in ends}
    for name, state in states.items():
        targets = {
            state.get("Next"),
            state.get("Default"),
            *(item["Next"] for item in state.get("Choices", [])),
        }
        targets |= {item["Next"] for item in state.get("Catch", [])}
        for target in targets & set(ends):
            leading_to[target].add(name)
    assert leading_to["Succeeded"] == {"NotifyCompletion", "QueueCompletion"}
    assert leading_to["JobFailed"] == {"NotifyError", "QueueError"}
    assert leading_to["NotAnnounced"] == {"QueueCompletion", "QueueError"}
    assert leading_to["SettlementFailed"] == {"RecordFailure"}
    assert leading_to["Settled"] == {"WhatHappened"}
    assert leading_to["OrderRefused"] == {"NotifyRefusal", "WhoStarted"}


def test_only_a_settled_and_announced_failure_ends_as_job_failed(states: dict[str, Any]) -> None:
    errors = {name: state["Error"] for name, state in states.items() if state["Type"] == "Fail"}
    assert [name for name, error in errors.items() if error == "JobFailed"] == ["JobFailed"]


def test_the_outcome_function_gets_the_agreed_payloads(states: dict[str, Any]) -> None:
    recorded = states["RecordFailure"]["Arguments"]["Payload"]
    agreed = {"source", "job_id", "attempt", "execution_arn", "error", "cause", "step", "size"}
    assert set(recorded) == agreed
    assert recorded["source"] == "workflow"
    for state, topic in (("QueueCompletion", "completion"), ("QueueError", "error")):
        queued = states[state]["Arguments"]["Payload"]
        assert set(queued) == {"source", "job_id", "attempt", "topic"}
        assert (queued["source"], queued["topic"]) == ("announce", topic)


def test_ended_executions_and_stopped_tasks_reach_the_outcome_function(run: ProgramRun) -> None:
    patterns = {
        entry.name: json.loads(entry.inputs["eventPattern"])
        for entry in resources(run, ":EventRule")
        if "eventPattern" in entry.inputs
    }
    ended = patterns["workflow-execution-ended"]["detail"]
    assert ended["stateMachineArn"] == [run.exports["state_machine_arn"]]
    assert set(ended["status"]) == {"SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"}
    stopped = patterns["workflow-task-stopped"]["detail"]
    assert stopped == {"clusterArn": [run.exports["ecs_cluster_arn"]], "lastStatus": ["STOPPED"]}
    targets = {entry.inputs["rule"]: entry.inputs for entry in resources(run, ":EventTarget")}
    stack = run.settings.stack
    for rule in (f"video-execution-ended-{stack}", f"video-task-stopped-{stack}"):
        assert targets[rule]["arn"].endswith(f":function:video-outcome-{stack}")
        assert targets[rule]["deadLetterConfig"]["arn"]


def test_the_machine_logs_everything_traces_and_waits_for_its_log_permission(run: ProgramRun) -> None:
    machine = one(run, "workflow-machine")
    assert machine.inputs["loggingConfiguration"]["level"] == "ALL"
    assert machine.inputs["loggingConfiguration"]["includeExecutionData"] is True
    assert machine.inputs["tracingConfiguration"]["enabled"] is True
    assert one(run, "workflow-policy").urn in machine.dependencies
