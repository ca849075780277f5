"""Environment variables of the functions that start jobs and record their ends."""

from dataclasses import dataclass

from runtime.settings import FunctionSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestSettings(FunctionSettings):
    """Takes up objects that arrived in the ingest bucket."""

    ingest_bucket: str
    state_machine_arn: str
    max_running_jobs: int
    max_upload_bytes: int
    client_prefixes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeSettings(FunctionSettings):
    """Settles executions and tasks that have ended, and starts what waits for their slot."""

    state_machine_arn: str
    max_running_jobs: int
    max_running_tasks: int
    waiting_timeout_seconds: int
