"""The one typed configuration of a stack, parsed once from Pulumi's configuration.

Every key is required in every stack file, so that dev and prod differ in values only and nothing is decided
by an unseen default.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, get_args

from components.choices import Architecture, ChunkingMode, InsightsMode, NatStrategy
from components.config_rules import ENDPOINT_SERVICES, TASK_MEMORY_MIB, check_rules
from components.config_values import ConfigError, Kind, ValueSpec, kind_of, parse, spec_of, value

_GIB = 1024**3
_REGION_KEY = "aws:region"
# fmt: off
_LOG_RETENTION_DAYS = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
)
# fmt: on
_INSIGHTS_RETENTION_DAYS = (7, *(31 * months for months in range(1, 24)), 731)


@dataclass(frozen=True, slots=True, kw_only=True)
class StackConfig:
    """Everything about a stack that is known before it is deployed; field names are configuration keys."""

    owner: str = value(
        "team that answers for the stack; written on every resource",
        pattern=r"[\w .@-]{1,64}",
        example="media-team",
    )
    deletion_protection: bool = value(
        "refuse to delete the database, the buckets, the file system and the keys with their data"
    )
    final_snapshots: bool = value(
        "take a last snapshot of the database and the cache before they are deleted"
    )
    log_level: str = value(
        "least severe log line that services write", choices=("DEBUG", "INFO", "WARNING", "ERROR")
    )
    log_retention_days: int = value("how long log groups keep lines", choices=_LOG_RETENTION_DAYS)
    notification_emails: tuple[str, ...] = value(
        "addresses told about every completed and failed job",
        maximum=20,
        pattern=r"[^@\s]+@[^@\s]+\.[^@\s]+",
        example="ops@example.com",
    )
    notification_sms_numbers: tuple[str, ...] = value(
        "telephone numbers told about every failed job",
        maximum=20,
        pattern=r"\+[1-9]\d{7,14}",
        example="+81312345678",
    )
    notification_https_endpoints: tuple[str, ...] = value(
        "addresses that get every completed and failed job as an SNS message",
        maximum=20,
        pattern=r"https://[^\s@/]+(/[^\s@]*)?",
        example="https://hooks.example.com/video",
    )

    vpc_cidr: str = value(
        "address range of the network, /16 to /18", pattern=r"[0-9.]+/1[678]", example="10.0.0.0/16"
    )
    availability_zones: int = value("availability zones that subnets spread over", minimum=2, maximum=3)
    nat_strategy: NatStrategy = value(  # noqa: RUF009  value() gives a dataclass field
        "NAT gateways: none, one for the stack, or one per zone", choices=get_args(NatStrategy)
    )
    interface_endpoints: tuple[str, ...] = value(
        "AWS services reached inside the network; when given, tasks and functions reach nothing else",
        choices=ENDPOINT_SERVICES,
    )

    database_engine_version: str = value(
        "PostgreSQL version, major or major.minor", pattern=r"16(\.\d+)?", example="16"
    )
    database_instance_class: str = value(
        "RDS instance class", pattern=r"db\.[a-z0-9]+\.[a-z0-9]+", example="db.t4g.medium"
    )
    database_allocated_storage_gib: int = value("storage at the start", minimum=20, maximum=16384)
    database_max_allocated_storage_gib: int = value("limit of storage autoscaling", minimum=22, maximum=65536)
    database_backup_retention_days: int = value("how long automated backups are kept", minimum=7, maximum=35)
    database_insights_retention_days: int = value(
        "how long Performance Insights keeps samples", choices=_INSIGHTS_RETENTION_DAYS
    )
    database_insights_mode: InsightsMode = value(  # noqa: RUF009  value() gives a dataclass field
        "CloudWatch Database Insights", choices=get_args(InsightsMode)
    )
    database_slow_query_milliseconds: int = value(
        "duration from which a statement is written to the log", minimum=1, maximum=3_600_000
    )
    database_master_rotation_days: int = value(
        "how often the master password is replaced", minimum=1, maximum=365
    )
    database_proxy: bool = value("put RDS Proxy between the functions and the database")

    cache_node_type: str = value(
        "ElastiCache node type", pattern=r"cache\.[a-z0-9]+\.[a-z0-9]+", example="cache.t4g.medium"
    )
    cache_nodes: int = value("primary and replicas together", minimum=2, maximum=6)
    cache_snapshot_retention_days: int = value("how long cache snapshots are kept", minimum=1, maximum=35)

    originals_archive_days: int = value(
        "age at which originals move to Glacier Instant Retrieval", minimum=1, maximum=3650
    )
    originals_deep_archive_days: int = value(
        "age at which originals move to Glacier Deep Archive", minimum=91, maximum=7300
    )
    superseded_retention_days: int = value(
        "how long replaced object versions and the outputs of superseded attempts are kept",
        minimum=1,
        maximum=365,
    )
    deleted_retention_days: int = value(
        "how long the file, the outputs and the texts of a deleted video are kept", minimum=1, maximum=365
    )
    cors_origins: tuple[str, ...] = value(
        "web origins that may call the API and upload from a browser",
        pattern=r"https?://[^/\s*]+",
        example="https://video.example.com",
    )

    cpu_architecture: Architecture = value(  # noqa: RUF009  value() gives a dataclass field
        "processor architecture of functions", choices=get_args(Architecture)
    )
    task_cpu_architecture: Architecture = value(  # noqa: RUF009  value() gives a dataclass field
        "processor architecture of tasks; an arm64 image has never been built or run",
        choices=get_args(Architecture),
    )
    image_uri: str = value(
        "ready container image of the processor; empty builds it",
        pattern=r"(\S+[:@]\S+)?",
        example="<registry>/<name>:<tag>",
    )
    task_cpu_units: int = value(
        "Fargate CPU units of a task; 1024 are one vCPU", choices=tuple(TASK_MEMORY_MIB)
    )
    task_memory_mib: int = value("Fargate memory of a task", minimum=2048, maximum=122880)
    task_ephemeral_storage_gib: int = value("scratch disk of a task", minimum=21, maximum=200)
    fargate_spot: bool = value("try Fargate Spot first; a retry always runs on demand")
    max_upload_bytes: int = value("largest source that is accepted", minimum=1024**2, maximum=100 * _GIB)
    upload_expiry_seconds: int = value(
        "how long a job may wait for its upload", minimum=3600, maximum=7 * 86400
    )
    max_running_jobs: int = value(
        "jobs that are processed at the same time; the others wait for their turn", minimum=1, maximum=1000
    )
    max_waiting_jobs: int = value(
        "jobs of one API key that may await their file or their turn; more are refused with 429",
        minimum=1,
        maximum=100_000,
    )
    workflow_timeout_seconds: int = value("longest time of one execution", minimum=600, maximum=86400)
    chunking_mode: ChunkingMode = value(  # noqa: RUF009  value() gives a dataclass field
        "encode long sources in windows by many tasks: auto asks an estimate", choices=get_args(ChunkingMode)
    )
    chunk_window_seconds: int = value(
        "length of a window of a long source; 30 to 120 suit real tasks", minimum=2, maximum=600
    )
    chunk_max_concurrency: int = value(
        "most tasks that encode windows of one job at once", minimum=1, maximum=500
    )

    lambda_memory_mib: int = value("memory of each function", minimum=256, maximum=10240)
    api_reserved_concurrency: int = value(
        "concurrent API calls kept free for the stack; 0 keeps none", minimum=0, maximum=1000
    )
    background_reserved_concurrency: int = value(
        "concurrent runs kept free for each of ingest, outcome and maintain; 0 keeps none",
        minimum=0,
        maximum=1000,
    )
    ingest_concurrency: int = value("most ingest functions that run at once", minimum=2, maximum=1000)
    webhook_trusted_hosts: tuple[str, ...] = value(
        "hosts that webhooks may reach without TLS and at a private address; for receivers on one machine",
        maximum=1,
        pattern=r"127\.0\.0\.1",
        example="127.0.0.1",
    )
    api_rate_limit_per_second: int = value("steady API calls a second", minimum=1, maximum=10000)
    api_burst_limit: int = value("API calls accepted at once", minimum=1, maximum=5000)
    api_monthly_quota: int = value("API calls a month and key", minimum=1, maximum=1_000_000_000)
    api_domain_name: str = value(
        "domain of the API beside its AWS address; empty for none",
        pattern=r"([a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})+)?",
        example="api.video.example.com",
    )
    api_certificate_arn: str = value(
        "certificate of api_domain_name, in the region of the stack; empty for none",
        pattern=r"(arn:aws:acm:[a-z0-9-]+:\d{12}:certificate/[A-Za-z0-9-]+)?",
        example="arn:aws:acm:<region>:<account>:certificate/<id>",
    )
    web_firewall: bool = value("put AWS WAF in front of the API")
    web_firewall_address_limit: int = value(
        "calls of one address in five minutes that AWS WAF lets through", minimum=10, maximum=2_000_000_000
    )
    manage_api_gateway_account: bool = value(
        "set the region's API Gateway logging role; one stack per account and region"
    )

    @property
    def task_stops_at_seconds(self) -> int:
        """Longest time of the processing state; the rest of the execution is for settling and telling."""
        return self.workflow_timeout_seconds - 180


def config_keys() -> dict[str, tuple[Kind, ValueSpec]]:
    """Give every configuration key with its type and description, in the order of declaration."""
    return {declared.name: (kind_of(declared), spec_of(declared)) for declared in fields(StackConfig)}


def parse_config(values: Mapping[str, str]) -> StackConfig:
    """Check the text values of all keys and build the configuration.

    Args:
        values: text by key, without the project prefix; arrays as JSON.

    Raises:
        ConfigError: a key is unknown, missing or out of range, or two keys contradict each other.
    """
    keys = config_keys()
    unknown = sorted(set(values) - set(keys))
    if unknown:
        raise ConfigError(
            f"configuration keys {unknown} are unknown; the known keys are {', '.join(keys)}. "
            f"Correct the spelling or run: pulumi config rm {unknown[0]}"
        )
    missing = [key for key in keys if key not in values]
    if missing:
        kind, spec = keys[missing[0]]
        raise ConfigError(
            f"configuration keys {missing} are missing; {missing[0]} must be {spec.range_text(kind)}. "
            f"Run: pulumi config set {missing[0]} <value>"
        )
    parsed: dict[str, Any] = {key: parse(key, *keys[key], text) for key, text in values.items()}
    config = StackConfig(**parsed)
    check_rules(config)
    return config


def load_config(project: str) -> tuple[StackConfig, str]:
    """Read the running stack's configuration.

    Returns:
        The configuration and the AWS region.

    Raises:
        ConfigError: see ``parse_config``; also when the region is not set.
    """
    # The deploy commands parse configuration too, and start in half the time without the SDK.
    import pulumi
    from pulumi.runtime import config as runtime_config

    found = {**runtime_config.get_config_env(), **runtime_config.CONFIG.get()}
    prefix = f"{project}:"
    values = {key.removeprefix(prefix): text for key, text in found.items() if key.startswith(prefix)}
    region = pulumi.Config("aws").get("region")
    if not region:
        raise ConfigError(
            f"configuration key {_REGION_KEY!r} is missing. "
            f"Run: pulumi config set {_REGION_KEY} ap-northeast-1"
        )
    return parse_config(values), region
