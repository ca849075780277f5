"""A synthesised stack as rules look at it: resources with inputs and outputs, and copies with a defect."""

import copy
import functools
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from tests.synthesised import synthesised

COMPONENT_PREFIX = "video-platform:"
ROOT_TYPE = "pulumi:pulumi:Stack"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One resource of a stack.

    Attributes:
        urn: full URN.
        type: type token such as ``aws:s3/bucket:Bucket``.
        name: logical name.
        inputs: what the program says.
        outputs: what AWS would add, as modelled; holds ``id``.
        secrets: paths of the secret inputs.
        dependencies: URNs it refers to.
    """

    urn: str
    type: str
    name: str
    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]
    secrets: tuple[str, ...]
    dependencies: tuple[str, ...]

    @property
    def label(self) -> str:
        """Type and name, as findings and waivers write it."""
        return f"{self.type}::{self.name}"

    def at(self, path: str) -> Any:
        """Give the input at a dotted path, or None."""
        value: Any = self.inputs
        for part in path.split("."):
            if isinstance(value, list):
                value = value[int(part)] if int(part) < len(value) else None
            else:
                value = value.get(part) if isinstance(value, Mapping) else None
        return value

    def document(self, key: str = "policy") -> list[dict[str, Any]]:
        """Give the statements of a policy document among the inputs."""
        text = self.inputs.get(key)
        return list(json.loads(text)["Statement"]) if text else []


@dataclass(frozen=True, slots=True)
class Stack:
    """All resources of one stack."""

    name: str
    resources: tuple[Resource, ...]

    def of(self, token: str) -> list[Resource]:
        """Give the resources of one type."""
        return [resource for resource in self.resources if resource.type == token]

    def naming(self, token: str, key: str, resource: Resource) -> list[Resource]:
        """Give the resources of a type whose input ``key`` is the id, name or ARN of a resource."""
        own = {resource.outputs.get(output) for output in ("id", "arn", "name", "url", "vpcId")}
        own |= {resource.inputs.get("name")}
        return [other for other in self.of(token) if other.at(key) in own - {None}]

    def changed(self, token: str, change: Callable[[dict[str, Any]], None] | None) -> "Stack":
        """Give a copy in which every resource of a type is changed, or is missing when there is no change."""
        kept = []
        for resource in self.resources:
            if resource.type != token:
                kept.append(resource)
            elif change is not None:
                inputs = copy.deepcopy(dict(resource.inputs))
                change(inputs)
                kept.append(replace(resource, inputs=inputs))
        return replace(self, resources=tuple(kept))


@functools.cache
def stack_of(name: str) -> Stack:
    """Synthesise a stack, once per session."""
    run = synthesised(name)
    return Stack(name, tuple(_resources(run)))


def _resources(run: Any) -> Iterator[Resource]:
    for urn, entry in sorted(run.registrations.items()):
        if entry.type == ROOT_TYPE or entry.type.startswith(COMPONENT_PREFIX):
            continue
        created = run.created[urn]
        yield Resource(
            urn=urn,
            type=entry.type,
            name=entry.name,
            inputs=entry.inputs,
            outputs={**created.outputs, "id": created.id},
            secrets=entry.secrets,
            dependencies=entry.dependencies,
        )
