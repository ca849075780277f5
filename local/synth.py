"""Synthesis: what the program would ask AWS for, as stable JSON, with no network and no CLI."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local import lookups, wire
from local.model import model_outputs
from local.monitor import Created, Registration
from local.paths import REPOSITORY_ROOT
from local.program import Mode, ProgramRun, run_program
from local.stack_config import load_stack_settings

SYNTH_ACCOUNT_ID = "123456789012"
DEFAULT_REGION = "ap-northeast-1"


class SynthProvider:
    """Answers every resource with deterministic, AWS-shaped ids, ARNs and addresses; creates nothing."""

    def __init__(self, account: lookups.Account) -> None:
        self._account = account

    def create(self, registration: Registration) -> Created:
        """Returns modelled outputs of a resource."""
        return model_outputs(registration, self._account)

    def invoke(self, token: str, args: Mapping[str, Any]) -> Mapping[str, Any]:
        """Answers a lookup, or refuses one that is not known."""
        return lookups.answer(self._account, token, args)


def run_synthesis(stack: str, *, project_dir: Path = REPOSITORY_ROOT) -> ProgramRun:
    """Runs the program for a stack against modelled outputs; secrets stay in clear in the result."""
    settings = load_stack_settings(project_dir, stack)
    account = lookups.Account(id=SYNTH_ACCOUNT_ID, region=settings.get("aws:region", DEFAULT_REGION))
    return run_program(stack, mode=Mode.PREVIEW, provider=SynthProvider(account), project_dir=project_dir)


def synthesise(stack: str, *, project_dir: Path = REPOSITORY_ROOT) -> dict[str, Any]:
    """Returns the stack's resources and exports as plain JSON.

    Args:
        stack: Name of the stack.
        project_dir: Directory with Pulumi.yaml and `__main__.py`.

    Returns:
        `{"stack", "resources": [{"urn", "type", "name", "parent", "inputs", "dependencies", "secrets"}],
        "exports"}`, sorted by URN, equal between runs, secret values replaced by a fixed word.
    """
    run = run_synthesis(stack, project_dir=project_dir)
    return {
        "stack": stack,
        "resources": [_describe(registration) for _, registration in sorted(run.registrations.items())],
        "exports": _sorted(wire.redact(run.exports, run.secret_exports)),
    }


def to_json(document: Mapping[str, Any]) -> str:
    """Renders a synthesised document as text that is equal between runs."""
    return json.dumps(document, indent=2, ensure_ascii=False)


def _describe(registration: Registration) -> dict[str, Any]:
    return {
        "urn": registration.urn,
        "type": registration.type,
        "name": registration.name,
        "parent": registration.parent,
        "inputs": _sorted(wire.redact(registration.inputs, registration.secrets)),
        "dependencies": list(registration.dependencies),
        "secrets": list(registration.secrets),
    }


def _sorted(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(item) for item in value] if isinstance(value, list) else value


if __name__ == "__main__":
    sys.stdout.write(to_json(synthesise(sys.argv[1] if len(sys.argv) > 1 else "dev")) + "\n")
