"""Writes a stack as a Terraform JSON file, for checkers that know Terraform only.

Pulumi's AWS inputs are Terraform's arguments in another case. References become ``${type.name.attribute}``,
so that rules about two resources find both.
"""

import re
from collections.abc import Mapping
from typing import Any

from tests.policy.stack import Resource, Stack
from tests.policy.terraform_types import NOT_WRITTEN, RENAMED, RENAMED_IN, TERRAFORM_TYPES

# The keys of these maps are names of the user's, not arguments.
_FREE_MAPS = {
    "tags",
    "variables",
    "triggers",
    "requestTemplates",
    "responseParameters",
    "responseTemplates",
}
_ATTRIBUTES = ("arn", "id", "name", "url", "vpcId", "result", "stageName")
_AS_ATTRIBUTE = {"vpcId": "id", "stageName": "stage_name"}
_FROM_INPUTS = {"name", "stageName"}
_NOT_ARGUMENTS = {
    "awsx:ec2:Vpc": {"natGateways", "numberOfAvailabilityZones", "subnetSpecs", "subnetStrategy"},
    "awsx:ecr:Repository": {"lifecyclePolicy"},
}


def written_resources(stack: Stack) -> list[Resource]:
    """Give the resources that have a Terraform type."""
    return [resource for resource in stack.resources if resource.type not in NOT_WRITTEN]


def address(resource: Resource) -> str:
    """Give a resource's address in the file."""
    return f"{TERRAFORM_TYPES[resource.type]}.{label(resource)}"


def label(resource: Resource) -> str:
    """Give a resource's name in the file."""
    return resource.name.replace("-", "_")


def terraform_document(stack: Stack) -> dict[str, Any]:
    """Give the whole file.

    Raises:
        KeyError: a type has no Terraform counterpart in TERRAFORM_TYPES.
    """
    by_urn = {resource.urn: resource for resource in stack.resources}
    document: dict[str, dict[str, Any]] = {}
    for resource in written_resources(stack):
        references = _references(resource, by_urn)
        body = {
            _argument(resource.type, key): _value(value, key, references)
            for key, value in _arguments(resource).items()
            if value is not None
        }
        document.setdefault(TERRAFORM_TYPES[resource.type], {})[label(resource)] = body
    return {"resource": document}


def _arguments(resource: Resource) -> Mapping[str, Any]:
    left_out = _NOT_ARGUMENTS.get(resource.type, set()) | {"code"}
    inputs = {key: value for key, value in resource.inputs.items() if key not in left_out}
    if resource.type == "aws:lambda/function:Function":
        inputs["filename"] = resource.at("code.archive.path")
    return inputs


def _references(resource: Resource, by_urn: Mapping[str, Resource]) -> dict[str, str]:
    found: dict[str, str] = {}
    for urn in resource.dependencies:
        other = by_urn.get(urn)
        if other is None or other.type in NOT_WRITTEN:
            continue
        for output in _ATTRIBUTES:
            value = other.outputs.get(output) or (
                other.inputs.get(output) if output in _FROM_INPUTS else None
            )
            if isinstance(value, str) and value:
                attribute = _AS_ATTRIBUTE.get(output, output)
                found.setdefault(value, f"${{{address(other)}.{attribute}}}")
    return found


def _argument(token: str, key: str) -> str:
    return RENAMED_IN.get(token, {}).get(key) or RENAMED.get(key) or snake(key)


def snake(key: str) -> str:
    """Turn ``kmsMasterKeyId`` into ``kms_master_key_id``."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])", lambda match: f"_{match[1].lower()}", key)


def _value(value: Any, key: str, references: Mapping[str, str]) -> Any:
    if isinstance(value, Mapping):
        free = key in _FREE_MAPS
        return {
            name if free else RENAMED.get(name, snake(name)): _value(item, name, references)
            for name, item in value.items()
        }
    if isinstance(value, list):
        return [_value(item, key, references) for item in value]
    return references.get(value, value) if isinstance(value, str) else value
