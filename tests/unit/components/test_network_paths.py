"""Who reaches whom in the network, and what may pass its endpoints."""

from pathlib import Path

from components.choices import ENDPOINT_SERVICES
from components.endpoint_policies import ENDPOINT_ACTIONS
from local.program import ProgramRun
from tests.synthesised import PolicyStatement, resources, statements, synthesised_with

TASK_PEERS = {"rds", "redis", "efs", "s3", "endpoints"}


def ways(run: ProgramRun) -> set[str]:
    return {rule.name.removeprefix("network-") for rule in resources(run, ":SecurityGroupEgressRule")}


def peers(run: ProgramRun, client: str) -> set[str]:
    return {way.partition("-to-")[2] for way in ways(run) if way.startswith(f"{client}-to-")}


def endpoint_statements(run: ProgramRun) -> list[PolicyStatement]:
    return [entry for entry in statements(run) if entry.limits_an_endpoint]


def test_a_task_reaches_its_five_peers_and_nothing_else(prod: ProgramRun) -> None:
    assert peers(prod, "ecs") == TASK_PEERS


def test_every_way_out_is_an_open_way_in_at_the_peer(run: ProgramRun) -> None:
    inward = {rule.name.removeprefix("network-") for rule in resources(run, ":SecurityGroupIngressRule")}
    between_groups = {way for way in ways(run) if way.partition("-to-")[2] not in {"s3", "aws"}}
    assert {"{2}-from-{0}".format(*way.partition("-to-")) for way in between_groups} == inward


def test_functions_reach_the_database_only_through_the_proxy_when_there_is_one(prod: ProgramRun) -> None:
    assert peers(prod, "lambda") == {"proxy", "redis", "efs", "s3", "endpoints"}
    assert peers(prod, "proxy") == {"rds"}
    assert peers(prod, "migrate") == {"rds", "endpoints"}


def test_functions_reach_the_database_itself_without_a_proxy(dev: ProgramRun) -> None:
    assert peers(dev, "lambda") == {"rds", "redis", "efs", "s3", "aws"}
    assert not peers(dev, "proxy")


def test_a_group_without_any_rule_does_not_exist(run: ProgramRun) -> None:
    groups = {entry.name.removeprefix("network-") for entry in resources(run, "securityGroup:SecurityGroup")}
    named = {end for way in ways(run) for end in (way.partition("-to-")[0], way.partition("-to-")[2])}
    assert groups == named - {"s3", "aws"}


def test_every_endpoint_has_a_policy(run: ProgramRun) -> None:
    endpoints = {entry.name for entry in resources(run, ":VpcEndpoint")}
    assert {"network-s3-endpoint", "network-dynamodb-endpoint"} <= endpoints
    assert {entry.owner for entry in endpoint_statements(run)} == endpoints


def test_only_this_account_passes_an_endpoint_except_to_pull_image_layers(run: ProgramRun) -> None:
    account = run.exports["state_machine_arn"].split(":")[4]
    for entry in endpoint_statements(run):
        if entry.body["Sid"] == "PullImageLayers":
            assert entry.actions == ["s3:GetObject"]
            assert entry.targets == ["arn:aws:s3:::prod-ap-northeast-1-starport-layer-bucket/*"]
        else:
            conditions = entry.body["Condition"]
            assert conditions["StringEquals"] == {"aws:PrincipalAccount": account}, entry.owner
            limited = conditions.get("StringEqualsIfExists") == {"aws:ResourceAccount": account}
            assert limited != ("-ecr-" in entry.owner), entry.owner


def test_an_endpoint_lets_pass_what_the_roles_in_the_network_may_do(run: ProgramRun) -> None:
    """A call that a role allows and an endpoint refuses would fail only in prod."""
    inside = {"task-task-policy", "task-execution-policy"} | {
        entry.owner for entry in statements(run) if entry.body["Sid"] == "AttachToNetwork"
    }
    passed = {action for entry in endpoint_statements(run) for action in entry.actions}
    # Receiving from a queue, sending traces and making interfaces are the Lambda service's own doing, EFS has
    # its mount targets.
    elsewhere = ("xray:", "ec2:", "sqs:", "elasticfilesystem:", "dynamodb:")
    reached = {"s3"} | {
        entry.owner.removeprefix("network-").removesuffix("-endpoint").split("-")[0]
        for entry in endpoint_statements(run)
    }
    for entry in statements(run):
        if entry.allows and entry.owner in inside:
            needed = {action for action in entry.actions if not action.startswith(elsewhere)}
            needed = {action for action in needed if action.split(":")[0] in reached}
            assert needed <= passed, f"{entry.owner} {entry.body['Sid']}"


def test_every_endpoint_that_may_be_configured_has_its_actions() -> None:
    assert set(ENDPOINT_ACTIONS) == {*ENDPOINT_SERVICES, "s3", "dynamodb"}


def test_a_task_that_may_reach_any_address_is_found(tmp_path: Path) -> None:
    """Negative fixture: without endpoints prod would break the rule above."""
    run = synthesised_with("prod", tmp_path, interface_endpoints=[])
    assert peers(run, "ecs") != TASK_PEERS
    assert "ecs-to-aws" in ways(run)
