"""Environment variables of the functions that take orders: the API, and the one for executions."""

from dataclasses import dataclass

from runtime.settings import FunctionSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class CreationSettings(FunctionSettings):
    """What an order is checked against."""

    ingest_bucket: str
    max_waiting_jobs: int
    max_upload_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderSettings(CreationSettings):
    """Takes the orders of executions that people start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiSettings(CreationSettings):
    """The HTTP API."""

    state_machine_arn: str
    max_running_jobs: int
    redis_host: str
    redis_port: int
    redis_secret_arn: str
    media_bucket: str
    cors_origins: tuple[str, ...]
    webhook_key_arn: str
    webhook_trusted_hosts: tuple[str, ...]
    ingest_queue_url: str
    ingest_dead_letter_queue_url: str
    webhook_queue_url: str
    webhook_dead_letter_queue_url: str
    webhook_report_queue_url: str
    webhook_report_dead_letter_queue_url: str
