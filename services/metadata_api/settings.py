"""Environment variables of the API function."""

from dataclasses import dataclass

from runtime.settings import FunctionSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiSettings(FunctionSettings):
    """The HTTP API."""

    redis_host: str
    redis_port: int
    redis_secret_arn: str
    signing_secret_arn: str
    ingest_bucket: str
    media_bucket: str
    state_machine_arn: str
    max_running_jobs: int
    max_waiting_jobs: int
    max_upload_bytes: int
    deleted_retention_days: int
    restore_days: int
    restore_tier: str
    cors_origins: tuple[str, ...]
    webhook_key_arn: str
    webhook_trusted_hosts: tuple[str, ...]
    ingest_queue_url: str
    ingest_dead_letter_queue_url: str
    webhook_queue_url: str
    webhook_dead_letter_queue_url: str
    webhook_report_queue_url: str
    webhook_report_dead_letter_queue_url: str
