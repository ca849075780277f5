"""The firewall before the API and the domain that leads to it."""

import json
from pathlib import Path
from typing import Any

import pytest

from components.api_domain import ApiDomainArgs
from components.edge_settings import ApiDomainSettings
from components.naming import Names
from components.tags import Tags
from local.program import ProgramRun
from tests.synthesised import one, resources, synthesised_with

CERTIFICATE = "arn:aws:acm:ap-northeast-1:123456789012:certificate/0123-abcd"


def rules(run: ProgramRun) -> dict[str, dict[str, Any]]:
    (acl,) = resources(run, "wafv2/webAcl:WebAcl")
    return {rule["name"]: rule for rule in acl.inputs["rules"]}


def managed(run: ProgramRun) -> dict[str, dict[str, Any]]:
    return {
        name: rule["statement"]["managedRuleGroupStatement"]
        for name, rule in rules(run).items()
        if "managedRuleGroupStatement" in rule["statement"]
    }


def test_the_firewall_stands_before_the_stage_of_the_api(prod: ProgramRun) -> None:
    association = one(prod, "web-firewall-association").inputs
    assert association["resourceArn"] == prod.created[one(prod, "api-stage").urn].outputs["arn"]
    assert association["webAclArn"] == prod.created[one(prod, "web-firewall-acl").urn].outputs["arn"]


def test_a_stack_may_do_without_a_firewall(dev: ProgramRun) -> None:
    assert not resources(dev, "wafv2/webAcl:WebAcl")


def test_the_common_rules_are_asked_in_an_order_without_ties(prod: ProgramRun) -> None:
    assert set(managed(prod)) == {
        "AWSManagedRulesAmazonIpReputationList",
        "AWSManagedRulesKnownBadInputsRuleSet",
        "AWSManagedRulesCommonRuleSet",
    }
    priorities = [rule["priority"] for rule in rules(prod).values()]
    assert len(priorities) == len(set(priorities))


def test_only_rules_of_the_core_set_are_softened_and_they_count(prod: ProgramRun) -> None:
    softened = {
        name: [override["actionToUse"] for override in group.get("ruleActionOverrides", [])]
        for name, group in managed(prod).items()
    }
    assert all(action == {"count": {}} for action in softened.pop("AWSManagedRulesCommonRuleSet"))
    assert not any(softened.values())
    for name in managed(prod):
        assert rules(prod)[name]["overrideAction"] == {"none": {}}, name


def test_an_address_that_asks_too_often_gets_a_problem_with_a_waiting_time(prod: ProgramRun) -> None:
    rule = rules(prod)["limit-per-address"]
    assert rule["statement"]["rateBasedStatement"]["limit"] == 302000
    assert rule["statement"]["rateBasedStatement"]["evaluationWindowSec"] == 300
    refusal = rule["action"]["block"]["customResponse"]
    assert refusal["responseCode"] == 429
    assert refusal["responseHeaders"] == [{"name": "Retry-After", "value": "300"}]
    (body,) = one(prod, "web-firewall-acl").inputs["customResponseBodies"]
    assert body["key"] == refusal["customResponseBodyKey"]
    assert json.loads(body["content"])["status"] == 429


def test_the_firewall_logs_without_keys_and_tokens(prod: ProgramRun) -> None:
    logging = one(prod, "web-firewall-logging").inputs
    group = one(prod, "web-firewall-logs")
    assert group.inputs["name"].startswith("aws-waf-logs-")
    assert logging["logDestinationConfigs"] == [prod.created[group.urn].outputs["arn"]]
    redacted = logging["redactedFields"]
    headers = {field["singleHeader"]["name"] for field in redacted if "singleHeader" in field}
    assert headers == {"x-api-key", "authorization", "cookie"}
    assert {"queryString": {}} in redacted


def test_the_firewall_keeps_no_samples_of_requests(prod: ProgramRun) -> None:
    acl = one(prod, "web-firewall-acl").inputs
    watched = [acl["visibilityConfig"], *(rule["visibilityConfig"] for rule in acl["rules"])]
    assert all(config["sampledRequestsEnabled"] is False for config in watched)
    assert all(config["cloudwatchMetricsEnabled"] is True for config in watched)


def test_the_configured_limit_reaches_the_firewall(tmp_path: Path) -> None:
    run = synthesised_with("dev", tmp_path, web_firewall=True, web_firewall_address_limit=400_000)
    assert rules(run)["limit-per-address"]["statement"]["rateBasedStatement"]["limit"] == 400_000


def test_a_domain_leads_to_the_stage_over_tls_1_2(tmp_path: Path) -> None:
    run = synthesised_with(
        "prod", tmp_path, api_domain_name="api.example.com", api_certificate_arn=CERTIFICATE
    )
    name = one(run, "api-domain-name").inputs
    assert name["domainName"] == "api.example.com"
    assert name["regionalCertificateArn"] == CERTIFICATE
    assert name["securityPolicy"] == "TLS_1_2"
    assert name["endpointConfiguration"] == {"types": "REGIONAL"}
    mapping = one(run, "api-domain-mapping").inputs
    assert mapping["restApi"] == run.created[one(run, "api-rest").urn].id
    assert mapping["stageName"] == "v1"
    assert "basePath" not in mapping, "the function would find it in front of every path"
    assert run.exports["api_domain_url"] == "https://api.example.com"
    assert run.exports["api_domain_target"].endswith(".execute-api.ap-northeast-1.amazonaws.com")


def test_without_a_domain_there_is_none(run: ProgramRun) -> None:
    assert not resources(run, ":DomainName")
    assert "api_domain_url" not in run.exports


def test_a_certificate_of_another_region_is_refused_with_the_remedy() -> None:
    with pytest.raises(ValueError, match=r"is in us-east-1, .* needs one in ap-northeast-1; request it"):
        ApiDomainArgs(
            names=Names(stack="dev", region="ap-northeast-1", account_id="123456789012"),
            tags=Tags(project="video-platform", stack="dev", owner="media-team"),
            settings=ApiDomainSettings(
                api_domain_name="api.example.com",
                api_certificate_arn=CERTIFICATE.replace("ap-northeast-1", "us-east-1"),
            ),
            rest_api_id="api",
            stage_name="v1",
        )
