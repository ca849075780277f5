"""Every variable that a component sets is read by its service, and the other way round."""

import importlib
import re
from dataclasses import fields
from typing import Any, get_args

import pytest
from pydantic import SecretStr

import keymaker.settings
import metadata_api.settings
import orchestration.settings
import upkeep.settings
import webhooks.settings
from local.program import ProgramRun
from processor.start import PLAIN
from processor.task.settings import WORKFLOW_VARIABLES, Settings
from tests.handlers import HANDLERS
from tests.synthesised import container, one, resources, state_machine

CREDENTIAL = re.compile("KEY|SECRET|TOKEN|CREDENTIAL")
FUNCTIONS: dict[str, Any] = {
    "api": metadata_api.settings.ApiSettings,
    "health": metadata_api.settings.HealthSettings,
    "ingest": orchestration.settings.IngestSettings,
    "outcome": orchestration.settings.OutcomeSettings,
    "order": metadata_api.settings.OrderSettings,
    "maintain": upkeep.settings.MaintainSettings,
    "sweep": upkeep.settings.SweepSettings,
    "migrate": upkeep.settings.MigrateSettings,
    "webhooks": webhooks.settings.WebhooksSettings,
    "webhook-sender": webhooks.settings.WebhookSenderSettings,
    "key-maker": keymaker.settings.KeyMakerSettings,
}


def environment(run: ProgramRun, role: str) -> dict[str, str]:
    (found,) = [
        entry
        for entry in resources(run, "function:Function")
        if entry.inputs["name"] == f"video-{role}-{run.settings.stack}"
    ]
    return dict(found.inputs["environment"]["variables"])


@pytest.mark.parametrize("role", FUNCTIONS)
def test_a_function_gets_exactly_the_variables_that_it_reads(run: ProgramRun, role: str) -> None:
    read = {field.name.upper() for field in fields(FUNCTIONS[role])}
    assert set(environment(run, role)) == read


@pytest.mark.parametrize("role", FUNCTIONS)
def test_a_function_accepts_the_values_that_it_gets(run: ProgramRun, role: str) -> None:
    settings = FUNCTIONS[role].from_environment(environment(run, role))
    assert settings.stack == run.settings.stack


def test_every_function_has_settings(run: ProgramRun) -> None:
    assert len(resources(run, "function:Function")) == len(FUNCTIONS)


@pytest.mark.parametrize("handler", HANDLERS.values())
def test_the_handler_that_the_component_names_exists(run: ProgramRun, handler: str) -> None:
    assert handler in {entry.inputs["handler"] for entry in resources(run, "function:Function")}
    module, _, function = handler.rpartition(".")
    assert callable(getattr(importlib.import_module(module), function))


def test_the_task_gets_exactly_the_variables_that_the_processor_reads(run: ProgramRun) -> None:
    found = container(run)
    plain = {item["name"] for item in found["environment"]}
    secret = {item["name"] for item in found["secrets"]}
    assert plain | secret | WORKFLOW_VARIABLES == {name.upper() for name in Settings.model_fields}
    assert not plain & secret


def test_the_workflow_adds_exactly_the_variables_that_are_its_own(run: ProgramRun) -> None:
    states = state_machine(run)["States"]
    chunk = states["EncodeChunks"]["ItemProcessor"]["States"]["EncodeChunk"]
    steps = {}
    for state in (states["ProcessVideo"], chunk, states["AssembleVideo"]):
        (override,) = state["Arguments"]["Overrides"]["ContainerOverrides"]
        assert override["Name"] == container(run)["name"]
        values = {item["Name"]: item["Value"] for item in override["Environment"]}
        assert set(values) == WORKFLOW_VARIABLES
        steps[values["STEP"]] = values["CHUNK"]
    assert set(steps) == set(get_args(Settings.model_fields["step"].annotation))


def test_task_secrets_come_from_the_two_application_secrets(run: ProgramRun) -> None:
    sources = {item["name"]: item["valueFrom"] for item in container(run)["secrets"]}
    assert sources["DATABASE_USERNAME"].endswith(":username::")
    assert sources["DATABASE_PASSWORD"].endswith(":password::")
    assert sources["REDIS_AUTH_TOKEN"].endswith(":auth_token::")
    readable = {source.rsplit(":", 3)[0] for source in sources.values()}
    assert readable == {
        run.created[one(run, name).urn].outputs["arn"]
        for name in ("database-application-secret", "cache-secret")
    }


def test_nothing_secret_stays_in_the_environment_of_a_process_of_the_task(run: ProgramRun) -> None:
    secret = {item["name"] for item in container(run)["secrets"]}
    secret |= {name.upper() for name, field in Settings.model_fields.items() if field.annotation is SecretStr}
    assert {"TASK_TOKEN", "DATABASE_PASSWORD", "REDIS_AUTH_TOKEN"} <= secret
    assert secret & PLAIN == set()
    assert {name for name in PLAIN if name.startswith("AWS_") and CREDENTIAL.search(name)} == set()


def test_the_container_starts_the_processor_package(run: ProgramRun) -> None:
    assert container(run)["command"] == ["python", "-m", "processor.start"]
    assert importlib.import_module("processor.start")
