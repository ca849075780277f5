"""Fills the state machine's placeholders for one stack and refuses a definition that breaks a rule.

A string that is one placeholder, such as ``"${subnet_ids}"``, becomes the value itself with its type, so that
timeouts end up as literal integers. A placeholder inside a longer string takes text only.
"""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

DEFINITION_PATH = Path(__file__).with_name("video_processing.asl.json")
LARGEST_DEFINITION_BYTES = 1024 * 1024
_PLACEHOLDER = re.compile(r"\$\{([a-z_]+)\}")

PlaceholderValue: TypeAlias = str | int | Sequence[str] | Sequence[Mapping[str, int]]


class DefinitionError(ValueError):
    """The state machine definition cannot be filled in, or breaks a rule of the platform."""


def placeholders(path: Path = DEFINITION_PATH) -> frozenset[str]:
    """Give the names of all placeholders in the definition."""
    return frozenset(_PLACEHOLDER.findall(path.read_text(encoding="utf-8")))


def load_definition(values: Mapping[str, PlaceholderValue], path: Path = DEFINITION_PATH) -> str:
    """Fill in the definition and check it.

    Args:
        values: one value for each placeholder; lists and integers for those that stand alone.
        path: definition with placeholders.

    Returns:
        The definition as compact JSON.

    Raises:
        DefinitionError: a placeholder has no value or a value has no placeholder, a timeout is not a literal
            positive integer, a state breaks a rule, or the result is larger than AWS accepts.
    """
    wanted = placeholders(path)
    unfilled, unknown = sorted(wanted - set(values)), sorted(set(values) - wanted)
    if unfilled or unknown:
        raise DefinitionError(
            f"{path.name}: placeholders without a value: {unfilled or 'none'}; values without a placeholder: "
            f"{unknown or 'none'}. Make the definition and the workflow component agree."
        )
    definition = _fill(json.loads(path.read_text(encoding="utf-8")), values)
    check_definition(definition)
    text = json.dumps(definition, separators=(",", ":"))
    size = len(text.encode())
    if size > LARGEST_DEFINITION_BYTES:
        raise DefinitionError(f"the definition has {size} bytes; AWS accepts {LARGEST_DEFINITION_BYTES}")
    return text


def check_definition(definition: Mapping[str, Any]) -> None:
    """Check the rules that Step Functions does not enforce when it creates a machine.

    Raises:
        DefinitionError: see ``load_definition``.
    """
    if "QueryLanguage" in definition:
        raise DefinitionError("the machine must not set QueryLanguage; each state says its own")
    machine_seconds = _seconds("the machine", definition, "TimeoutSeconds")
    _check_states(definition["States"], machine_seconds)


def _check_states(states: Mapping[str, Any], machine_seconds: int) -> None:
    for name, state in states.items():
        if "QueryLanguage" not in state:
            raise DefinitionError(f"state {name} must say its QueryLanguage")
        if state["Type"] == "Task":
            _check_task(name, state, machine_seconds)
        if state["Type"] == "Choice" and "Default" not in state:
            raise DefinitionError(f"state {name} needs a Default, or an unforeseen input fails the execution")
        if state["Type"] == "Map":
            _check_map(name, state)
            _check_states(state["ItemProcessor"]["States"], machine_seconds)


def _check_task(name: str, state: Mapping[str, Any], machine_seconds: int) -> None:
    seconds = _seconds(f"state {name}", state, "TimeoutSeconds")
    if seconds >= machine_seconds:
        raise DefinitionError(
            f"state {name} may take {seconds} s, but the machine only {machine_seconds} s; "
            "the state must be able to fail before the machine does"
        )
    if (
        state["Resource"].endswith(".waitForTaskToken")
        and not _seconds(f"state {name}", state, "HeartbeatSeconds") < seconds
    ):
        raise DefinitionError(
            f"state {name}: HeartbeatSeconds must be less than its TimeoutSeconds, {seconds}"
        )
    for key in ("Retry", "Catch"):
        if not state.get(key):
            raise DefinitionError(f"state {name} needs {key}")
    if "States.ALL" not in state["Catch"][-1]["ErrorEquals"]:
        raise DefinitionError(f"state {name}: its last Catch must take States.ALL")


def _check_map(name: str, state: Mapping[str, Any]) -> None:
    if state["QueryLanguage"] != "JSONPath":
        raise DefinitionError(
            f"state {name}: a distributed Map must be JSONPath, or local mode cannot run it"
        )
    _seconds(f"state {name}", state, "MaxConcurrency")
    if state.get("ToleratedFailureCount") != 0:
        raise DefinitionError(f"state {name}: ToleratedFailureCount must be 0; a result lacks no part")
    if "States.ALL" not in state.get("Catch", [{"ErrorEquals": []}])[-1]["ErrorEquals"]:
        raise DefinitionError(f"state {name}: its last Catch must take States.ALL")


def _seconds(where: str, holder: Mapping[str, Any], key: str) -> int:
    found = holder.get(key)
    if not isinstance(found, int) or isinstance(found, bool) or found < 1:
        raise DefinitionError(f"{where}: {key} is {found!r}, but must be a literal positive integer")
    return found


def _fill(node: Any, values: Mapping[str, PlaceholderValue]) -> Any:
    if isinstance(node, dict):
        return {key: _fill(child, values) for key, child in node.items()}
    if isinstance(node, list):
        return [_fill(child, values) for child in node]
    if not isinstance(node, str):
        return node
    alone = _PLACEHOLDER.fullmatch(node)
    if alone:
        found = values[alone[1]]
        return list(found) if not isinstance(found, (str, int)) else found
    return _PLACEHOLDER.sub(lambda match: _text(match[1], values), node)


def _text(name: str, values: Mapping[str, PlaceholderValue]) -> str:
    found = values[name]
    if not isinstance(found, str) or '"' in found or "'" in found:
        raise DefinitionError(
            f"placeholder {name} stands inside a text and must be a text without quotes, not {found!r}"
        )
    return found
