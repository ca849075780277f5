"""Web origins: those of the configuration and no other, in the buckets, the function and the gateway."""

from pathlib import Path

import pytest

from local.program import ProgramRun
from tests.synthesised import one, resources, synthesised_with

ORIGIN = "https://video.example.com"
ALLOW = "gatewayresponse.header.Access-Control-Allow-Origin"


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> ProgramRun:
    return synthesised_with("dev", tmp_path_factory.mktemp("project"), cors_origins=[ORIGIN])


def test_without_origins_no_browser_is_let_in(run: ProgramRun) -> None:
    assert resources(run, ":BucketCorsConfiguration") == []
    assert one(run, "api-metadata-function").inputs["environment"]["variables"]["CORS_ORIGINS"] == ""
    assert not [entry for entry in resources(run, ":Response") if ALLOW in entry.inputs["responseParameters"]]


def test_a_configured_origin_may_upload_and_play_and_nobody_else(opened: ProgramRun) -> None:
    configured = {entry.name: entry for entry in resources(opened, ":BucketCorsConfiguration")}
    assert set(configured) == {"storage-ingest-cors", "storage-media-cors"}
    for entry in configured.values():
        (rule,) = entry.inputs["corsRules"]
        assert rule["allowedOrigins"] == [ORIGIN]
        assert {"GET", "PUT"} <= set(rule["allowedMethods"])
        assert "*" not in rule["allowedHeaders"]


def test_a_configured_origin_reaches_the_function_and_the_gateways_own_answers(opened: ProgramRun) -> None:
    assert one(opened, "api-metadata-function").inputs["environment"]["variables"]["CORS_ORIGINS"] == ORIGIN
    answers = resources(opened, ":Response")
    assert answers
    assert {entry.inputs["responseParameters"][ALLOW] for entry in answers} == {f"'{ORIGIN}'"}


def test_the_gateway_names_no_origin_when_it_cannot_choose(tmp_path: Path) -> None:
    run = synthesised_with("dev", tmp_path, cors_origins=[ORIGIN, "https://other.example.com"])
    assert not [entry for entry in resources(run, ":Response") if ALLOW in entry.inputs["responseParameters"]]
