"""The rules that configuration values must keep together, each refused with the key to change."""

import ipaddress
from collections.abc import Callable, Collection, Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from components.choices import ENDPOINT_SERVICES, TASK_MEMORY_MIB, Architecture
from components.config_values import ConfigError, refusal
from components.edge_settings import ApiDomainSettings, ApiSettings, DeliverySettings, WebFirewallSettings
from components.longest_source import least_storage_bytes, least_workflow_seconds
from components.settings import (
    ChunkingSettings,
    DatabaseSettings,
    FunctionSettings,
    JobSettings,
    NetworkSettings,
    RetentionSettings,
    TaskSettings,
)
from components.stack_config import StackConfig
from components.task_sizes import offered_memory_mib

_GIB = 1024**3
_SLOWEST_DOWNLOAD_BYTES_PER_SECOND = 50 * 1024**2
_ADVANCED_INSIGHTS_DAYS = 465
_FIREWALL_WINDOW_SECONDS = 300
_FIRST_KEY = "default/first"
_OWN_PREFIXES = ("uploads/", "assets/")
_NEEDED_ENDPOINTS = frozenset(ENDPOINT_SERVICES)


def _check_network(network: NetworkSettings) -> Iterator[ConfigError]:
    try:
        if not ipaddress.ip_network(network.vpc_cidr).is_private:
            yield refusal("vpc_cidr", network.vpc_cidr, "a private network address such as 10.0.0.0/16")
    except ValueError as error:
        yield refusal("vpc_cidr", network.vpc_cidr, f"a private network address ({error})")
    lacking = sorted(_NEEDED_ENDPOINTS - set(network.interface_endpoints))
    if lacking and (network.interface_endpoints or network.nat_strategy == "none"):
        yield refusal(
            "interface_endpoints",
            list(network.interface_endpoints),
            f"completed with {', '.join(lacking)}, because nothing else leads to these services "
            "when endpoints are used or there is no NAT",
        )


def _check_task(task: TaskSettings) -> Iterator[ConfigError]:
    sizes = TASK_MEMORY_MIB[task.task_cpu_units]
    if task.task_memory_mib not in sizes:
        yield refusal(
            "task_memory_mib",
            task.task_memory_mib,
            f"{sizes.start} to {sizes[-1]} in steps of {sizes.step} with this task_cpu_units",
        )
    offered = offered_memory_mib(task.task_cpu_units)
    largest = task.task_memory_max_mib
    if largest < task.task_memory_mib or largest not in offered:
        near = [size for size in offered if size >= max(largest, task.task_memory_mib)]
        yield refusal(
            "task_memory_max_mib",
            largest,
            f"at least task_memory_mib, {task.task_memory_mib}, which means no retry, and what Fargate "
            f"offers with this task_cpu_units or more, such as {near[0] if near else offered[-1]}",
        )


def _check_storage(task: TaskSettings, jobs: JobSettings) -> Iterator[ConfigError]:
    needed, what = max(
        (jobs.max_upload_bytes * 5 // 2, "2.5 times max_upload_bytes (source and renditions)"),
        (least_storage_bytes(jobs), "the outputs of a film of max_source_hours"),
    )
    if needed > task.task_ephemeral_storage_gib * _GIB:
        yield refusal(
            "task_ephemeral_storage_gib",
            task.task_ephemeral_storage_gib,
            f"at least {-(-needed // _GIB)}, which holds {what}",
        )


def _check_tasks(jobs: JobSettings, chunking: ChunkingSettings) -> Iterator[ConfigError]:
    for key, found in (
        ("max_running_jobs", jobs.max_running_jobs),
        ("chunk_max_concurrency", chunking.chunk_max_concurrency),
    ):
        if found > jobs.max_running_tasks:
            yield refusal(key, found, f"at most max_running_tasks, {jobs.max_running_tasks}")


def _check_longest_source(
    task: TaskSettings, jobs: JobSettings, chunking: ChunkingSettings
) -> Iterator[ConfigError]:
    download_seconds = jobs.max_upload_bytes // _SLOWEST_DOWNLOAD_BYTES_PER_SECOND
    if download_seconds * 4 > jobs.workflow_timeout_seconds:
        yield refusal(
            "workflow_timeout_seconds",
            jobs.workflow_timeout_seconds,
            f"at least {download_seconds * 4}, because a download may take {download_seconds} s",
        )
    hours = jobs.max_source_hours
    seconds = least_workflow_seconds(hours, task, jobs, chunking)
    if seconds > jobs.workflow_timeout_seconds:
        fitting = [
            fewer
            for fewer in range(1, hours)
            if least_workflow_seconds(fewer, task, jobs, chunking) <= jobs.workflow_timeout_seconds
        ]
        yield refusal(
            "max_source_hours",
            hours,
            f"{f'at most {max(fitting)}, or ' if fitting else ''}joined with a workflow_timeout_seconds of "
            f"at least {seconds} instead of {jobs.workflow_timeout_seconds}; larger task_cpu_units or "
            "chunk_max_concurrency lower that",
        )


def _check_retention(retention: RetentionSettings) -> Iterator[ConfigError]:
    least = retention.originals_archive_days + 90
    if retention.originals_deep_archive_days < least:
        yield _too_small("originals_deep_archive_days", retention.originals_deep_archive_days, least)


def _check_calls(api: ApiSettings) -> Iterator[ConfigError]:
    if api.api_burst_limit < api.api_rate_limit_per_second:
        yield _too_small("api_burst_limit", api.api_burst_limit, api.api_rate_limit_per_second)


def _too_small(key: str, found: int, least: int) -> ConfigError:
    return refusal(key, found, f"at least {least}, given the keys it builds on")


def _check_database(database: DatabaseSettings) -> Iterator[ConfigError]:
    least = database.database_allocated_storage_gib * 11 // 10
    largest = database.database_max_allocated_storage_gib
    if largest < least:
        yield _too_small("database_max_allocated_storage_gib", largest, least)
    if (
        database.database_insights_mode == "advanced"
        and database.database_insights_retention_days < _ADVANCED_INSIGHTS_DAYS
    ):
        yield refusal(
            "database_insights_retention_days",
            database.database_insights_retention_days,
            f"at least {_ADVANCED_INSIGHTS_DAYS}, which RDS wants when database_insights_mode is advanced",
        )


def _check_concurrency(functions: FunctionSettings) -> Iterator[ConfigError]:
    if 0 < functions.background_reserved_concurrency < functions.ingest_concurrency:
        yield refusal(
            "background_reserved_concurrency",
            functions.background_reserved_concurrency,
            f"0 or at least {functions.ingest_concurrency}, because the ingest queue starts as many runs "
            "as ingest_concurrency says",
        )


def _check_image(task_cpu_architecture: Architecture, image_uri: str) -> Iterator[ConfigError]:
    if task_cpu_architecture == "arm64" and not image_uri:
        yield refusal(
            "task_cpu_architecture",
            task_cpu_architecture,
            "x86_64, which the image of this repository is built for, or joined with the image_uri of an "
            "arm64 image whose encoders use NEON",
        )


def _check_domain(domain: ApiDomainSettings) -> Iterator[ConfigError]:
    if bool(domain.api_domain_name) != bool(domain.api_certificate_arn):
        yield refusal(
            "api_certificate_arn",
            domain.api_certificate_arn,
            "given exactly when api_domain_name is given",
        )


def _check_delivery(delivery: DeliverySettings) -> Iterator[ConfigError]:
    if bool(delivery.delivery_domain_name) != bool(delivery.delivery_certificate_arn):
        yield refusal(
            "delivery_certificate_arn",
            delivery.delivery_certificate_arn,
            "given exactly when delivery_domain_name is given",
        )
    fixed = delivery.delivery == "edge" and not delivery.delivery_domain_name
    if fixed and delivery.delivery_minimum_tls != "TLSv1":
        yield refusal(
            "delivery_minimum_tls",
            delivery.delivery_minimum_tls,
            "TLSv1, which CloudFront fixes for its own addresses, or joined with a delivery_domain_name",
        )
    if delivery.delivery_domain_name and delivery.delivery_minimum_tls == "TLSv1":
        yield refusal(
            "delivery_minimum_tls",
            delivery.delivery_minimum_tls,
            "TLSv1.2_2021 with a delivery_domain_name; only CloudFront's own addresses need TLSv1",
        )
    if delivery.viewing_most_hours < delivery.viewing_least_hours:
        yield _too_small("viewing_most_hours", delivery.viewing_most_hours, delivery.viewing_least_hours)


def _check_firewall(api: ApiSettings, firewall: WebFirewallSettings) -> Iterator[ConfigError]:
    """One key may be used from one address, so the firewall must let through what the key's plan promises."""
    promised = api.api_rate_limit_per_second * _FIREWALL_WINDOW_SECONDS + api.api_burst_limit
    found = firewall.web_firewall_address_limit
    if firewall.web_firewall and found < promised:
        yield refusal(
            "web_firewall_address_limit",
            found,
            f"at least {promised}: api_rate_limit_per_second for {_FIREWALL_WINDOW_SECONDS} s, and "
            "api_burst_limit",
        )


# Each rule with the groups and keys that it compares.
def _check_keys(api: ApiSettings) -> Iterator[ConfigError]:
    keys = [entry.partition(":")[0] for entry in api.api_client_keys]
    twice = sorted({key for key in keys if keys.count(key) > 1 or key == _FIRST_KEY})
    if twice:
        yield refusal(
            "api_client_keys",
            list(api.api_client_keys),
            f"without a second {', '.join(twice)}: one name, one key",
        )


def _check_prefixes(jobs: JobSettings) -> Iterator[ConfigError]:
    prefixes = [entry.partition("=")[0] for entry in jobs.client_prefixes]
    mixed = sorted(
        {
            f"{prefix} below {other}"
            for place, prefix in enumerate(prefixes)
            for other in prefixes[:place] + prefixes[place + 1 :]
            if prefix.startswith(other)
        }
    )
    taken = sorted(prefix for prefix in prefixes if prefix.startswith(_OWN_PREFIXES))
    if mixed or taken:
        said = [*mixed, *(f"{prefix} (the platform's own)" for prefix in taken)]
        yield refusal("client_prefixes", list(jobs.client_prefixes), f"without {', '.join(said)}")


_RULES: tuple[tuple[Callable[..., Iterator[ConfigError]], tuple[str, ...]], ...] = (
    (_check_network, ("network",)),
    (_check_task, ("task",)),
    (_check_storage, ("task", "jobs")),
    (_check_tasks, ("jobs", "chunking")),
    (_check_longest_source, ("task", "jobs", "chunking")),
    (_check_database, ("database",)),
    (_check_retention, ("retention",)),
    (_check_calls, ("api",)),
    (_check_keys, ("api",)),
    (_check_prefixes, ("jobs",)),
    (_check_concurrency, ("functions",)),
    (_check_image, ("task_cpu_architecture", "image_uri")),
    (_check_domain, ("domain",)),
    (_check_delivery, ("delivery",)),
    (_check_firewall, ("api", "firewall")),
)


def contradictions(config: StackConfig, wrong: Collection[str]) -> dict[str, str]:
    """Say by key what one key alone cannot tell; a key that is wrong for itself is compared with nothing.

    Args:
        config: configuration whose values are each in range, but for those of ``wrong``.
        wrong: keys that have no value that could be compared.
    """
    faults: dict[str, str] = {}
    for rule, names in _RULES:
        compared = [getattr(config, name) for name in names]
        if all(_is_whole(name, value, wrong) for name, value in zip(names, compared, strict=True)):
            for error in rule(*compared):
                faults |= error.faults
    return faults


def _is_whole(name: str, value: Any, wrong: Collection[str]) -> bool:
    keys = [declared.name for declared in fields(value)] if is_dataclass(value) else [name]
    return not any(key in wrong for key in keys)
