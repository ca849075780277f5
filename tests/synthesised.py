"""The synthesised program, run once per stack and test session, with helpers to ask about its resources."""

import functools
import json
import shutil
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.monitor import Registration
from local.paths import REPOSITORY_ROOT
from local.program import ProgramRun
from local.synth import run_synthesis
from tests.stack_files import configure

STACKS = ("dev", "prod")
_DOCUMENT_INPUTS = ("policy", "assumeRolePolicy")


@functools.cache
def synthesised(stack: str) -> ProgramRun:
    """Run the program for a stack without AWS."""
    with warnings.catch_warnings():
        # The provider SDK warns about its own deprecated classes while it is imported.
        warnings.simplefilter("ignore", DeprecationWarning)
        return run_synthesis(stack)


def synthesised_with(stack: str, directory: Path, **values: object) -> ProgramRun:
    """Run the program for a stack whose configuration differs from the one in the repository.

    Args:
        stack: stack whose file is the base.
        directory: empty directory for the changed project.
        values: configuration by key; an unknown key is added, too.
    """
    for kept in ("Pulumi.yaml", f"Pulumi.{stack}.yaml", "__main__.py"):
        shutil.copy(REPOSITORY_ROOT / kept, directory / kept)
    configure(directory, stack, **values)
    return run_synthesis(stack, project_dir=directory)


def resources(run: ProgramRun, type_suffix: str) -> list[Registration]:
    """Give all resources whose type token ends like this, for example ``:Bucket``."""
    return [entry for entry in run.registrations.values() if entry.type.endswith(type_suffix)]


def one(run: ProgramRun, name: str) -> Registration:
    """Give the one resource with this logical name."""
    found = [entry for entry in run.registrations.values() if entry.name == name]
    assert len(found) == 1, f"{len(found)} resources are called {name}"
    return found[0]


@dataclass(frozen=True, slots=True)
class PolicyStatement:
    """One statement of any policy document in the stack, with the resource that carries it."""

    owner: str
    owner_type: str
    kind: str
    body: Mapping[str, Any]

    @property
    def actions(self) -> list[str]:
        """Actions as a list."""
        return _many(self.body["Action"])

    @property
    def targets(self) -> list[str]:
        """Resources as a list; empty in trust policies."""
        return _many(self.body.get("Resource", []))

    @property
    def allows(self) -> bool:
        """Whether the statement grants something; the policy of a VPC endpoint only limits."""
        return self.body["Effect"] == "Allow" and not self.limits_an_endpoint

    @property
    def limits_an_endpoint(self) -> bool:
        """Whether the statement belongs to the policy of a VPC endpoint."""
        return self.owner_type.endswith(":VpcEndpoint")


def statements(run: ProgramRun) -> Iterator[PolicyStatement]:
    """Give every statement of every policy document in the stack."""
    for entry in run.registrations.values():
        for key in _DOCUMENT_INPUTS:
            if isinstance(entry.inputs.get(key), str):
                document = json.loads(entry.inputs[key])
                for body in document["Statement"]:
                    yield PolicyStatement(entry.name, entry.type, key, body)


def role_statements(run: ProgramRun, policy_name: str) -> dict[str, PolicyStatement]:
    """Give the statements of one role policy by Sid."""
    return {entry.body["Sid"]: entry for entry in statements(run) if entry.owner == policy_name}


def container(run: ProgramRun) -> dict[str, Any]:
    """Give the one container of the processing task."""
    definitions = json.loads(one(run, "task-definition").inputs["containerDefinitions"])
    assert len(definitions) == 1
    return dict(definitions[0])


def state_machine(run: ProgramRun) -> dict[str, Any]:
    """Give the filled-in definition of the workflow."""
    return dict(json.loads(one(run, "workflow-machine").inputs["definition"]))


def _many(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)
