"""The repository's own program under synthesis: nothing unknown, nothing that local mode cannot create."""

import functools

import pytest

import local.apply  # noqa: F401 - registers every handler
from local import wire
from local.apply.registry import supported_types
from local.monitor import PROVIDER_TYPE_PREFIX
from local.program import ProgramRun
from local.synth import run_synthesis, synthesise, to_json


@functools.cache
def run_of(stack: str) -> ProgramRun:
    return run_synthesis(stack)


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_local_mode_can_create_every_resource_of_the_stack(stack: str) -> None:
    types = {item.type for item in run_of(stack).registrations.values() if item.custom or item.remote}

    unsupported = {type_ for type_ in types - supported_types() if not type_.startswith(PROVIDER_TYPE_PREFIX)}

    assert unsupported == set()


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_no_input_and_no_export_of_the_stack_stays_unknown(stack: str) -> None:
    run = run_of(stack)
    urns = [urn for urn, item in run.registrations.items() if wire.UNKNOWN in to_json(dict(item.inputs))]

    assert urns == []
    assert wire.UNKNOWN not in to_json(dict(run.exports))


def test_no_generated_secret_appears_in_the_printed_document() -> None:
    run = run_of("dev")
    generated = [
        str(created.outputs[name]) for created in run.created.values() for name in created.secret_outputs
    ]

    text = to_json(synthesise("dev"))

    assert generated
    assert [value for value in generated if value in text] == []
