"""The network: zones, routes, ways to AWS, closed groups."""

from typing import Any

import pytest

from tests.deployed.stack import DeployedStack

pytestmark = pytest.mark.aws_only("the network is modelled, nothing is created for it")

TIERS = ("public", "private", "isolated")


def subnets(stack: DeployedStack, tier: str) -> list[dict[str, Any]]:
    ids = stack.outputs[f"{tier}_subnet_ids"]
    return list(stack.aws("ec2").describe_subnets(SubnetIds=ids)["Subnets"])


def default_routes(stack: DeployedStack, tier: str) -> dict[str, list[dict[str, Any]]]:
    """Routes to everywhere by subnet."""
    client = stack.aws("ec2")
    found = {}
    for subnet_id in stack.outputs[f"{tier}_subnet_ids"]:
        filters = [{"Name": "association.subnet-id", "Values": [subnet_id]}]
        (table,) = client.describe_route_tables(Filters=filters)["RouteTables"]
        routes = [route for route in table["Routes"] if route.get("DestinationCidrBlock") == "0.0.0.0/0"]
        found[subnet_id] = routes
    return found


def test_the_network_resolves_names_and_has_a_private_range(stack: DeployedStack) -> None:
    client, vpc_id = stack.aws("ec2"), stack.outputs["vpc_id"]
    (vpc,) = client.describe_vpcs(VpcIds=[vpc_id])["Vpcs"]
    assert vpc["CidrBlock"].startswith("10.")
    for attribute in ("enableDnsSupport", "enableDnsHostnames"):
        answer = client.describe_vpc_attribute(VpcId=vpc_id, Attribute=attribute)
        assert answer[attribute[0].upper() + attribute[1:]]["Value"] is True


@pytest.mark.parametrize("tier", TIERS)
def test_every_tier_spreads_over_two_zones_of_the_network(stack: DeployedStack, tier: str) -> None:
    found = subnets(stack, tier)
    assert {subnet["VpcId"] for subnet in found} == {stack.outputs["vpc_id"]}
    zones = [subnet["AvailabilityZone"] for subnet in found]
    assert len(zones) >= 2
    assert len(set(zones)) == len(zones)


def test_only_public_subnets_lead_to_the_internet_gateway(stack: DeployedStack) -> None:
    for routes in default_routes(stack, "public").values():
        assert [route["GatewayId"][:4] for route in routes] == ["igw-"]


def test_private_subnets_lead_out_through_nat_gateways_only(stack: DeployedStack) -> None:
    for routes in default_routes(stack, "private").values():
        assert all(route.get("NatGatewayId") for route in routes)


def test_isolated_subnets_lead_nowhere(stack: DeployedStack) -> None:
    assert not [route for routes in default_routes(stack, "isolated").values() for route in routes]


def test_s3_and_dynamodb_are_reached_without_the_internet(stack: DeployedStack) -> None:
    filters = [{"Name": "vpc-id", "Values": [stack.outputs["vpc_id"]]}]
    endpoints = stack.aws("ec2").describe_vpc_endpoints(Filters=filters)["VpcEndpoints"]
    gateways = {
        item["ServiceName"].rpartition(".")[2]: item
        for item in endpoints
        if item["VpcEndpointType"] == "Gateway"
    }
    assert set(gateways) == {"s3", "dynamodb"}
    tables = set(gateways["s3"]["RouteTableIds"])
    client = stack.aws("ec2")
    for subnet_id in stack.outputs["private_subnet_ids"]:
        chosen = [{"Name": "association.subnet-id", "Values": [subnet_id]}]
        (table,) = client.describe_route_tables(Filters=chosen)["RouteTables"]
        assert table["RouteTableId"] in tables


def test_the_default_group_is_closed_and_connections_are_recorded(stack: DeployedStack) -> None:
    client = stack.aws("ec2")
    chosen = [
        {"Name": "vpc-id", "Values": [stack.outputs["vpc_id"]]},
        {"Name": "group-name", "Values": ["default"]},
    ]
    (group,) = client.describe_security_groups(Filters=chosen)["SecurityGroups"]
    assert group["IpPermissions"] == group["IpPermissionsEgress"] == []
    logs = client.describe_flow_logs(Filter=[{"Name": "resource-id", "Values": [stack.outputs["vpc_id"]]}])
    assert [log["FlowLogStatus"] for log in logs["FlowLogs"]] == ["ACTIVE"]


@pytest.mark.parametrize("role", ["rds", "redis", "efs"])
def test_stores_let_in_groups_and_no_addresses(stack: DeployedStack, role: str) -> None:
    group_id = stack.outputs[f"{role}_security_group_id"]
    (group,) = stack.aws("ec2").describe_security_groups(GroupIds=[group_id])["SecurityGroups"]
    assert group["IpPermissions"]
    for permission in group["IpPermissions"]:
        assert permission["UserIdGroupPairs"]
        assert permission["IpRanges"] == permission["Ipv6Ranges"] == []
