"""Environment variables of each function, read once and checked; one frozen class per function."""

import os
from collections.abc import Mapping
from dataclasses import Field, dataclass, fields
from typing import Any, Self

from ledger.errors import SettingsError


@dataclass(frozen=True, slots=True, kw_only=True)
class BareSettings:
    """What every function gets. A field is the lower-case name of its variable."""

    stack: str
    powertools_service_name: str
    powertools_log_level: str

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Reads all fields.

        Raises:
            SettingsError: Variables are missing or not of their type; names all of them.
        """
        values: dict[str, Any] = {}
        problems: list[str] = []
        for item in fields(cls):
            name = item.name.upper()
            text = environment.get(name)
            try:
                values[item.name] = _parse(item, text)
            except ValueError as error:
                problems.append(f"{name}: {error}")
        if problems:
            message = f"{'; '.join(problems)}. The component that creates the function must set them."
            raise SettingsError(message)
        return cls(**values)


def _parse(item: Field[Any], text: str | None) -> object:
    if text is None:
        message = "missing"
        raise ValueError(message)
    if item.type is int:
        if not text.isascii() or not text.isdigit():
            message = f"expected a whole number, got {text!r}"
            raise ValueError(message)
        return int(text)
    if item.type is bool:
        if text not in {"true", "false"}:
            message = f"expected true or false, got {text!r}"
            raise ValueError(message)
        return text == "true"
    if item.type is str:
        if not text:
            message = "empty"
            raise ValueError(message)
        return text
    return tuple(part.strip() for part in text.split(",") if part.strip())


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionSettings(BareSettings):
    """What every function inside the network gets as well: the way to the ledger."""

    database_host: str
    database_port: int
    database_name: str
    database_secret_arn: str
    database_proxied: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiSettings(FunctionSettings):
    """The HTTP API."""

    redis_host: str
    redis_port: int
    redis_secret_arn: str
    ingest_bucket: str
    media_bucket: str
    state_machine_arn: str
    max_running_jobs: int
    max_waiting_jobs: int
    max_upload_bytes: int
    cors_origins: tuple[str, ...]
    webhook_key_arn: str
    webhook_trusted_hosts: tuple[str, ...]
    ingest_queue_url: str
    ingest_dead_letter_queue_url: str
    webhook_queue_url: str
    webhook_dead_letter_queue_url: str
    webhook_report_queue_url: str
    webhook_report_dead_letter_queue_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestSettings(FunctionSettings):
    """Takes up objects that arrived in the ingest bucket."""

    ingest_bucket: str
    state_machine_arn: str
    max_running_jobs: int
    max_upload_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeSettings(FunctionSettings):
    """Settles executions and tasks that have ended, and starts what waits for their slot."""

    state_machine_arn: str
    max_running_jobs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MaintainSettings(FunctionSettings):
    """Starts, heals and announces what was left behind."""

    state_machine_arn: str
    max_running_jobs: int
    completion_topic_arn: str
    error_topic_arn: str
    upload_expiry_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhooksSettings(FunctionSettings):
    """Hands deliveries over and records what came of them."""

    webhook_key_arn: str
    webhook_queue_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSenderSettings(BareSettings):
    """Calls the endpoints; it runs outside of the network and knows no database."""

    webhook_report_queue_url: str
    webhook_trusted_hosts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepSettings(FunctionSettings):
    """Deletes for good what was deleted or left behind, and heals what got lost in S3."""

    ingest_bucket: str
    media_bucket: str
    ingest_queue_url: str
    shared_dir: str
    deleted_retention_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrateSettings(FunctionSettings):
    """Brings the schema and the application role up to date."""

    database_master_secret_arn: str
