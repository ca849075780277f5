"""The rules that configuration values must keep together, each refused with the key to change."""

import ipaddress

from components.choices import ENDPOINT_SERVICES, TASK_MEMORY_MIB
from components.config_values import refusal
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
_NEEDED_ENDPOINTS = frozenset(ENDPOINT_SERVICES)


def check_rules(config: StackConfig) -> None:
    """Check what one key alone cannot tell.

    Args:
        config: configuration whose values are each in range.

    Raises:
        ConfigError: two keys contradict each other.
    """
    _check_network(config.network)
    _check_task(config.task, config.jobs)
    _check_tasks(config.jobs, config.chunking)
    _check_longest_source(config.task, config.jobs, config.chunking)
    _check_order(config)
    _check_database(config.database)
    _check_concurrency(config.functions)
    _check_domain(config.domain)


def _check_network(network: NetworkSettings) -> None:
    try:
        private = ipaddress.ip_network(network.vpc_cidr).is_private
    except ValueError as error:
        raise refusal("vpc_cidr", network.vpc_cidr, f"a private network address ({error})") from error
    if not private:
        raise refusal("vpc_cidr", network.vpc_cidr, "a private network address such as 10.0.0.0/16")
    lacking = sorted(_NEEDED_ENDPOINTS - set(network.interface_endpoints))
    if lacking and (network.interface_endpoints or network.nat_strategy == "none"):
        raise refusal(
            "interface_endpoints",
            list(network.interface_endpoints),
            f"completed with {', '.join(lacking)}, because nothing else leads to these services "
            "when endpoints are used or there is no NAT",
        )


def _check_task(task: TaskSettings, jobs: JobSettings) -> None:
    sizes = TASK_MEMORY_MIB[task.task_cpu_units]
    if task.task_memory_mib not in sizes:
        raise refusal(
            "task_memory_mib",
            task.task_memory_mib,
            f"{sizes.start} to {sizes[-1]} in steps of {sizes.step} with this task_cpu_units",
        )
    _check_largest_task(task)
    room = jobs.max_upload_bytes * 5 // 2
    if room > task.task_ephemeral_storage_gib * _GIB:
        raise refusal(
            "task_ephemeral_storage_gib",
            task.task_ephemeral_storage_gib,
            f"at least {-(-room // _GIB)}, which holds 2.5 times max_upload_bytes (source and renditions)",
        )
    download_seconds = jobs.max_upload_bytes // _SLOWEST_DOWNLOAD_BYTES_PER_SECOND
    if download_seconds * 4 > jobs.workflow_timeout_seconds:
        raise refusal(
            "workflow_timeout_seconds",
            jobs.workflow_timeout_seconds,
            f"at least {download_seconds * 4}, because a download may take {download_seconds} s",
        )


def _check_tasks(jobs: JobSettings, chunking: ChunkingSettings) -> None:
    for key, found in (
        ("max_running_jobs", jobs.max_running_jobs),
        ("chunk_max_concurrency", chunking.chunk_max_concurrency),
    ):
        if found > jobs.max_running_tasks:
            raise refusal(key, found, f"at most max_running_tasks, {jobs.max_running_tasks}")


def _check_longest_source(task: TaskSettings, jobs: JobSettings, chunking: ChunkingSettings) -> None:
    hours = jobs.max_source_hours
    seconds = least_workflow_seconds(hours, task, jobs, chunking)
    if seconds > jobs.workflow_timeout_seconds:
        fitting = [
            fewer
            for fewer in range(1, hours)
            if least_workflow_seconds(fewer, task, jobs, chunking) <= jobs.workflow_timeout_seconds
        ]
        raise refusal(
            "max_source_hours",
            hours,
            f"{f'at most {max(fitting)}, or ' if fitting else ''}joined with a workflow_timeout_seconds of "
            f"at least {seconds} instead of {jobs.workflow_timeout_seconds}; larger task_cpu_units or "
            "chunk_max_concurrency lower that",
        )
    room = least_storage_bytes(jobs)
    if room > task.task_ephemeral_storage_gib * _GIB:
        raise refusal(
            "task_ephemeral_storage_gib",
            task.task_ephemeral_storage_gib,
            f"at least {-(-room // _GIB)}, which holds the outputs of a film of max_source_hours",
        )


def _check_largest_task(task: TaskSettings) -> None:
    sizes = offered_memory_mib(task.task_cpu_units)
    largest = task.task_memory_max_mib
    if largest < task.task_memory_mib or largest not in sizes:
        near = [size for size in sizes if size >= max(largest, task.task_memory_mib)]
        raise refusal(
            "task_memory_max_mib",
            largest,
            f"at least task_memory_mib, {task.task_memory_mib}, which means no retry, and what Fargate "
            f"offers with this task_cpu_units or more, such as {near[0] if near else sizes[-1]}",
        )


def _check_order(config: StackConfig) -> None:
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
            raise refusal(key, found, f"at least {least}, given the keys it builds on")


def _check_database(database: DatabaseSettings) -> None:
    if (
        database.database_insights_mode == "advanced"
        and database.database_insights_retention_days < _ADVANCED_INSIGHTS_DAYS
    ):
        raise refusal(
            "database_insights_retention_days",
            database.database_insights_retention_days,
            f"at least {_ADVANCED_INSIGHTS_DAYS}, which RDS wants when database_insights_mode is advanced",
        )


def _check_concurrency(functions: FunctionSettings) -> None:
    if 0 < functions.background_reserved_concurrency < functions.ingest_concurrency:
        raise refusal(
            "background_reserved_concurrency",
            functions.background_reserved_concurrency,
            f"0 or at least {functions.ingest_concurrency}, because the ingest queue starts as many runs "
            "as ingest_concurrency says",
        )


def _check_domain(domain: ApiDomainSettings) -> None:
    if bool(domain.api_domain_name) != bool(domain.api_certificate_arn):
        raise refusal(
            "api_certificate_arn",
            domain.api_certificate_arn,
            "given exactly when api_domain_name is given",
        )
