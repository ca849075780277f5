"""What `make preview` asks about an account, against stubs that know the shapes of AWS's own answers."""

import dataclasses
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from components.stack_config import StackConfig
from local.paths import REPOSITORY_ROOT
from local.stack_config import load_stack_settings
from tools.account import account_checks
from tools.check import Check

Ask = Callable[..., list[Check]]
SERVICES = ("freetier", "iam", "lambda", "ec2", "service-quotas", "apigateway", "rds")
ROLES = ("AWSServiceRoleForECS", "AWSServiceRoleForElastiCache", "AWSServiceRoleForRDS")
QUOTAS = {"L-F678F1CE": 5.0, "L-0263D0A3": 5.0, "L-3032A538": 500.0, "L-8A5B8E43": 10000.0}
ZONES = ("ap-northeast-1a", "ap-northeast-1c", "ap-northeast-1d")


@dataclasses.dataclass
class Account:
    """An account in which a stack can be built at once; tests take something away."""

    plan: str | None = "PAID"
    roles: tuple[str, ...] = ROLES
    runs: int = 1000
    quotas: dict[str, float] = dataclasses.field(default_factory=lambda: dict(QUOTAS))
    networks: list[dict[str, str]] = dataclasses.field(default_factory=lambda: [{}])
    addresses: int = 0
    gateway_role: str = ""
    versions: tuple[str, ...] = ("16.4", "16.10")
    zones: tuple[str, ...] = ZONES
    denied: str = ""


@pytest.fixture(scope="module")
def clients() -> dict[str, Any]:
    session = boto3.Session("key", "secret", region_name="ap-northeast-1")
    return {service: session.client(service) for service in SERVICES}  # type: ignore[call-overload]


@pytest.fixture
def ask(clients: dict[str, Any]) -> Ask:
    def answer(account: Account, stack: str = "dev", **changes: Any) -> list[Check]:
        config = load_stack_settings(REPOSITORY_ROOT, stack).parsed()
        config = dataclasses.replace(config, **changes)
        with ExitStack() as entered:
            stubs = {name: entered.enter_context(Stubber(client)) for name, client in clients.items()}
            prepare(account, stubs, config)
            return account_checks(config, "video-platform", stack, clients.__getitem__)

    return answer


def prepare(account: Account, stubs: dict[str, Stubber], config: StackConfig) -> None:
    """Queue up the answers in the order of the questions."""
    if account.plan is None:
        stubs["freetier"].add_client_error("get_account_plan_state", "ResourceNotFoundException")
    else:
        plan = {"accountId": "111122223333", "accountPlanType": account.plan, "accountPlanStatus": "ACTIVE"}
        stubs["freetier"].add_response("get_account_plan_state", plan)
    if account.denied == "iam":
        stubs["iam"].add_client_error("get_role", "AccessDenied", "not allowed")
    for role in ROLES:
        if role in account.roles:
            stubs["iam"].add_response("get_role", {"Role": linked(role)}, {"RoleName": role})
        else:
            stubs["iam"].add_client_error("get_role", "NoSuchEntity")
    limits = {"AccountLimit": {"ConcurrentExecutions": account.runs}}
    stubs["lambda"].add_response("get_account_settings", limits)
    prepare_network(account, stubs)
    for code in ("L-3032A538", *(["L-36FBB829"] if config.jobs.fargate_spot else []), "L-8A5B8E43"):
        add_quota(stubs, code, account)
    set_role = {"cloudwatchRoleArn": account.gateway_role} if account.gateway_role else {}
    stubs["apigateway"].add_response("get_account", set_role)
    options = [{"EngineVersion": version, "MultiAZCapable": True} for version in account.versions]
    stubs["rds"].add_response(
        "describe_orderable_db_instance_options", {"OrderableDBInstanceOptions": options}
    )
    zones = [{"ZoneName": zone, "State": "available"} for zone in account.zones]
    stubs["ec2"].add_response("describe_availability_zones", {"AvailabilityZones": zones})


def prepare_network(account: Account, stubs: dict[str, Stubber]) -> None:
    networks = [
        {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]} for tags in account.networks
    ]
    stubs["ec2"].add_response("describe_vpcs", {"Vpcs": networks})
    if any(tags.get("stack") == "dev" for tags in account.networks):
        return
    stubs["ec2"].add_response("describe_addresses", {"Addresses": [{}] * account.addresses})
    for code in ("L-F678F1CE", "L-0263D0A3"):
        add_quota(stubs, code, account)


def add_quota(stubs: dict[str, Stubber], code: str, account: Account) -> None:
    stubs["service-quotas"].add_response("get_service_quota", {"Quota": {"Value": account.quotas[code]}})


def linked(role: str) -> dict[str, Any]:
    return {
        "Path": "/aws-service-role/",
        "RoleName": role,
        "RoleId": "AROA0000000000000",
        "Arn": f"arn:aws:iam::111122223333:role/aws-service-role/{role}",
        "CreateDate": "2026-01-01T00:00:00Z",
    }


def the(checks: list[Check], name: str, words: str = "") -> Check:
    (found,) = [check for check in checks if check.name == name and words in check.found]
    return found


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_an_account_that_has_all_passes(ask: Ask, stack: str) -> None:
    checks = ask(Account(), stack)
    assert [check for check in checks if not check.passed or check.advice] == []
    assert {check.name for check in checks} == {
        "plan",
        "roles",
        "functions",
        "network",
        "quota",
        "gateway role",
        "database",
        "zones",
    }


def test_the_free_plan_is_missing_something_because_rds_refuses_backups_late(ask: Ask) -> None:
    assert "upgrade-account-plan" in str(the(ask(Account(plan="FREE")), "plan").remedy)


def test_an_account_from_before_the_plans_is_a_paid_one(ask: Ask) -> None:
    assert the(ask(Account(plan=None)), "plan").passed


def test_each_missing_service_linked_role_has_its_command(ask: Ask) -> None:
    check = the(ask(Account(roles=("AWSServiceRoleForECS",))), "roles")
    assert check.found == "AWSServiceRoleForElastiCache, AWSServiceRoleForRDS missing"
    assert "--aws-service-name elasticache.amazonaws.com" in str(check.remedy)
    assert "--aws-service-name rds.amazonaws.com" in str(check.remedy)
    assert "ecs.amazonaws.com" not in str(check.remedy)


def test_the_ten_runs_of_a_new_account_are_a_note_without_reserves_and_a_fault_with_them(ask: Ask) -> None:
    dev, prod = the(ask(Account(runs=10)), "functions"), the(ask(Account(runs=319), "prod"), "functions")
    assert dev.passed
    assert "throttled" in str(dev.advice)
    assert "reserves 222" in prod.found
    assert "--desired-value 1000, or reserve less" in str(prod.remedy)
    assert the(ask(Account(runs=322), "prod"), "functions").passed


def test_the_fargate_quota_of_a_new_account_lets_dev_wait_and_is_told_with_the_sum(ask: Ask) -> None:
    check = the(ask(Account(quotas=QUOTAS | {"L-3032A538": 5})), "quota", "Fargate")
    assert check.passed
    assert "5 of 6 wanted: max_running_tasks is 6, of 1 vCPU each" in check.found
    assert "--service-code fargate --quota-code L-3032A538 --desired-value 6" in str(check.advice)


def test_a_quota_below_the_largest_task_is_a_fault(ask: Ask) -> None:
    check = the(ask(Account(quotas=QUOTAS | {"L-3032A538": 3}), "prod"), "quota", "Fargate")
    assert str(check.remedy).startswith("at least 4: ")


def test_spot_has_a_quota_of_its_own(ask: Ask) -> None:
    jobs = dataclasses.replace(load_stack_settings(REPOSITORY_ROOT, "dev").parsed().jobs, fargate_spot=True)
    assert the(ask(Account(quotas=QUOTAS | {"L-36FBB829": 5}), jobs=jobs), "quota", "Spot").advice


def test_a_full_network_quota_is_a_fault_before_the_first_deployment_only(ask: Ask) -> None:
    strangers: list[dict[str, str]] = [{"stack": "other"}] * 5
    checks = ask(Account(networks=strangers, addresses=5))
    assert "--desired-value 6" in str(the(checks, "network", "VPCs").remedy)
    assert "--desired-value 6" in str(the(checks, "network", "Elastic IP").remedy)
    own = [*strangers[1:], {"project": "video-platform", "stack": "dev"}]
    assert the(ask(Account(networks=own, addresses=5)), "network").passed


def test_the_gateways_role_is_neither_taken_from_others_nor_missing(ask: Ask) -> None:
    others = the(ask(Account(gateway_role="arn:aws:iam::111122223333:role/others")), "gateway role")
    assert "set manage_api_gateway_account to false" in str(others.advice)
    own = the(ask(Account(gateway_role="arn:aws:iam::1:role/api-gateway-role-0a1b2c3")), "gateway role")
    assert own.advice is None
    none = the(ask(Account(), manage_api_gateway_account=False), "gateway role")
    assert "manage_api_gateway_account true" in str(none.remedy)


def test_a_database_that_the_region_does_not_offer_is_a_fault(ask: Ask) -> None:
    assert not the(ask(Account(versions=("15.4", "17.1"))), "database").passed


def test_more_zones_than_the_region_has_are_a_fault(ask: Ask) -> None:
    network = load_stack_settings(REPOSITORY_ROOT, "dev").parsed().network
    check = the(
        ask(Account(zones=ZONES[:2]), network=dataclasses.replace(network, availability_zones=3)), "zones"
    )
    assert check.remedy == "availability_zones must be at most 2"


def test_what_may_not_be_asked_is_a_note_and_the_rest_is_asked(ask: Ask) -> None:
    checks = ask(Account(denied="iam"))
    roles = the(checks, "roles")
    assert roles.passed
    assert "could not be asked" in roles.found
    assert "AccessDenied" in roles.found
    assert the(checks, "zones").passed
