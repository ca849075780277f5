"""Rules for any state machine of the platform, held to the real one and proven on broken copies of it."""

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from local.program import ProgramRun
from tests.synthesised import state_machine

ENDS = {"Succeed", "Fail"}
Machine = dict[str, Any]


def next_states(state: Machine) -> set[str]:
    """Give every state that may follow."""
    found = {state.get("Next"), state.get("Default")}
    found |= {item.get("Next") for item in (*state.get("Choices", []), *state.get("Catch", []))}
    return {name for name in found if name}


def findings(machine: Machine) -> Iterator[str]:
    """Give what is wrong with a machine."""
    states = machine["States"]
    if not isinstance(machine.get("TimeoutSeconds"), int):
        yield "the machine has no TimeoutSeconds"
    for name, state in states.items():
        yield from (
            f"{name} leads to {other}, which is no state" for other in next_states(state) - set(states)
        )
        if state["Type"] == "Task":
            yield from (f"{name}: {problem}" for problem in task_problems(state, machine))
        if state["Type"] == "Map":
            yield from findings({**state["ItemProcessor"], "TimeoutSeconds": machine.get("TimeoutSeconds")})
        if state["Type"] == "Choice" and state.get("Default") not in ends_of(states):
            yield f"{name} has no Default that ends"
    yield from (f"{name} is never reached" for name in sorted(set(states) - reached(machine)))
    yield from (f"{name} never ends" for name in sorted(set(states) - leading_to_an_end(states)))


def task_problems(state: Machine, machine: Machine) -> Iterator[str]:
    timeout, heartbeat = state.get("TimeoutSeconds"), state.get("HeartbeatSeconds")
    if not isinstance(timeout, int) or timeout > (machine.get("TimeoutSeconds") or 0):
        yield "no TimeoutSeconds within the machine's"
    elif heartbeat is not None and heartbeat >= timeout:
        yield "HeartbeatSeconds is not below TimeoutSeconds"
    if ".waitForTaskToken" in state["Resource"] and heartbeat is None:
        yield "it waits for a token without HeartbeatSeconds"
    retriers = [item for item in state.get("Retry", []) if item.get("MaxAttempts") != 0]
    if not retriers:
        yield "no Retry"
    for retrier in retriers:
        if retrier.get("BackoffRate", 1) <= 1 or retrier.get("JitterStrategy") != "FULL":
            yield "a Retry without backoff and jitter"
    if not any("States.ALL" in item["ErrorEquals"] for item in state.get("Catch", [])):
        yield "no Catch of everything"


def ends_of(states: Machine) -> set[str]:
    return {name for name, state in states.items() if state["Type"] in ENDS}


def reached(machine: Machine) -> set[str]:
    found: set[str] = set()
    waiting = [machine["StartAt"]]
    while waiting:
        name = waiting.pop()
        if name not in found and name in machine["States"]:
            found.add(name)
            waiting += next_states(machine["States"][name])
    return found


def leading_to_an_end(states: Machine) -> set[str]:
    found = ends_of(states)
    while True:
        more = {name for name, state in states.items() if next_states(state) & found} | found
        if more == found:
            return found
        found = more


def test_the_machine_keeps_every_rule(run: ProgramRun) -> None:
    assert list(findings(state_machine(run))) == []


def _loop(machine: Machine) -> None:
    machine["States"]["Again"] = {"Type": "Pass", "Next": "Again"}
    machine["States"]["WhatHappened"]["Choices"][0]["Next"] = "Again"


def _late(machine: Machine) -> None:
    machine["States"]["ProcessVideo"]["TimeoutSeconds"] = machine["TimeoutSeconds"] + 1


DEFECTS: list[tuple[Callable[[Machine], Any], str]] = [
    (lambda machine: machine.pop("TimeoutSeconds"), "the machine has no TimeoutSeconds"),
    (lambda machine: machine["States"]["ProcessVideo"].pop("TimeoutSeconds"), "no TimeoutSeconds within"),
    (
        lambda machine: machine["States"]["ProcessVideo"].update(TimeoutSeconds=999_999),
        "no TimeoutSeconds within",
    ),
    (lambda machine: machine["States"]["ProcessVideo"].pop("HeartbeatSeconds"), "without HeartbeatSeconds"),
    (lambda machine: machine["States"]["ProcessVideo"].update(HeartbeatSeconds=99999), "is not below"),
    (lambda machine: machine["States"]["RecordFailure"].pop("Retry"), "RecordFailure: no Retry"),
    (
        lambda machine: machine["States"]["RecordFailure"]["Retry"][-1].update(JitterStrategy="NONE"),
        "without backoff and jitter",
    ),
    (lambda machine: machine["States"]["NotifyError"].pop("Catch"), "NotifyError: no Catch of everything"),
    (
        lambda machine: machine["States"]["WhatHappened"].pop("Default"),
        "has no Default that ends",
    ),
    (lambda machine: machine["States"]["WhatHappened"].update(Default="NotifyError"), "no Default that ends"),
    (lambda machine: machine["States"].update(Lost={"Type": "Succeed"}), "Lost is never reached"),
    (lambda machine: machine["States"]["NotifyError"].update(Next="Nowhere"), "which is no state"),
    (_loop, "Again never ends"),
    (
        lambda machine: machine["States"]["EncodeChunks"]["ItemProcessor"]["States"]["EncodeChunk"].pop(
            "Retry"
        ),
        "EncodeChunk: no Retry",
    ),
]


@pytest.mark.parametrize(("defect", "finding"), DEFECTS, ids=[finding for _, finding in DEFECTS])
def test_a_defect_is_found(run: ProgramRun, defect: Callable[[Machine], Any], finding: str) -> None:
    machine = copy.deepcopy(state_machine(run))
    defect(machine)
    assert any(finding in found for found in findings(machine)), list(findings(machine))
