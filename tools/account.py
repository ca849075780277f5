"""What can be asked about an account before a stack is built in it: plan, roles, quotas, what a region has.

What stops a deployment is MISSING. What only makes it wait, and what could not be asked, is a NOTE.
"""

import functools
from collections.abc import Callable, Iterator
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from components.stack_config import StackConfig
from tools.account_needs import (
    UNRESERVED_RUNS,
    QuotaNeed,
    public_addresses,
    quota_needs,
    reserved_runs,
)
from tools.check import Check

Clients = Callable[[str], Any]
"""Gives the client of a service."""

# The roles that RDS, ElastiCache and ECS make for themselves with their first resource, and then use before
# IAM shows them everywhere: https://github.com/aws/containers-roadmap/issues/2614
_LINKED_ROLES = {
    "AWSServiceRoleForECS": "ecs.amazonaws.com",
    "AWSServiceRoleForElastiCache": "elasticache.amazonaws.com",
    "AWSServiceRoleForRDS": "rds.amazonaws.com",
}
_QUOTA_REMEDY = (
    "aws service-quotas request-service-quota-increase --service-code {service} --quota-code {code} "
    "--desired-value {value}"
)
_NETWORK_QUOTAS = (("VPCs", "vpc", "L-F678F1CE"), ("Elastic IP addresses", "ec2", "L-0263D0A3"))
_ASKING = Config(connect_timeout=5, read_timeout=15, retries={"total_max_attempts": 2})


def clients_in(region: str) -> Clients:
    """Give clients with the credentials of the surroundings; the account's plan is asked where it is kept."""
    session = boto3.Session(region_name=region)

    def client(service: str) -> Any:
        elsewhere = {"region_name": "us-east-1"} if service == "freetier" else {}
        return session.client(service, config=_ASKING, **elsewhere)  # type: ignore[call-overload]

    return client


def account_checks(config: StackConfig, project: str, stack: str, clients: Clients) -> list[Check]:
    """Ask all that can be asked.

    Args:
        config: configuration of the stack.
        project: name of the Pulumi project, which all resources carry as a tag.
        stack: name of the stack.
        clients: gives the client of a service.
    """
    questions: list[tuple[str, Callable[[], Iterator[Check]]]] = [
        ("plan", lambda: _plan(clients)),
        ("roles", lambda: _linked_roles(clients)),
        ("functions", lambda: _functions(config, clients)),
        ("network", lambda: _network(config, project, stack, clients)),
        *(("quota", functools.partial(_quota, need, clients)) for need in quota_needs(config)),
        ("gateway role", lambda: _gateway_role(config, clients)),
        ("database", lambda: _database(config, clients)),
        ("zones", lambda: _zones(config, clients)),
    ]
    return [check for name, ask in questions for check in _answered(name, ask)]


def _answered(name: str, ask: Callable[[], Iterator[Check]]) -> list[Check]:
    try:
        return list(ask())
    except (BotoCoreError, ClientError) as error:
        advice = "allow it, or look yourself: docs/deployment.md, What an account needs"
        return [Check(name=name, found=f"could not be asked: {error}", advice=advice)]


def _plan(clients: Clients) -> Iterator[Check]:
    freetier = clients("freetier")
    try:
        plan = freetier.get_account_plan_state()["accountPlanType"]
    except freetier.exceptions.ResourceNotFoundException:
        # Accounts from before July 2025 have no plan, and are charged for what they use.
        plan = "PAID"
    remedy = (
        "aws freetier upgrade-account-plan --account-plan-type PAID; with the free plan, RDS refuses backups "
        "and sizes when the network is built already"
    )
    yield Check(name="plan", found=plan, remedy=remedy if plan == "FREE" else None)


def _linked_roles(clients: Clients) -> Iterator[Check]:
    iam = clients("iam")
    lacking = []
    for role in _LINKED_ROLES:
        try:
            iam.get_role(RoleName=role)
        except iam.exceptions.NoSuchEntityException:
            lacking.append(role)
    commands = "; ".join(
        f"aws iam create-service-linked-role --aws-service-name {_LINKED_ROLES[role]}" for role in lacking
    )
    found = f"{', '.join(lacking)} missing" if lacking else "service-linked roles are there"
    yield Check(name="roles", found=found, remedy=f"{commands}; wait a minute" if lacking else None)


def _functions(config: StackConfig, clients: Clients) -> Iterator[Check]:
    limit = int(clients("lambda").get_account_settings()["AccountLimit"]["ConcurrentExecutions"])
    reserved = reserved_runs(config)
    needed = reserved + UNRESERVED_RUNS
    found = f"{limit} concurrent runs in the account, of which the stack reserves {reserved}"
    more = _QUOTA_REMEDY.format(service="lambda", code="L-B99A9384", value=max(needed, 1000))
    short = limit < needed
    yield Check(
        name="functions",
        found=found,
        remedy=f"{more}, or reserve less: api_reserved_concurrency, background_reserved_concurrency"
        if short and reserved
        else None,
        advice=f"calls will be throttled under load: {more}" if short and not reserved else None,
    )


def _quota_value(service: str, code: str, clients: Clients) -> int:
    answer = clients("service-quotas").get_service_quota(ServiceCode=service, QuotaCode=code)
    return int(answer["Quota"]["Value"])


def _quota(need: QuotaNeed, clients: Clients) -> Iterator[Check]:
    value = _quota_value(need.service, need.code, clients)
    remedy = _QUOTA_REMEDY.format(service=need.service, code=need.code, value=need.wanted)
    yield Check(
        name="quota",
        found=f"{need.name}: {value} of {need.wanted} wanted: {need.reckoned}",
        remedy=f"at least {need.least}: {remedy}" if value < need.least else None,
        advice=f"what does not fit has to wait: {remedy}" if need.least <= value < need.wanted else None,
    )


def _network(config: StackConfig, project: str, stack: str, clients: Clients) -> Iterator[Check]:
    ec2 = clients("ec2")
    networks = ec2.describe_vpcs()["Vpcs"]
    tags = [{tag["Key"]: tag["Value"] for tag in network.get("Tags", [])} for network in networks]
    if any(own.get("project") == project and own.get("stack") == stack for own in tags):
        yield Check(name="network", found="the stack has its network already")
        return
    taken = (len(networks), len(ec2.describe_addresses()["Addresses"]))
    for (name, service, code), used, more in zip(
        _NETWORK_QUOTAS, taken, (1, public_addresses(config)), strict=True
    ):
        value = _quota_value(service, code, clients)
        remedy = _QUOTA_REMEDY.format(service=service, code=code, value=used + more)
        yield Check(
            name="network",
            found=f"{name}: {used} of {value} in use, {more} more wanted",
            remedy=remedy if used + more > value else None,
        )


def _gateway_role(config: StackConfig, clients: Clients) -> Iterator[Check]:
    role = clients("apigateway").get_account().get("cloudwatchRoleArn", "")
    manages = config.manage_api_gateway_account
    remedy = advice = None
    if not manages and not role:
        remedy = "pulumi config set manage_api_gateway_account true, in one stack of the account and region"
    if manages and role and "gateway-role" not in role:
        advice = (
            "the stack would put its own in its place: set manage_api_gateway_account to false to keep it"
        )
    yield Check(name="gateway role", found=role or "none in this region yet", remedy=remedy, advice=advice)


def _database(config: StackConfig, clients: Clients) -> Iterator[Check]:
    wanted = config.database.database_instance_class
    pages = clients("rds").get_paginator("describe_orderable_db_instance_options")
    version = config.database.database_engine_version
    offered = any(
        option["MultiAZCapable"] and f"{option['EngineVersion']}.".startswith(f"{version}.")
        for page in pages.paginate(Engine="postgres", DBInstanceClass=wanted, Vpc=True)
        for option in page["OrderableDBInstanceOptions"]
    )
    found = f"PostgreSQL {version} on {wanted} in two zones"
    remedy = "choose another database_instance_class or database_engine_version: the region has none"
    yield Check(name="database", found=found, remedy=None if offered else remedy)


def _zones(config: StackConfig, clients: Clients) -> Iterator[Check]:
    answer = clients("ec2").describe_availability_zones(
        Filters=[{"Name": "zone-type", "Values": ["availability-zone"]}]
    )
    zones = [zone["ZoneName"] for zone in answer["AvailabilityZones"] if zone["State"] == "available"]
    enough = len(zones) >= config.network.availability_zones
    yield Check(
        name="zones",
        found=", ".join(zones) or "none",
        remedy=None if enough else f"availability_zones must be at most {len(zones)}",
    )
