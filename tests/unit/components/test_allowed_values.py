"""Every key's smallest and largest value, and every choice, makes a program that can be synthesised.

A value that another key must fit comes with that key's value. Values that do not contradict each other share
a run, so that a few runs hold all of them.
"""

import dataclasses
import functools
import ipaddress
import itertools
import json
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from components.choices import ENDPOINT_SERVICES, TASK_MEMORY_MIB
from components.config import config_keys, parse_config
from components.config_values import ConfigError
from local.paths import REPOSITORY_ROOT
from local.program import ProgramRun
from local.stack_config import load_stack_settings
from tests.synthesised import one, resources, synthesised_with
from tests.unit.components.test_provider_types import PROVIDERS, without_assets
from tests.wheel_schema import problems

Values = dict[str, Any]

CERTIFICATE = "arn:aws:acm:ap-northeast-1:123456789012:certificate/0-a"
EDGE_CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/0a1b"
IMAGE = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/processor:1"
# Texts and lists have no smallest and largest: the shortest and the longest that a stack may say.
TEXTS: Mapping[str, tuple[Any, ...]] = {
    "owner": ("a", "w" * 64),
    "notification_emails": ([], [f"{number}@example.com" for number in range(20)]),
    "notification_sms_numbers": ([], [f"+8131234{number:04}" for number in range(20)]),
    "notification_https_endpoints": ([], [f"https://example.com/{number}" for number in range(20)]),
    "vpc_cidr": ("10.0.0.0/16", "172.16.0.0/17", "192.168.64.0/18"),
    "interface_endpoints": ([], list(ENDPOINT_SERVICES)),
    "database_engine_version": ("16", "16.10"),
    "database_instance_class": ("db.t4g.medium", "db.r7g.16xlarge"),
    "cache_node_type": ("cache.t4g.micro", "cache.r7g.16xlarge"),
    "api_client_keys": ([], [f"client-{number}/key:producer" for number in range(50)]),
    "client_prefixes": ([], [f"folder-{number}/=client-{number}" for number in range(50)]),
    "cors_origins": ([], ["http://a", "https://video.example.com:8443"]),
    "image_uri": ("", IMAGE, "registry.example.com/processor@sha256:0"),
    "webhook_trusted_hosts": ([], ["127.0.0.1"]),
    "api_domain_name": ("", "api.example.com"),
    "api_certificate_arn": ("", CERTIFICATE),
    "delivery_domain_name": ("", "media.example.com"),
    "delivery_certificate_arn": ("", EDGE_CERTIFICATE),
}
LARGE_TASK = {"task_cpu_units": 16384, "task_memory_mib": 32768, "task_memory_max_mib": 32768}
SHORT = {"max_source_hours": 1, "max_upload_bytes": 1024**3}
MANY_WINDOWS = {"chunk_max_concurrency": 500, "max_running_tasks": 5000}
DOMAIN = {"api_domain_name": "api.example.com", "api_certificate_arn": CERTIFICATE}
EDGE_DOMAIN = {
    "delivery_domain_name": "media.example.com",
    "delivery_certificate_arn": EDGE_CERTIFICATE,
    "delivery_minimum_tls": "TLSv1.2_2021",
}
# What another key must be, for a value to be allowed at all.
COMPANIONS: Mapping[tuple[str, Any], Values] = {
    ("nat_strategy", "none"): {"interface_endpoints": list(ENDPOINT_SERVICES)},
    ("database_allocated_storage_gib", 16384): {"database_max_allocated_storage_gib": 65536},
    ("database_max_allocated_storage_gib", 22): {"database_allocated_storage_gib": 20},
    ("database_insights_mode", "advanced"): {"database_insights_retention_days": 731},
    ("delivery_domain_name", "media.example.com"): EDGE_DOMAIN,
    ("delivery_certificate_arn", EDGE_CERTIFICATE): EDGE_DOMAIN,
    ("viewing_most_hours", 1): {"viewing_least_hours": 1},
    ("originals_archive_days", 3650): {"originals_deep_archive_days": 7300},
    ("originals_deep_archive_days", 91): {"originals_archive_days": 1},
    ("task_cpu_architecture", "arm64"): {"image_uri": IMAGE},
    ("task_memory_mib", 122880): {"task_cpu_units": 16384, "task_memory_max_mib": 122880},
    ("task_memory_max_mib", 2048): {"task_memory_mib": 2048},
    ("task_ephemeral_storage_gib", 21): SHORT,
    ("max_upload_bytes", 80 * 1024**3): {"task_ephemeral_storage_gib": 200, "max_source_hours": 1},
    ("max_source_hours", 24): {**LARGE_TASK, **MANY_WINDOWS, "task_ephemeral_storage_gib": 200},
    ("max_running_jobs", 1000): {"max_running_tasks": 5000},
    ("max_running_tasks", 1): {"max_running_jobs": 1, "chunk_max_concurrency": 1, "max_source_hours": 1},
    ("workflow_timeout_seconds", 720): {**LARGE_TASK, **SHORT, **MANY_WINDOWS},
    ("chunk_window_seconds", 2): {"max_source_hours": 1},
    ("chunk_max_concurrency", 500): MANY_WINDOWS,
    ("chunking_mode", "never"): {"max_source_hours": 1},
    ("chunk_max_concurrency", 1): {"max_source_hours": 1},
    ("ingest_concurrency", 1000): {"background_reserved_concurrency": 0},
    ("background_reserved_concurrency", 1000): {"ingest_concurrency": 5},
    ("api_rate_limit_per_second", 5000): {"api_burst_limit": 5000},
    ("api_burst_limit", 1): {"api_rate_limit_per_second": 1},
    ("api_domain_name", "api.example.com"): DOMAIN,
    ("api_certificate_arn", CERTIFICATE): DOMAIN,
    **{
        ("task_cpu_units", cpu): {"task_memory_mib": sizes.start, "task_memory_max_mib": sizes[-1]}
        for cpu, sizes in TASK_MEMORY_MIB.items()
    },
}


def values_of(key: str) -> tuple[Any, ...]:
    """The values of a key that stand for all that are allowed."""
    kind, spec = config_keys()[key]
    if key in TEXTS:
        return TEXTS[key]
    if kind == "boolean":
        return (False, True)
    if spec.choices:
        return spec.choices if len(spec.choices) <= 5 else (spec.choices[0], spec.choices[-1])
    assert kind == "integer", f"say in TEXTS which values stand for {key}"
    return (spec.minimum, spec.maximum)


def accepted(changes: Values) -> bool:
    own = load_dev() | {
        key: value if isinstance(value, str) else json.dumps(value) for key, value in changes.items()
    }
    try:
        parse_config(own)
    except ConfigError:
        return False
    return True


@functools.cache
def load_dev() -> dict[str, str]:
    return load_stack_settings(REPOSITORY_ROOT, "dev").own


def wanted() -> Iterator[Values]:
    for key in config_keys():
        for value in values_of(key):
            companions = COMPANIONS.get((key, value), {}) if not isinstance(value, list) else {}
            yield {**companions, key: value}


@functools.cache
def shared_runs() -> tuple[Values, ...]:
    """Put every value into the first run that it does not contradict."""
    runs: list[Values] = []
    for changes in wanted():
        fitting = next((run for run in runs if fits(run, changes)), None)
        if fitting is None:
            runs.append(dict(changes))
        else:
            fitting.update(changes)
    return tuple(runs)


def fits(run: Values, changes: Values) -> bool:
    agree = all(run.get(key, value) == value for key, value in changes.items())
    return agree and accepted(run | changes)


@pytest.fixture(scope="module")
def run_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], ProgramRun]:
    """The program of a shared run, by its number."""

    @functools.cache
    def synthesise(number: int) -> ProgramRun:
        return synthesised_with("dev", tmp_path_factory.mktemp("project"), **shared_runs()[number])

    return synthesise


# The run with the third zone first, because another test takes it as well.
RUNS = sorted(
    range(len(shared_runs())), key=lambda number: shared_runs()[number].get("availability_zones") != 3
)


@pytest.mark.parametrize("changes", list(wanted()), ids=lambda changes: f"{list(changes)[-1]}")
def test_what_is_said_to_be_allowed_is_accepted(changes: Values) -> None:
    assert accepted(changes), changes


def test_the_runs_hold_every_value_of_every_key_and_are_few() -> None:
    for key in config_keys():
        found = [run[key] for run in shared_runs() if key in run]
        for value in values_of(key):
            assert value in found, f"{key}: {value}"
    assert len(shared_runs()) <= 10


@pytest.mark.long_but(1)
@pytest.mark.parametrize("number", RUNS)
def test_every_value_makes_a_program_that_fits_the_provider(
    number: int, run_of: Callable[[int], ProgramRun]
) -> None:
    checked = [entry for entry in run_of(number).registrations.values() if entry.type.startswith(PROVIDERS)]
    assert len(checked) > 150
    found = [problem for entry in checked for problem in problems(entry.type, without_assets(entry.inputs))]
    assert found == []


def subnets(vpc: Mapping[str, Any]) -> dict[tuple[int, str], ipaddress.IPv4Network]:
    """Lay out the subnets by zone and tier, as awsx does from these inputs.

    The rules are those of `awsx/ec2/subnetDistributorNew.ts` in pulumi/pulumi-awsx: a zone's share is given
    or the network divided by the next power of two; inside of it, each subnet begins at the next multiple of
    its own size.
    """
    network, zones = ipaddress.IPv4Network(vpc["cidrBlock"]), vpc["numberOfAvailabilityZones"]
    mask = vpc.get("availabilityZoneCidrMask") or network.prefixlen + math.ceil(math.log2(zones))
    found = {}
    for zone in range(zones):
        address = int(network.network_address) + zone * 2 ** (32 - mask)
        for spec in vpc["subnetSpecs"]:
            size = 2 ** (32 - spec["cidrMask"])
            address = -(-address // size) * size
            found[zone, spec["type"]] = ipaddress.IPv4Network((address, spec["cidrMask"]))
            address += size
    return found


def test_a_third_zone_adds_subnets_and_moves_none(
    dev: ProgramRun, run_of: Callable[[int], ProgramRun]
) -> None:
    three = one(run_of(RUNS[0]), "network-vpc").inputs
    two = {**one(dev, "network-vpc").inputs, "cidrBlock": three["cidrBlock"]}
    if "availabilityZoneCidrMask" in two:
        networks = [
            ipaddress.IPv4Network(entry["cidrBlock"]) for entry in (one(dev, "network-vpc").inputs, three)
        ]
        two["availabilityZoneCidrMask"] += networks[1].prefixlen - networks[0].prefixlen
    before, after = subnets(two), subnets(three)
    assert len(after) == 9
    assert before.items() <= after.items()
    assert not [pair for pair in itertools.combinations(after.values(), 2) if pair[0].overlaps(pair[1])]
    assert len(resources(run_of(RUNS[0]), ":MountTarget")) == 3


@pytest.mark.parametrize("vpc_cidr", TEXTS["vpc_cidr"])
def test_three_zones_fit_into_every_allowed_network(vpc_cidr: str, dev: ProgramRun) -> None:
    settings = dataclasses.replace(dev.settings.parsed().network, vpc_cidr=vpc_cidr, availability_zones=3)
    shares = list(ipaddress.IPv4Network(vpc_cidr).subnets(new_prefix=settings.zone_mask))
    vpc = {
        **one(dev, "network-vpc").inputs,
        "cidrBlock": vpc_cidr,
        "numberOfAvailabilityZones": 3,
        "availabilityZoneCidrMask": settings.zone_mask,
    }
    for (zone, tier), subnet in subnets(vpc).items():
        assert subnet.subnet_of(shares[zone]), tier
