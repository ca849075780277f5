"""Reads the one typed configuration of a stack, once, from Pulumi's configuration."""

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import Field, fields, is_dataclass
from typing import Any, cast

from components.config_rules import contradictions
from components.config_values import (
    ConfigError,
    Kind,
    Value,
    ValueSpec,
    kind_of,
    parse,
    setting_command,
    spec_of,
)
from components.stack_config import StackConfig

NO_REGION = "configuration key 'aws:region' is missing. Run: pulumi config set aws:region ap-northeast-1"


def config_keys() -> dict[str, tuple[Kind, ValueSpec]]:
    """Give every configuration key with its type and description, in the order of declaration."""
    return {declared.name: (kind_of(declared), spec_of(declared)) for declared in _declared(StackConfig)}


def parse_config(values: Mapping[str, str]) -> StackConfig:
    """Check the text values of all keys and build the configuration.

    Args:
        values: text by key, without the project prefix; arrays as JSON.

    Raises:
        ConfigError: keys are unknown, missing or out of range, or contradict each other. One line for each.
    """
    keys = config_keys()
    faults = {key: _unknown(key, keys) for key in sorted(set(values) - set(keys))}
    parsed: dict[str, Value] = {}
    for key, (kind, spec) in keys.items():
        try:
            parsed[key] = parse(key, kind, spec, values[key])
        except KeyError:
            faults[key] = _missing(key, kind, spec)
        except ConfigError as error:
            faults |= error.faults
    config: StackConfig = _filled(StackConfig, parsed)
    faults |= contradictions(config, faults)
    if faults:
        raise ConfigError(faults)
    return config


def load_config(project: str) -> tuple[StackConfig, str]:
    """Read the running stack's configuration.

    Returns:
        The configuration and the AWS region.

    Raises:
        pulumi.RunError: see ``parse_config``; also when the region is not set. Pulumi prints the message
            without a traceback.
    """
    # The deploy commands parse configuration too, and start in half the time without the SDK.
    import pulumi
    from pulumi.runtime import config as runtime_config

    found = {**runtime_config.get_config_env(), **runtime_config.CONFIG.get()}
    prefix = f"{project}:"
    values = {key.removeprefix(prefix): text for key, text in found.items() if key.startswith(prefix)}
    region = pulumi.Config("aws").get("region")
    try:
        config = parse_config(values)
        if not region:
            raise ConfigError({"aws:region": NO_REGION})
    except ConfigError as error:
        raise pulumi.RunError(str(error)) from error
    return config, region


def _unknown(key: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(key, known, n=1)
    meant = f"did you mean {near[0]}?" if near else "docs/configuration.md lists the known ones."
    return (
        f"configuration key {key!r} is unknown; {meant} Correct the spelling or run: pulumi config rm {key}"
    )


def _missing(key: str, kind: Kind, spec: ValueSpec) -> str:
    return (
        f"configuration key {key!r} is missing; it must be {spec.range_text(kind)}. "
        f"Run: {setting_command(key, is_array=kind == 'array')}"
    )


def _declared(settings: type[Any]) -> Iterator[Field[Any]]:
    """Give the keys of a settings class, and of the groups in it."""
    for declared in fields(settings):
        if is_dataclass(declared.type):
            yield from _declared(cast(type, declared.type))
        else:
            yield declared


def _filled(settings: type[Any], values: Mapping[str, Value]) -> Any:
    """Build a settings class, and the groups in it; a key without value, which is refused, has none here."""
    return settings(
        **{
            declared.name: _filled(cast(type, declared.type), values)
            if is_dataclass(declared.type)
            else values.get(declared.name)
            for declared in fields(settings)
        }
    )
