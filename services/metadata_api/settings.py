"""Environment variables of the functions that take orders, and of the one that tells its health."""

from dataclasses import dataclass
from typing import TypeAlias

from runtime.settings import FunctionSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthSettings(FunctionSettings):
    """The function that tells whether the API is well: what it asks, and who may read it in a browser."""

    redis_host: str
    redis_port: int
    redis_secret_arn: str
    cors_origins: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderSettings(FunctionSettings):
    """The function that takes the orders of executions that people start."""

    ingest_bucket: str
    max_waiting_jobs: int
    max_upload_bytes: int
    restore_days: int
    restore_tier: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiSettings(HealthSettings):
    """The function that answers everything else of the API."""

    ingest_bucket: str
    max_waiting_jobs: int
    max_upload_bytes: int
    restore_days: int
    restore_tier: str
    record_access: str
    signing_secret_arn: str
    media_bucket: str
    state_machine_arn: str
    max_running_jobs: int
    deleted_retention_days: int
    webhook_key_arn: str
    webhook_trusted_hosts: tuple[str, ...]
    ingest_queue_url: str
    ingest_dead_letter_queue_url: str
    webhook_queue_url: str
    webhook_dead_letter_queue_url: str
    webhook_report_queue_url: str
    webhook_report_dead_letter_queue_url: str
    key_maker_function_name: str
    # Each holds one text, or nothing where links are presigned.
    edge_url: tuple[str, ...]
    edge_secret_arn: tuple[str, ...]
    edge_queue_url: tuple[str, ...]
    viewing_least_hours: int
    viewing_most_hours: int


CreationSettings: TypeAlias = OrderSettings | ApiSettings
"""What an order is checked against, and how its source is fetched from the archive."""
