"""Reads a stack's configuration as Pulumi's engine does: the stack's file over the defaults of Pulumi.yaml.

Where the rules come from: pulumi/pulumi, `sdk/go/common/resource/config/value.go` (a scalar counts as it is
written, quoted or not; anything else travels as JSON) and `sdk/go/common/workspace/config.go` (defaults, and
the check of declared types). `pulumi config set` writes every scalar in quotes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, get_args

import yaml

from components.config import config_keys, parse_config
from components.config_values import ConfigError, Kind, convert, setting_command
from components.stack_config import StackConfig
from local.program_errors import ConfigurationError

SecretValue = Callable[[str], str]
_NULL = "tag:yaml.org,2002:null"


@dataclass(frozen=True, slots=True, kw_only=True)
class StackSettings:
    """A project's name and one stack's flat configuration.

    Attributes:
        project: Name of the project in Pulumi.yaml.
        stack: Name of the stack.
        values: Fully qualified key to value, everything that is not a string JSON-encoded.
        secret_keys: Keys whose value is encrypted in the stack file, whole or in part.
    """

    project: str
    stack: str
    values: Mapping[str, str]
    secret_keys: tuple[str, ...]

    def get(self, key: str, default: str) -> str:
        """Returns the value of a fully qualified key, for example `aws:region`, or the default."""
        return self.values.get(key, default)

    @property
    def own(self) -> dict[str, str]:
        """The project's own keys without its name before them."""
        prefix = f"{self.project}:"
        return {key.removeprefix(prefix): text for key, text in self.values.items() if key.startswith(prefix)}

    def parsed(self) -> StackConfig:
        """Returns the configuration as the program itself reads it.

        Raises:
            ConfigurationError: The program would refuse it; one line for each wrong key.
        """
        try:
            return parse_config(self.own)
        except ConfigError as error:
            raise ConfigurationError(str(error)) from error


class _Value(NamedTuple):
    """A value as it reaches the program, and whether Pulumi holds it as an array or a mapping."""

    text: str
    is_object: bool

    @classmethod
    def of(cls, value: Any) -> _Value:
        text = value if isinstance(value, str) else json.dumps(value)
        return cls(text, is_object=isinstance(value, list | Mapping))

    def fits(self, kind: Kind) -> bool:
        """Whether the engine takes it for a key of this type; text that looks like an array is none."""
        return self.is_object == (kind == "array") and convert(kind, self.text) is not None


def dummy_secret(key: str) -> str:
    """Returns a fixed stand-in for an encrypted value of a key that the program does not declare."""
    return f"dummy-secret-for-{key.replace(':', '-')}"


def _example(key: str) -> str | None:
    """Gives a value that the program takes for a key of its own that has no default."""
    known = config_keys().get(key.rpartition(":")[2])
    return known[1].example if known else None


def load_stack_settings(
    project_dir: Path,
    stack: str,
    secret_value: SecretValue = dummy_secret,
    replaced: Mapping[str, Any] = MappingProxyType({}),
) -> StackSettings:
    """Reads Pulumi.yaml and Pulumi.<stack>.yaml; in the latter, what Pulumi keeps for itself is passed over.

    A value that is encrypted, whole or in part, is its key's default here; where there is none, an example
    or a stand-in takes the place of what is encrypted. Values of an `environment` of Pulumi ESC are unknown.

    Args:
        project_dir: Directory with Pulumi.yaml.
        stack: Name of the stack.
        secret_value: Gives the stand-in for an encrypted value, by fully qualified key, where the program
            declares neither default nor example.
        replaced: Values of this machine in the place of the stack's, for keys that the stack has.

    Raises:
        ConfigurationError: A file or a required key is missing, or values have another type than declared.
    """
    project = yaml.safe_load(_read(project_dir / "Pulumi.yaml", "run from the repository")) or {}
    name = str(project["name"])
    declared = {_qualify(name, key): entry for key, entry in (project.get("config") or {}).items()}
    given = {_qualify(name, key): node for key, node in _nodes(project_dir, stack).items()}
    values = _defaults(declared)
    encrypted = [key for key, node in given.items() if _holds_secret(node)]
    for key, node in given.items():
        if key not in encrypted:
            values[key] = _value(node, "")
        elif key not in values:
            values[key] = _value(node, _example(key) or secret_value(key))
    here = {_qualify(name, key): _Value.of(value) for key, value in replaced.items()}
    values |= {key: value for key, value in here.items() if key in values}
    settings = StackSettings(
        project=name,
        stack=stack,
        values={key: value.text for key, value in sorted(values.items())},
        secret_keys=tuple(sorted(encrypted)),
    )
    faults = _faults(declared, values, stack)
    if faults:
        raise ConfigurationError("\n".join([*faults.values(), *_further(settings, faults)]))
    return settings


def _read(path: Path, remedy: str) -> str:
    if not path.is_file():
        message = f"{path.name} does not exist in {path.parent}; {remedy}"
        raise ConfigurationError(message)
    return path.read_text(encoding="utf-8")


def _nodes(project_dir: Path, stack: str) -> dict[str, yaml.Node]:
    """Gives the values of a stack's file as nodes, which still know how a scalar is written."""
    known = ", ".join(sorted(path.name.split(".")[1] for path in project_dir.glob("Pulumi.*.yaml")))
    path = project_dir / f"Pulumi.{stack}.yaml"
    root = yaml.compose(_read(path, f"choose one of the stacks: {known or 'none exists'}"), yaml.SafeLoader)
    return _mapping(_mapping(root, path).get("config"), path)


def _mapping(node: yaml.Node | None, path: Path) -> dict[str, yaml.Node]:
    if node is None or node.tag == _NULL:
        return {}
    if not isinstance(node, yaml.MappingNode):
        message = f"{path.name} is not a mapping of keys to values; correct the file"
        raise ConfigurationError(message)
    return {str(key.value): value for key, value in node.value}


def _qualify(project: str, key: str) -> str:
    return key if ":" in key else f"{project}:{key}"


def _defaults(declared: Mapping[str, Any]) -> dict[str, _Value]:
    values: dict[str, _Value] = {}
    for key, entry in declared.items():
        if not isinstance(entry, Mapping):
            values[key] = _Value.of(entry)
        elif "value" in entry:
            values[key] = _Value.of(entry["value"])
        elif "default" in entry:
            values[key] = _Value.of(entry["default"])
    return values


def _faults(declared: Mapping[str, Any], values: Mapping[str, _Value], stack: str) -> dict[str, str]:
    """Says by key what the engine would refuse before it starts the program."""
    faults: dict[str, str] = {}
    for key, entry in declared.items():
        kind = entry.get("type") if isinstance(entry, Mapping) else None
        command = f"{setting_command(key, is_array=kind == 'array')} --stack {stack}"
        if kind is not None and kind not in get_args(Kind):
            faults[key] = f"Pulumi.yaml declares {key!r} as {kind!r}; allowed are {', '.join(get_args(Kind))}"
        elif key not in values:
            faults[key] = f"Pulumi.{stack}.yaml has no value for {key!r}. Run: {command}"
        elif kind is not None and not values[key].fits(kind):
            found = f"Pulumi.{stack}.yaml sets {key!r} to {values[key].text!r}"
            faults[key] = f"{found}, but Pulumi.yaml declares {kind}. Run: {command}"
    return faults


def _further(settings: StackSettings, faults: Mapping[str, str]) -> list[str]:
    """Says what the program would refuse beyond that, so that all wrong keys are told at once."""
    own = {key.removeprefix(f"{settings.project}:") for key in faults}
    if not set(config_keys()) <= own | set(settings.own):
        return []
    try:
        parse_config(settings.own)
    except ConfigError as error:
        return [fault for key, fault in error.faults.items() if key not in own]
    return []


def _is_secure(node: yaml.Node) -> bool:
    """Whether a node is `{secure: <ciphertext>}`."""
    return isinstance(node, yaml.MappingNode) and [key.value for key, _ in node.value] == ["secure"]


def _holds_secret(node: yaml.Node) -> bool:
    if isinstance(node, yaml.MappingNode):
        return _is_secure(node) or any(_holds_secret(value) for _, value in node.value)
    return isinstance(node, yaml.SequenceNode) and any(_holds_secret(item) for item in node.value)


def _value(node: yaml.Node, secret: str) -> _Value:
    if isinstance(node, yaml.ScalarNode):
        return _Value("" if node.tag == _NULL else str(node.value), is_object=False)
    if _is_secure(node):
        return _Value(secret, is_object=False)
    return _Value.of(_opened(yaml.safe_load(yaml.serialize(node)), secret))


def _opened(value: Any, secret: str) -> Any:
    """Puts the stand-in for encrypted values inside of an array, once in each, or of a mapping."""
    if isinstance(value, Mapping):
        if list(value) == ["secure"]:
            return secret
        return {key: _opened(item, secret) for key, item in value.items()}
    if isinstance(value, list):
        opened = [_opened(item, secret) for item in value]
        return [item for place, item in enumerate(opened) if item != secret or secret not in opened[:place]]
    return value
