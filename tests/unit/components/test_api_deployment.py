"""The API is deployed again whenever anything in it changes, and only what is meant to be open is open."""

import dataclasses
import json

import pytest

from components import routes
from components.gateway_responses import GATEWAY_ANSWERS
from local.program import ProgramRun
from local.synth import run_synthesis
from tests.synthesised import resources, synthesised

PARTS = (":Resource", ":Method", ":Integration", "apigateway/response:Response")


def trigger(run: ProgramRun) -> str:
    (deployment,) = resources(run, ":Deployment")
    return str(deployment.inputs["triggers"]["content"])


def test_the_deployment_waits_for_every_path_method_integration_and_answer(run: ProgramRun) -> None:
    (deployment,) = resources(run, ":Deployment")
    parts = {entry.urn for suffix in PARTS for entry in resources(run, suffix)}
    assert len(parts) > 25
    assert parts <= set(deployment.dependencies)


def test_the_trigger_is_stable_between_runs() -> None:
    assert trigger(run_synthesis("dev")) == trigger(synthesised("dev"))


def test_a_further_open_path_changes_the_trigger(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "OPEN_PATHS", (*routes.OPEN_PATHS, "status"))
    assert trigger(run_synthesis("dev")) != trigger(synthesised("dev"))


def test_another_text_of_a_gateway_answer_changes_the_trigger(monkeypatch: pytest.MonkeyPatch) -> None:
    first, *others = GATEWAY_ANSWERS
    changed = (dataclasses.replace(first, detail="Something else."), *others)
    monkeypatch.setattr(routes, "GATEWAY_ANSWERS", changed)
    assert trigger(run_synthesis("dev")) != trigger(synthesised("dev"))


def test_everything_needs_a_key_except_the_open_paths_and_preflight(run: ProgramRun) -> None:
    paths = full_paths(run)
    methods = {
        (paths[entry.inputs["resourceId"]], entry.inputs["httpMethod"]): entry.inputs["apiKeyRequired"]
        for entry in resources(run, ":Method")
    }
    assert methods.pop(("{proxy+}", "ANY")) is True
    assert all(needs_key is False for needs_key in methods.values())
    open_paths = {"health", "openapi.json", "docs", "playback/{proxy+}"}
    assert {path for path, verb in methods if verb == "GET"} == open_paths
    assert {path for path, verb in methods if verb == "OPTIONS"} == open_paths | {"{proxy+}"}


def full_paths(run: ProgramRun) -> dict[str, str]:
    """Every resource's path by its id."""
    entries = {run.created[entry.urn].id: entry.inputs for entry in resources(run, ":Resource")}

    def path(resource_id: str) -> str:
        inputs = entries[resource_id]
        parent = f"{path(inputs['parentId'])}/" if inputs["parentId"] in entries else ""
        return f"{parent}{inputs['pathPart']}"

    return {resource_id: path(resource_id) for resource_id in entries}


def test_the_plan_limits_rate_burst_and_month(run: ProgramRun) -> None:
    (plan,) = resources(run, ":UsagePlan")
    assert plan.inputs["throttleSettings"] == {"rateLimit": 1000, "burstLimit": 2000}
    assert plan.inputs["quotaSettings"] == {"limit": 1_000_000, "period": "MONTH"}


def test_the_gateway_speaks_the_problem_format(run: ProgramRun) -> None:
    answers = {entry.inputs["responseType"]: entry.inputs for entry in resources(run, "response:Response")}
    assert answers["INVALID_API_KEY"]["statusCode"] == "403"
    assert answers["THROTTLED"]["responseParameters"]["gatewayresponse.header.Retry-After"] == "'1'"
    for inputs in answers.values():
        headers = inputs["responseParameters"]
        assert headers["gatewayresponse.header.Content-Type"] == "'application/problem+json'"
        body = json.loads(inputs["responseTemplates"]["application/json"])
        assert set(body) == {"type", "title", "status", "code", "detail", "request_id"}
        assert str(body["status"]) == inputs["statusCode"]
        assert body["request_id"] == "$context.requestId"


def test_the_function_gives_up_before_the_gateway_does(run: ProgramRun) -> None:
    (function,) = [
        entry for entry in resources(run, "function:Function") if entry.name.startswith("api-metadata")
    ]
    limits = {entry.inputs["timeoutMilliseconds"] for entry in resources(run, ":Integration")}
    assert limits == {29_000}
    assert function.inputs["timeout"] * 1000 < 29_000
