"""Reads a stack's configuration as the Pulumi CLI would: Pulumi.yaml's defaults, then the stack file."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from local.program_errors import ConfigurationError

SecretValue = Callable[[str], str]

_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "boolean": (bool,),
    "array": (list,),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StackSettings:
    """A project's name and one stack's flat configuration.

    Attributes:
        project: Name of the project in Pulumi.yaml.
        stack: Name of the stack.
        values: Fully qualified key to value, everything that is not a string JSON-encoded.
        secret_keys: Keys whose value is encrypted in the stack file.
    """

    project: str
    stack: str
    values: Mapping[str, str]
    secret_keys: tuple[str, ...]

    def get(self, key: str, default: str) -> str:
        """Returns the value of a fully qualified key, for example `aws:region`, or the default."""
        return self.values.get(key, default)


def load_stack_settings(
    project_dir: Path,
    stack: str,
    secret_value: SecretValue,
    replaced: Mapping[str, Any] = MappingProxyType({}),
) -> StackSettings:
    """Reads Pulumi.yaml and Pulumi.<stack>.yaml.

    Args:
        project_dir: Directory with Pulumi.yaml.
        stack: Name of the stack.
        secret_value: Gives the stand-in for an encrypted value, by fully qualified key.
        replaced: Values of this machine in the place of the stack's, for keys that the stack has.

    Raises:
        ConfigurationError: A file or a required key is missing, or a value has another type than declared.
    """
    project = _read_yaml(project_dir / "Pulumi.yaml", "run from the repository")
    name = str(project["name"])
    known = ", ".join(sorted(path.name.split(".")[1] for path in project_dir.glob("Pulumi.*.yaml")))
    remedy = f"choose one of the stacks: {known or 'none exists'}"
    stack_file = _read_yaml(project_dir / f"Pulumi.{stack}.yaml", remedy)
    declared = {_qualify(name, key): entry for key, entry in (project.get("config") or {}).items()}
    given = {_qualify(name, key): value for key, value in (stack_file.get("config") or {}).items()}
    merged = {**_defaults(declared), **given}
    here = {_qualify(name, key): value for key, value in replaced.items()}
    merged |= {key: value for key, value in here.items() if key in merged}
    _check(declared, merged, stack)
    secret_keys = tuple(sorted(key for key, value in merged.items() if _has_secure(value)))
    values = {
        key: secret_value(key) if key in secret_keys else _encode(value)
        for key, value in sorted(merged.items())
    }
    return StackSettings(project=name, stack=stack, values=values, secret_keys=secret_keys)


def _read_yaml(path: Path, remedy: str) -> dict[str, Any]:
    if not path.is_file():
        message = f"{path.name} does not exist in {path.parent}; {remedy}"
        raise ConfigurationError(message)
    content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    if not isinstance(content, dict):
        message = f"{path.name} is not a mapping of keys to values; correct the file"
        raise ConfigurationError(message)
    return content


def _qualify(project: str, key: str) -> str:
    return key if ":" in key else f"{project}:{key}"


def _defaults(declared: Mapping[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, entry in declared.items():
        if not isinstance(entry, Mapping):
            values[key] = entry
        elif "value" in entry:
            values[key] = entry["value"]
        elif "default" in entry:
            values[key] = entry["default"]
    return values


def _check(declared: Mapping[str, Any], merged: Mapping[str, Any], stack: str) -> None:
    for key, entry in declared.items():
        if key not in merged:
            message = f"Stack {stack!r} has no value for {key!r}; set it in Pulumi.{stack}.yaml"
            raise ConfigurationError(message)
        expected = entry.get("type") if isinstance(entry, Mapping) else None
        if expected is None or _has_secure(merged[key]):
            continue
        if expected not in _TYPES:
            message = f"Pulumi.yaml declares {key!r} as {expected!r}; allowed are {', '.join(_TYPES)}"
            raise ConfigurationError(message)
        if not _fits(merged[key], expected):
            message = f"Stack {stack!r} sets {key!r} to {merged[key]!r}; Pulumi.yaml declares {expected}"
            raise ConfigurationError(message)


def _fits(value: Any, expected: str) -> bool:
    if isinstance(value, bool):
        return expected == "boolean"
    return isinstance(value, _TYPES[expected])


def _has_secure(value: Any) -> bool:
    if isinstance(value, Mapping):
        return "secure" in value or any(_has_secure(item) for item in value.values())
    return isinstance(value, list) and any(_has_secure(item) for item in value)


def _encode(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
