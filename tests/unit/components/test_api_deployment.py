"""The API is deployed again whenever anything in it changes, and only what is meant to be open is open."""

import dataclasses
import json

import pytest

from components import routes
from components.gateway_responses import GATEWAY_ANSWERS
from local.program import ProgramRun
from local.synth import run_synthesis
from tests.synthesised import one, resources, synthesised

PARTS = (
    ":Resource",
    ":Method",
    ":Integration",
    ":MethodResponse",
    ":IntegrationResponse",
    "apigateway/response:Response",
)
# Open, and answered by the function that all keys share: pages about the API, and playlists under a token.
OPEN_AND_SHARED = {"openapi.json", "docs", "playback/{proxy+}"}


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
    open_paths = {"health"} | OPEN_AND_SHARED
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


def test_health_and_preflights_take_no_run_of_the_function_that_keys_share(run: ProgramRun) -> None:
    paths = full_paths(run)
    shared = run.created[one(run, "api-metadata-function").urn].outputs["invokeArn"]
    without_a_key = {
        (entry.inputs["resourceId"], entry.inputs["httpMethod"])
        for entry in resources(run, ":Method")
        if not entry.inputs["apiKeyRequired"]
    }
    takers = {
        (paths[entry.inputs["resourceId"]], entry.inputs["httpMethod"])
        for entry in resources(run, ":Integration")
        if (entry.inputs["resourceId"], entry.inputs["httpMethod"]) in without_a_key
        and entry.inputs.get("uri") == shared
    }
    assert takers == {(path, "GET") for path in OPEN_AND_SHARED}


def test_health_has_a_function_of_its_own_that_nobody_can_call_often(run: ProgramRun) -> None:
    paths = full_paths(run)
    (asked,) = [
        entry.inputs
        for entry in resources(run, ":Integration")
        if paths[entry.inputs["resourceId"]] == "health" and entry.inputs["httpMethod"] == "GET"
    ]
    assert asked["uri"] == run.created[one(run, "api-health-function").urn].outputs["invokeArn"]
    assert one(run, "api-routes-health-permission").inputs["sourceArn"].endswith("/*/GET/health")
    limits = one(run, "api-health-settings").inputs
    assert limits["methodPath"] == "health/GET"
    assert limits["settings"]["throttlingRateLimit"] <= 10
    assert limits["settings"]["throttlingBurstLimit"] <= 10


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
    limits = {
        entry.inputs["timeoutMilliseconds"]
        for entry in resources(run, ":Integration")
        if entry.inputs["type"] == "AWS_PROXY"
    }
    assert limits == {29_000}
    assert function.inputs["timeout"] * 1000 < 29_000
