"""Configuration keys in groups that components take whole: type, range and meaning of each."""

from dataclasses import dataclass
from typing import get_args

from components.choices import (
    ENDPOINT_SERVICES,
    INSIGHTS_RETENTION_DAYS,
    LOG_RETENTION_DAYS,
    TASK_MEMORY_MIB,
    ChunkingMode,
    InsightsMode,
    NatStrategy,
)
from components.config_values import value

_GIB = 1024**3


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtectionSettings:
    """How hard it is to lose data; given to every component that keeps some."""

    deletion_protection: bool = value(
        "refuse to delete the database, the buckets, the file system and the keys with their data"
    )
    final_snapshots: bool = value(
        "take a last snapshot of the database and the cache before they are deleted"
    )

    @property
    def secret_recovery_days(self) -> int:
        """How long a deleted secret can be restored; Secrets Manager allows 7 to 30."""
        return 30 if self.deletion_protection else 7


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSettings:
    """What is logged and for how long."""

    log_level: str = value(
        "least severe log line that services write", choices=("DEBUG", "INFO", "WARNING", "ERROR")
    )
    log_retention_days: int = value("how long log groups keep lines", choices=LOG_RETENTION_DAYS)


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationSettings:
    """Who is told."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkSettings:
    """Shape of the network."""

    vpc_cidr: str = value(
        "address range of the network, /16 to /18; fixed once deployed",
        pattern=r"[0-9.]+/1[678]",
        example="10.0.0.0/16",
    )
    availability_zones: int = value("availability zones that subnets spread over", minimum=2, maximum=3)
    nat_strategy: NatStrategy = value(  # noqa: RUF009  value() gives a dataclass field
        "NAT gateways: none, one for the stack, or one per zone", choices=get_args(NatStrategy)
    )
    interface_endpoints: tuple[str, ...] = value(
        "AWS services reached inside the network; when given, tasks and functions reach nothing else",
        choices=ENDPOINT_SERVICES,
    )

    @property
    def zone_mask(self) -> int:
        """Length of the prefix of one zone's share of the network, a quarter, however many zones there are.

        Left to itself, awsx divides by the number of zones, and then another zone moves and so replaces all
        subnets: https://github.com/pulumi/pulumi-awsx/issues/520
        """
        return int(self.vpc_cidr.rpartition("/")[2]) + 2


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseSettings:
    """The database and its proxy."""

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
        "how long Performance Insights keeps samples", choices=INSIGHTS_RETENTION_DAYS
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


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheSettings:
    """Size of the cache."""

    cache_node_type: str = value(
        "ElastiCache node type", pattern=r"cache\.[a-z0-9]+\.[a-z0-9]+", example="cache.t4g.medium"
    )
    cache_nodes: int = value("primary and replicas together", minimum=2, maximum=6)
    cache_snapshot_retention_days: int = value("how long cache snapshots are kept", minimum=1, maximum=35)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionSettings:
    """How long files are kept, and where."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreSettings:
    """How originals are brought back from the archive."""

    restore_days: int = value(
        "how long a copy of an original out of the archive stays", minimum=1, maximum=90
    )
    restore_tier: str = value(
        "how fast S3 brings it back: Standard within 12 hours, Bulk within 48 for less",
        choices=("Standard", "Bulk"),
    )

    @property
    def environment(self) -> dict[str, str]:
        """What functions that ask for originals are told."""
        return {"RESTORE_DAYS": str(self.restore_days), "RESTORE_TIER": self.restore_tier}


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSettings:
    """Size of a processing task, and how far it may grow."""

    task_cpu_units: int = value(
        "Fargate CPU units of a task; 1024 are one vCPU", choices=tuple(TASK_MEMORY_MIB)
    )
    task_memory_mib: int = value("Fargate memory of a task", minimum=2048, maximum=122880)
    task_memory_max_mib: int = value(
        "Fargate memory up to which a task that ran out of it is retried, doubled each time",
        minimum=2048,
        maximum=122880,
    )
    task_ephemeral_storage_gib: int = value("scratch disk of a task", minimum=21, maximum=200)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSettings:
    """What a job may take: capacity, bytes, time, and its turn."""

    fargate_spot: bool = value("try Fargate Spot first; a retry always runs on demand")
    max_upload_bytes: int = value("largest source that is accepted", minimum=1024**2, maximum=80 * _GIB)
    max_source_hours: int = value("longest source that is accepted", minimum=1, maximum=24)
    upload_expiry_seconds: int = value(
        "how long a job may wait for its upload", minimum=3600, maximum=7 * 86400
    )
    max_running_jobs: int = value(
        "jobs that are processed at the same time; the others wait for their turn", minimum=1, maximum=1000
    )
    max_running_tasks: int = value(
        "tasks that run at the same time; what a long job has beyond one waits for the others",
        minimum=1,
        maximum=5000,
    )
    client_prefixes: tuple[str, ...] = value(
        "clients that own what is dropped below a prefix of the ingest bucket, each PREFIX/=CLIENT",
        maximum=50,
        pattern=r"[A-Za-z0-9._-]{1,64}(/[A-Za-z0-9._-]{1,64}){0,3}/=[a-z0-9][a-z0-9-]{0,30}",
        example="news/=newsroom",
    )
    max_waiting_jobs: int = value(
        "jobs of one client that may await their file or their turn; more are refused with 429",
        minimum=1,
        maximum=100_000,
    )
    workflow_timeout_seconds: int = value(
        "longest time of the work of one execution", minimum=720, maximum=86400
    )
    waiting_timeout_seconds: int = value(
        "longest time that an execution may wait for its turn or for room for a task, apart from the work",
        minimum=60,
        maximum=86400,
    )

    @property
    def execution_timeout_seconds(self) -> int:
        """Longest time of one execution, waiting and work together."""
        return self.workflow_timeout_seconds + self.waiting_timeout_seconds

    @property
    def task_stops_at_seconds(self) -> int:
        """Longest time of the processing state; the rest of the work's time is for settling and telling."""
        return self.workflow_timeout_seconds - 180


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkingSettings:
    """When and how a job is spread over many tasks."""

    chunking_mode: ChunkingMode = value(  # noqa: RUF009  value() gives a dataclass field
        "encode long sources in windows by many tasks: auto asks an estimate", choices=get_args(ChunkingMode)
    )
    chunk_window_seconds: int = value(
        "length of a window of a long source; 30 to 120 suit real tasks", minimum=2, maximum=600
    )
    chunk_max_concurrency: int = value(
        "most tasks that encode windows of one job at once", minimum=1, maximum=500
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionSettings:
    """Memory and concurrency of the functions."""

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
