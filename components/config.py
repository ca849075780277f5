"""Reads the one typed configuration of a stack, once, from Pulumi's configuration."""

from collections.abc import Iterator, Mapping
from dataclasses import Field, fields, is_dataclass
from typing import Any, cast

from components.config_rules import check_rules
from components.config_values import ConfigError, Kind, Value, ValueSpec, kind_of, parse, spec_of
from components.stack_config import StackConfig

_REGION_KEY = "aws:region"


def config_keys() -> dict[str, tuple[Kind, ValueSpec]]:
    """Give every configuration key with its type and description, in the order of declaration."""
    return {declared.name: (kind_of(declared), spec_of(declared)) for declared in _declared(StackConfig)}


def parse_config(values: Mapping[str, str]) -> StackConfig:
    """Check the text values of all keys and build the configuration.

    Args:
        values: text by key, without the project prefix; arrays as JSON.

    Raises:
        ConfigError: a key is unknown, missing or out of range, or two keys contradict each other.
    """
    keys = config_keys()
    unknown = sorted(set(values) - set(keys))
    if unknown:
        raise ConfigError(
            f"configuration keys {unknown} are unknown; the known keys are {', '.join(keys)}. "
            f"Correct the spelling or run: pulumi config rm {unknown[0]}"
        )
    missing = [key for key in keys if key not in values]
    if missing:
        kind, spec = keys[missing[0]]
        raise ConfigError(
            f"configuration keys {missing} are missing; {missing[0]} must be {spec.range_text(kind)}. "
            f"Run: pulumi config set {missing[0]} <value>"
        )
    parsed = {key: parse(key, *keys[key], text) for key, text in values.items()}
    config: StackConfig = _filled(StackConfig, parsed)
    check_rules(config)
    return config


def load_config(project: str) -> tuple[StackConfig, str]:
    """Read the running stack's configuration.

    Returns:
        The configuration and the AWS region.

    Raises:
        ConfigError: see ``parse_config``; also when the region is not set.
    """
    # The deploy commands parse configuration too, and start in half the time without the SDK.
    import pulumi
    from pulumi.runtime import config as runtime_config

    found = {**runtime_config.get_config_env(), **runtime_config.CONFIG.get()}
    prefix = f"{project}:"
    values = {key.removeprefix(prefix): text for key, text in found.items() if key.startswith(prefix)}
    region = pulumi.Config("aws").get("region")
    if not region:
        raise ConfigError(
            f"configuration key {_REGION_KEY!r} is missing. "
            f"Run: pulumi config set {_REGION_KEY} ap-northeast-1"
        )
    return parse_config(values), region


def _declared(settings: type[Any]) -> Iterator[Field[Any]]:
    """Give the keys of a settings class, and of the groups in it."""
    for declared in fields(settings):
        if is_dataclass(declared.type):
            yield from _declared(cast(type, declared.type))
        else:
            yield declared


def _filled(settings: type[Any], values: Mapping[str, Value]) -> Any:
    """Build a settings class, and the groups in it, from the values of all keys."""
    return settings(
        **{
            declared.name: _filled(cast(type, declared.type), values)
            if is_dataclass(declared.type)
            else values[declared.name]
            for declared in fields(settings)
        }
    )
