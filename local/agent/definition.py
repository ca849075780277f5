"""Reads from deployed state machines what the emulator does not enforce: heartbeats, limits, token names."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

RUN_TASK_CALLBACK = "arn:aws:states:::ecs:runTask.waitForTaskToken"
_TOKEN_PATHS = ("$states.context.Task.Token", "$$.Task.Token")
_EXECUTION_PATHS = ("$states.context.Execution.Id", "$$.Execution.Id")


@dataclass(frozen=True, slots=True)
class WaitingState:
    """A Task state that starts a container and waits for its token.

    Attributes:
        name: The state's name.
        heartbeat_seconds: Longest silence allowed, or None.
        token_variable: Environment variable that carries the token.
        execution_variable: Environment variable that carries the execution ARN, or None.
        variables: All variables that the state sets, to recognise its tasks by.
    """

    name: str
    heartbeat_seconds: float | None
    token_variable: str
    execution_variable: str | None
    variables: frozenset[str]


@dataclass(frozen=True, slots=True)
class MachineRules:
    """What one deployed definition says about time and tokens.

    Attributes:
        machine_arn: The state machine.
        timeout_seconds: The machine's own TimeoutSeconds, or None.
        waiting_states: Its container tasks with a callback.
    """

    machine_arn: str
    timeout_seconds: float | None
    waiting_states: tuple[WaitingState, ...]

    def state_of(self, overrides: Mapping[str, str]) -> WaitingState | None:
        """Find the state that started a task, by the variables it was given."""
        candidates = [state for state in self.waiting_states if state.token_variable in overrides]
        return max(candidates, key=lambda state: len(state.variables & overrides.keys()), default=None)


def read_rules(machine_arn: str, definition: str) -> MachineRules:
    """Read the rules out of a definition in Amazon States Language.

    Args:
        machine_arn: The deployed machine.
        definition: Its definition as DescribeStateMachine returns it.
    """
    document = json.loads(definition)
    states = tuple(
        state
        for name, body in _all_states(document)
        if body.get("Resource") == RUN_TASK_CALLBACK and (state := _waiting_state(name, body))
    )
    return MachineRules(machine_arn, document.get("TimeoutSeconds"), states)


def _all_states(document: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, body in document.get("States", {}).items():
        yield name, body
        for nested in (body.get("ItemProcessor"), body.get("Iterator"), *body.get("Branches", [])):
            if nested:
                yield from _all_states(nested)


def _waiting_state(name: str, body: Mapping[str, Any]) -> WaitingState | None:
    arguments = body.get("Arguments") or body.get("Parameters") or {}
    entries = [
        entry
        for container in arguments.get("Overrides", {}).get("ContainerOverrides", [])
        for entry in container.get("Environment", [])
    ]
    token = _variable_with(entries, _TOKEN_PATHS)
    if token is None:
        return None
    return WaitingState(
        name=name,
        heartbeat_seconds=body.get("HeartbeatSeconds"),
        token_variable=token,
        execution_variable=_variable_with(entries, _EXECUTION_PATHS),
        variables=frozenset(str(entry["Name"]) for entry in entries),
    )


def _variable_with(entries: list[dict[str, Any]], paths: tuple[str, ...]) -> str | None:
    for entry in entries:
        value = str(entry.get("Value", entry.get("Value.$", "")))
        if any(path in value for path in paths):
            return str(entry["Name"])
    return None
