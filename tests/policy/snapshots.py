"""A readable picture of every resource of a stack, kept in git so that a changed resource shows in review.

``python -m tests.policy.snapshots`` (``make snapshots``) writes it anew.
"""

import json
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from local import wire
from tests.policy.stack import Resource, stack_of
from tests.synthesised import STACKS

SNAPSHOT_DIRECTORY = Path(__file__).with_name("snapshots")
_HEADER = "# Every resource of stack {stack}: type, name, inputs. Written by `make snapshots`.\n"
# These follow the content of services/, which has its own history.
_CONTENT = re.compile(r"(?<![0-9a-zA-Z])(?:[0-9a-f]{64}|[0-9a-f]{20})(?![0-9a-zA-Z])")
_CONTENT_KEYS = {"imageTag", "triggers"}
_JSON_KEYS = {
    "assumeRolePolicy",
    "containerDefinitions",
    "definition",
    "eventPattern",
    "policy",
    "redriveAllowPolicy",
    "redrivePolicy",
}
_SHORTEST_REFERENCE = 6
# Every resource carries the same tags; tests/unit/components checks them.
_LEFT_OUT = {"tags"}

References = list[tuple[str, str]]


def snapshot(stack: str) -> dict[str, dict[str, Any]]:
    """Give the inputs of every resource by type and name, references as ``{name}``, secrets hidden."""
    found: dict[str, dict[str, Any]] = {}
    resources = stack_of(stack).resources
    references = _references(resources)
    for resource in resources:
        inputs = wire.redact(resource.inputs, resource.secrets)
        found.setdefault(resource.type, {})[resource.name] = _plain(inputs, references)
    return {token: dict(sorted(found[token].items())) for token in sorted(found)}


def _references(resources: Iterable[Resource]) -> list[tuple[str, str]]:
    """Give what stands for a resource in the inputs of others, longest first."""
    known = {}
    for resource in resources:
        for output in ("id", "url", "arn"):
            value = resource.outputs.get(output)
            if isinstance(value, str) and len(value) >= _SHORTEST_REFERENCE and value != resource.name:
                known[value] = "{" + resource.name + "}"
    return sorted(known.items(), key=lambda item: (-len(item[0]), item[0]))


def render(stack: str) -> str:
    """Give the text of a stack's snapshot."""
    body = yaml.safe_dump(snapshot(stack), sort_keys=True, width=160, allow_unicode=True)
    return _HEADER.format(stack=stack) + body


def path_of(stack: str) -> Path:
    """Give the file of a stack's snapshot."""
    return SNAPSHOT_DIRECTORY / f"{stack}.yaml"


def _plain(inputs: Mapping[str, Any], references: References) -> dict[str, Any]:
    return {key: _value(key, value, references) for key, value in inputs.items() if key not in _LEFT_OUT}


def _value(key: str, value: Any, references: References) -> Any:
    if key in _CONTENT_KEYS:
        return _without_content(value)
    if isinstance(value, Mapping):
        return _plain(value, references)
    if isinstance(value, list):
        return [_value("", item, references) for item in value]
    if not isinstance(value, str):
        return value
    for text, name in references:
        # Short ids may occur in other words by chance; ARNs may not.
        value = name if value == text else value.replace(text, name) if text.startswith("arn:") else value
    return json.loads(value) if key in _JSON_KEYS else value


def _without_content(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_content(item) for key, item in value.items()}
    return _CONTENT.sub("<follows content>", value) if isinstance(value, str) else value


def main() -> None:
    """Write both snapshots."""
    SNAPSHOT_DIRECTORY.mkdir(exist_ok=True)
    for stack in STACKS:
        path_of(stack).write_text(render(stack), encoding="utf-8")
        sys.stdout.write(f"wrote {path_of(stack)}\n")


if __name__ == "__main__":
    main()
