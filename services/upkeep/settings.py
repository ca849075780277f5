"""Environment variables of the functions that keep ledger and buckets in order."""

from dataclasses import dataclass

from runtime.settings import BareSettings, FunctionSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class MaintainSettings(FunctionSettings):
    """Starts, heals and announces what was left behind."""

    state_machine_arn: str
    max_running_jobs: int
    completion_topic_arn: str
    error_topic_arn: str
    upload_expiry_seconds: int
    restore_days: int
    restore_tier: str
    key_maker_function_name: str


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


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeSettings(BareSettings):
    """Writes the edge's key value store."""

    edge_store_arn: str
    edge_secret_arn: str
