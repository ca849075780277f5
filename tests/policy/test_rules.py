"""The table of policy rules over both stacks, and a negative fixture for each rule."""

from collections import Counter

import pytest

from tests.policy import rules_access, rules_data, rules_gateway, rules_services, rules_storage
from tests.policy.rules import Rule
from tests.policy.stack import Stack, stack_of
from tests.policy.waivers import Finding, load_waivers, unused, unwaived
from tests.synthesised import STACKS

RULES: tuple[Rule, ...] = (
    *rules_data.RULES,
    *rules_storage.RULES,
    *rules_services.RULES,
    *rules_gateway.RULES,
    *rules_access.RULES,
)

NEEDS_NO_RULE = {
    "aws:apigateway/account:Account": "names the logging role only; the role has its own rules",
    "aws:apigateway/apiKey:ApiKey": "its use is ruled by the methods and the plan",
    "aws:apigateway/deployment:Deployment": "its triggers are tested in tests/unit/components",
    "aws:apigateway/integration:Integration": "tests/unit/components say which function it leads to",
    "aws:apigateway/integrationResponse:IntegrationResponse": "tests/contract/test_preflight.py has it",
    "aws:apigateway/methodResponse:MethodResponse": "declares headers",
    "aws:apigateway/resource:Resource": "a path without settings",
    "aws:apigateway/response:Response": "a text",
    "aws:apigateway/restApi:RestApi": "its stage and methods have the rules",
    "aws:apigateway/usagePlanKey:UsagePlanKey": "joins a key and a plan",
    "aws:cloudwatch/eventRule:EventRule": "the targets' policies have the rules",
    "aws:cloudwatch/eventTarget:EventTarget": "the targets' policies have the rules",
    "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders": "chooses between kinds of Fargate",
    "aws:ec2/securityGroup:SecurityGroup": "empty by itself; its rules are resources of their own",
    "aws:elasticache/parameterGroup:ParameterGroup": "an eviction policy",
    "aws:elasticache/subnetGroup:SubnetGroup": "names subnets",
    "aws:kms/alias:Alias": "a name",
    "aws:lambda/eventSourceMapping:EventSourceMapping": "the queue and the role have the rules",
    "aws:lambda/functionRecursionConfig:FunctionRecursionConfig": "tests/policy/test_loops.py has the rule",
    "aws:lambda/invocation:Invocation": "runs the migrations",
    "aws:rds/proxyDefaultTargetGroup:ProxyDefaultTargetGroup": "pool sizes",
    "aws:rds/proxyTarget:ProxyTarget": "joins the proxy and the database",
    "aws:rds/subnetGroup:SubnetGroup": "names subnets",
    "aws:secretsmanager/secretVersion:SecretVersion": "secret marking is tested in tests/unit/components",
    "aws:sns/topicSubscription:TopicSubscription": "an address from the configuration",
    "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy": "narrows what SQS allows by default",
    "awsx:ecr:Image": "built from the repository, which has the rules",
    "random:index/randomPassword:RandomPassword": "secret marking is tested in tests/unit/components",
}


def findings(stack: Stack) -> list[Finding]:
    return [
        Finding("rules", rule.id, stack.name, resource.label, f"not true: {rule.says}")
        for rule in RULES
        for resource in rule.findings(stack)
    ]


def test_every_finding_has_a_waiver(stack: Stack) -> None:
    assert unwaived(findings(stack), load_waivers()) == []


def test_every_waiver_is_needed() -> None:
    found = [finding for name in STACKS for finding in findings(stack_of(name))]
    assert unused(found, load_waivers(), "rules") == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_is_about_something(rule: Rule) -> None:
    assert any(rule.about(stack_of(name)) for name in STACKS)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_fires_on_its_negative_fixture(rule: Rule, stack: Stack) -> None:
    if not rule.about(stack):
        pytest.skip(f"{stack.name} has none of these")
    broken = stack.changed(rule.defect.type, rule.defect.change)
    expected = rule.about(broken) if rule.type == rule.defect.type else rule.about(stack)
    assert [entry.label for entry in rule.findings(broken)] == [entry.label for entry in expected]
    assert expected


def test_ids_name_one_rule_each() -> None:
    assert [name for name, count in Counter(rule.id for rule in RULES).items() if count > 1] == []


def test_every_type_has_a_rule_or_a_reason_to_need_none(stack: Stack) -> None:
    ruled = {rule.type for rule in RULES} | {rule.defect.type for rule in RULES}
    present = {resource.type for resource in stack.resources}
    assert sorted(present - ruled - set(NEEDS_NO_RULE)) == []


def test_no_rule_refers_to_a_type_that_is_listed_as_needing_none() -> None:
    assert not {rule.type for rule in RULES} & set(NEEDS_NO_RULE)
