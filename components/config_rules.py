"""The rules that configuration values must keep together, each refused with the key to change."""

import ipaddress
from collections.abc import Iterator
from itertools import chain

from components.choices import ENDPOINT_SERVICES, TASK_MEMORY_MIB
from components.config_values import ConfigError, refusal
from components.longest_source import least_storage_bytes, least_workflow_seconds
from components.settings import (
    ApiDomainSettings,
    ChunkingSettings,
    DatabaseSettings,
    FunctionSettings,
    JobSettings,
    NetworkSettings,
    TaskSettings,
)
from components.stack_config import StackConfig
from components.task_sizes import offered_memory_mib

_GIB = 1024**3
_SLOWEST_DOWNLOAD_BYTES_PER_SECOND = 50 * 1024**2
_ADVANCED_INSIGHTS_DAYS = 465
_FIREWALL_WINDOW_SECONDS = 300
_NEEDED_ENDPOINTS = frozenset(ENDPOINT_SERVICES)


def check_rules(config: StackConfig) -> None:
    """Check what one key alone cannot tell.

    Args:
        config: configuration whose values are each in range.

    Raises:
        ConfigError: keys contradict each other; one line for each that must change.
    """
    broken = chain(
        _check_network(config.network),
        _check_task(config.task),
        _check_storage(config.task, config.jobs),
        _check_tasks(config.jobs, config.chunking),
        _check_longest_source(config.task, config.jobs, config.chunking),
        _check_order(config),
        _check_database(config.database),
        _check_concurrency(config.functions),
        _check_image(config),
        _check_domain(config.domain),
        _check_firewall(config),
    )
    faults = {key: fault for error in broken for key, fault in error.faults.items()}
    if faults:
        raise ConfigError(faults)


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


def _check_order(config: StackConfig) -> Iterator[ConfigError]:
    pairs = (
        (
            "database_max_allocated_storage_gib",
            config.database.database_max_allocated_storage_gib,
            config.database.database_allocated_storage_gib * 11 // 10,
        ),
        (
            "originals_deep_archive_days",
            config.retention.originals_deep_archive_days,
            config.retention.originals_archive_days + 90,
        ),
        ("api_burst_limit", config.api.api_burst_limit, config.api.api_rate_limit_per_second),
    )
    for key, found, least in pairs:
        if found < least:
            yield refusal(key, found, f"at least {least}, given the keys it builds on")


def _check_database(database: DatabaseSettings) -> Iterator[ConfigError]:
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


def _check_image(config: StackConfig) -> Iterator[ConfigError]:
    if config.task_cpu_architecture == "arm64" and not config.image_uri:
        yield refusal(
            "task_cpu_architecture",
            config.task_cpu_architecture,
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


def _check_firewall(config: StackConfig) -> Iterator[ConfigError]:
    """One key may be used from one address, so the firewall must let through what the key's plan promises."""
    promised = config.api.api_rate_limit_per_second * _FIREWALL_WINDOW_SECONDS + config.api.api_burst_limit
    found = config.firewall.web_firewall_address_limit
    if config.firewall.web_firewall and found < promised:
        yield refusal(
            "web_firewall_address_limit",
            found,
            f"at least {promised}: api_rate_limit_per_second for {_FIREWALL_WINDOW_SECONDS} s, and "
            "api_burst_limit",
        )
