"""Restores message attributes that the emulator's Step Functions drops from ``sns:publish``.

The execution's own history says which state published a message and what its input was; the deployed
definition says which attribute comes from where. Both are read through the public API.
"""

import json
import re
import time
from collections.abc import Mapping
from typing import Any

from local.aws import AwsAccess

_PUBLISH = "arn:aws:states:::sns:publish"
_INPUT_PATH = re.compile(r"^\{%\s*\$states\.input\.([A-Za-z0-9_.]+)\s*%\}$")
_RECENT_EXECUTIONS = 20
# The state's result is recorded a moment after the message has been delivered.
_PATIENCE_SECONDS = 2.0
_POLL_SECONDS = 0.1


class PublicationIndex:
    """Finds the attributes a workflow meant to publish.

    Args:
        access: The emulator as the account owner.
    """

    def __init__(self, access: AwsAccess) -> None:
        self._client = access.client("stepfunctions")

    def attributes(self, message_id: str) -> dict[str, str]:
        """Give the attributes of a published message; empty when no workflow published it."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not (found := self._search(message_id)) and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
        return found

    def _search(self, message_id: str) -> dict[str, str]:
        for machine in self._client.list_state_machines()["stateMachines"]:
            arn = machine["stateMachineArn"]
            listed = self._client.list_executions(stateMachineArn=arn, maxResults=_RECENT_EXECUTIONS)
            for execution in listed["executions"]:
                state_input = self._publishing_input(execution["executionArn"], message_id)
                if state_input is not None:
                    definition = self._client.describe_state_machine(stateMachineArn=arn)["definition"]
                    name, document = state_input
                    return planned_attributes(json.loads(definition)["States"][name], document)
        return {}

    def _publishing_input(self, execution_arn: str, message_id: str) -> tuple[str, dict[str, Any]] | None:
        entered: tuple[str, dict[str, Any]] | None = None
        pages = self._client.get_paginator("get_execution_history").paginate(executionArn=execution_arn)
        for event in (event for page in pages for event in page["events"]):
            if event["type"] == "TaskStateEntered":
                details = event["stateEnteredEventDetails"]
                entered = (details["name"], json.loads(details["input"]))
            succeeded = event.get("taskSucceededEventDetails", {})
            if succeeded.get("resource") == _PUBLISH and message_id in succeeded.get("output", ""):
                return entered
        return None


def planned_attributes(state: Mapping[str, Any], state_input: Mapping[str, Any]) -> dict[str, str]:
    """Resolve a publishing state's message attributes against its input.

    Args:
        state: The state of the deployed definition.
        state_input: The input with which it was entered.
    """
    attributes = state.get("Arguments", {}).get("MessageAttributes", {})
    resolved = {name: _resolve(str(one["StringValue"]), state_input) for name, one in attributes.items()}
    return {name: value for name, value in resolved.items() if value is not None}


def _resolve(expression: str, state_input: Mapping[str, Any]) -> str | None:
    match = _INPUT_PATH.match(expression)
    if match is None:
        return None if expression.startswith("{%") else expression
    value: Any = state_input
    for part in match.group(1).split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return None if value is None else str(value)
