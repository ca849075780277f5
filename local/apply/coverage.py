"""Makes sure that no input of the program is lost on its way into the emulator."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from local.apply.left_out import LEFT_OUT, STAND_INS
from local.apply.modelled_types import MODELLED_TYPES
from local.monitor import Registration
from local.program_errors import UnsupportedError


class TrackedInputs(Mapping[str, Any]):
    """Inputs of a resource that remember which of them were read.

    Attributes:
        untracked: The inputs themselves; reading them leaves no trace.
    """

    def __init__(self, inputs: Mapping[str, Any]) -> None:
        self.untracked = inputs
        self.read: set[str] = set()

    def __getitem__(self, key: str) -> Any:
        self.read.add(key)
        return self.untracked[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.untracked)

    def __len__(self) -> int:
        return len(self.untracked)


def tracked(resource: Registration) -> tuple[Registration, TrackedInputs]:
    """Returns a copy of a resource whose inputs remember who read them, and those inputs."""
    inputs = TrackedInputs(resource.inputs)
    return dataclasses.replace(resource, inputs=inputs), inputs


def untracked(resource: Registration) -> Registration:
    """Returns a resource whose inputs may be read without counting as used."""
    if isinstance(resource.inputs, TrackedInputs):
        return dataclasses.replace(resource, inputs=resource.inputs.untracked)
    return resource


def refuse_lost_inputs(resource: Registration, inputs: TrackedInputs) -> None:
    """Refuses a resource of which an input had no effect, unless the list of differences names it.

    Raises:
        UnsupportedError: The handler ignored an input that AWS would not ignore.
    """
    if resource.type in MODELLED_TYPES | STAND_INS:
        return
    lost = sorted(inputs.untracked.keys() - inputs.read - LEFT_OUT.get(resource.type, {}).keys())
    if lost:
        message = f"{resource.urn}: local mode would ignore {', '.join(lost)} of {resource.type}."
        raise UnsupportedError(
            message, remedy="Handle it under local/apply/, or give the reason in local/apply/left_out.py."
        )
