"""How one configuration value is described, read from Pulumi's text form, and refused."""

import json
import re
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, field
from typing import Any, Literal, TypeAlias, get_origin

Kind: TypeAlias = Literal["string", "integer", "boolean", "array"]
Value: TypeAlias = str | int | bool | tuple[str, ...]

_KINDS: dict[Any, Kind] = {str: "string", int: "integer", bool: "boolean", tuple[str, ...]: "array"}
_SPEC = "spec"


class ConfigError(ValueError):
    """Configuration keys are unknown, missing, of the wrong type or out of range.

    Attributes:
        faults: one line for each wrong key, by key.
    """

    def __init__(self, faults: Mapping[str, str]) -> None:
        super().__init__("\n".join(faults.values()))
        self.faults = faults


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueSpec:
    """What a configuration value means and which values it may take.

    Attributes:
        meaning: one sentence for the configuration table; units are in the key's name.
        minimum: smallest integer, or fewest items of an array.
        maximum: largest integer, or most items of an array.
        choices: the only values a string, an integer or an array item may take; empty for no such limit.
        pattern: regular expression that a whole string or array item must match.
        example: what the pattern looks like, for the error message.
    """

    meaning: str
    minimum: int | None = None
    maximum: int | None = None
    choices: tuple[str | int, ...] = ()
    pattern: str | None = None
    example: str | None = None

    def range_text(self, kind: Kind) -> str:
        """Say in words which values are allowed."""
        if self.choices:
            return ("items out of " if kind == "array" else "one of ") + ", ".join(map(str, self.choices))
        if kind == "integer":
            return f"an integer from {self.minimum} to {self.maximum}"
        if kind == "boolean":
            return "true or false"
        noun = "a list of texts" if kind == "array" else "a text"
        return f"{noun} like {self.example}" if self.example else noun


def value(meaning: str, **limits: Any) -> Any:
    """Declare a required configuration value as a dataclass field.

    Args:
        meaning: one sentence for the configuration table.
        limits: the further attributes of ``ValueSpec``.
    """
    return field(metadata={_SPEC: ValueSpec(meaning=meaning, **limits)})


def spec_of(declared: Field[Any]) -> ValueSpec:
    """Give the description that ``value`` stored on a field."""
    spec = declared.metadata[_SPEC]
    if not isinstance(spec, ValueSpec) or declared.default is not MISSING:
        raise TypeError(f"field {declared.name} must be declared with value(...) and have no default")
    return spec


def kind_of(declared: Field[Any]) -> Kind:
    """Give the Pulumi configuration type of a field from its annotation."""
    return "string" if get_origin(declared.type) is Literal else _KINDS[declared.type]


def parse(key: str, kind: Kind, spec: ValueSpec, text: str) -> Value:
    """Turn Pulumi's text form into a checked value.

    Raises:
        ConfigError: the text is not of the kind, or the value is out of range.
    """
    parsed = convert(kind, text)
    if parsed is None:
        raise refusal(key, text, spec.range_text(kind), kind)
    _check(key, kind, spec, parsed)
    return parsed


def convert(kind: Kind, text: str) -> Value | None:
    """Read Pulumi's text form of a value, as written by hand or by ``pulumi config set``.

    Returns:
        The value, or None when the text is not of the kind. Which values are allowed is not asked.
    """
    if kind == "string":
        return text
    if kind == "integer":
        return int(text) if re.fullmatch(r"[+-]?[0-9]+", text) else None
    if kind == "boolean":
        return text == "true" if text in {"true", "false"} else None
    try:
        items = json.loads(text)
    except ValueError:
        return None
    are_texts = isinstance(items, list) and all(isinstance(item, str) for item in items)
    return tuple(items) if are_texts else None


def refusal(key: str, found: object, allowed: str, kind: Kind | None = None) -> ConfigError:
    """Build the error for one key: what it is, what it may be, and what to do.

    Args:
        key: the configuration key.
        found: its value.
        allowed: which values are allowed, in words.
        kind: type of the key; by default that of the value.
    """
    is_array = kind == "array" or isinstance(found, list | tuple)
    fault = (
        f"configuration key {key!r} is {found!r}, but must be {allowed}. "
        f"Set it in Pulumi.<stack>.yaml or with: {setting_command(key, is_array=is_array)}"
    )
    return ConfigError({key: fault})


def setting_command(key: str, *, is_array: bool) -> str:
    """Give the command that sets a key; without ``--type string`` a number in an array becomes an integer.

    ``--path`` turns what looks like an integer, a telephone number too, into one: pulumi/pulumi,
    ``adjustObjectValue`` in ``sdk/go/common/resource/config/map.go``.
    """
    if is_array:
        return f"pulumi config set --path '{key}[0]' --type string <value>"
    return f"pulumi config set {key} <value>"


def _check(key: str, kind: Kind, spec: ValueSpec, parsed: Value) -> None:
    allowed = spec.range_text(kind)
    if isinstance(parsed, tuple) and len(set(parsed)) != len(parsed):
        raise refusal(key, list(parsed), f"{allowed}, each once", kind)
    for item in parsed if isinstance(parsed, tuple) else (parsed,):
        if spec.choices and item not in spec.choices:
            raise refusal(key, item, allowed, kind)
        if spec.pattern and not re.fullmatch(spec.pattern, str(item)):
            raise refusal(key, item, allowed, kind)
    size = len(parsed) if isinstance(parsed, tuple) else parsed
    if isinstance(size, int) and not isinstance(parsed, bool):
        if spec.minimum is not None and size < spec.minimum:
            raise refusal(key, parsed, allowed, kind)
        if spec.maximum is not None and size > spec.maximum:
            raise refusal(key, parsed, allowed, kind)
