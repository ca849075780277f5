"""Environment variables of a function, read once and checked: what all functions get; each adds its own."""

import os
from collections.abc import Mapping
from dataclasses import Field, dataclass, fields
from typing import Any, Self

from ledger.errors import SettingsError


@dataclass(frozen=True, slots=True, kw_only=True)
class BareSettings:
    """What every function gets. A field is the lower-case name of its variable."""

    stack: str
    powertools_service_name: str
    powertools_log_level: str

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Reads all fields.

        Raises:
            SettingsError: Variables are missing or not of their type; names all of them.
        """
        values: dict[str, Any] = {}
        problems: list[str] = []
        for item in fields(cls):
            name = item.name.upper()
            text = environment.get(name)
            try:
                values[item.name] = _parse(item, text)
            except ValueError as error:
                problems.append(f"{name}: {error}")
        if problems:
            message = f"{'; '.join(problems)}. The component that creates the function must set them."
            raise SettingsError(message)
        return cls(**values)


def _parse(item: Field[Any], text: str | None) -> object:
    if text is None:
        message = "missing"
        raise ValueError(message)
    if item.type is int:
        if not text.isascii() or not text.isdigit():
            message = f"expected a whole number, got {text!r}"
            raise ValueError(message)
        return int(text)
    if item.type is bool:
        if text not in {"true", "false"}:
            message = f"expected true or false, got {text!r}"
            raise ValueError(message)
        return text == "true"
    if item.type is str:
        if not text:
            message = "empty"
            raise ValueError(message)
        return text
    return tuple(part.strip() for part in text.split(",") if part.strip())


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionSettings(BareSettings):
    """What every function inside the network gets as well: the way to the ledger."""

    database_host: str
    database_port: int
    database_name: str
    database_secret_arn: str
    database_proxied: bool
