"""The processor's settings: one frozen value read from the environment and checked before any work."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal
from uuid import UUID

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    field_validator,
)

_Name = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=r"^\S+$")]
_Bucket = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")]
_Port = Annotated[int, Field(ge=1, le=65535)]
_Secret = Annotated[SecretStr, Field(min_length=1, max_length=4096)]

# Set by the workflow for each task; every other variable comes from the task definition.
WORKFLOW_VARIABLES = frozenset({"JOB_ID", "ATTEMPT", "TASK_TOKEN", "EXECUTION_ARN", "STEP", "CHUNK"})


class SettingsError(Exception):
    """The environment cannot be used; the message lists every refused variable and who must set it."""


class Settings(BaseModel):
    """Everything the processor reads from its environment; field names are the variables in lower case."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    stack: _Name = Field(description="the name of the stack, 1-255 characters without spaces")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        description="DEBUG, INFO, WARNING or ERROR"
    )
    database_host: _Name = Field(description="a host name or address")
    database_port: _Port = Field(description="a TCP port, 1-65535")
    database_name: _Name = Field(description="a database name, 1-255 characters without spaces")
    database_username: _Name = Field(description="a role name, 1-255 characters without spaces")
    database_password: _Secret = Field(description="a secret of 1-4096 characters")
    redis_host: _Name = Field(description="a host name or address")
    redis_port: _Port = Field(description="a TCP port, 1-65535")
    redis_auth_token: _Secret = Field(description="a secret of 1-4096 characters")
    ingest_bucket: _Bucket = Field(description="an S3 bucket name")
    media_bucket: _Bucket = Field(description="an S3 bucket name")
    scratch_dir: Path = Field(description="the absolute path of a writable directory")
    tmpdir: Path = Field(description="the absolute path of a writable directory")
    home: Path = Field(description="the absolute path of a directory")
    max_source_bytes: int = Field(ge=1, le=5 * 1024**4, description="a number of bytes, 1 to 5 TiB")
    max_source_hours: int = Field(ge=1, le=24, description="a number of hours, 1-24")
    shared_dir: Path = Field(description="the absolute path of a writable directory that all tasks share")
    chunking_mode: Literal["auto", "always", "never"] = Field(description="auto, always or never")
    chunk_window_seconds: float = Field(ge=1, le=600, description="a number of seconds, 1-600")
    chunk_concurrency: int = Field(ge=1, le=1000, description="a number of tasks, 1-1000")
    task_timeout_seconds: int = Field(ge=60, le=86400, description="a number of seconds, 60-86400")
    workflow_timeout_seconds: int = Field(ge=60, le=86400, description="a number of seconds, 60-86400")
    job_id: UUID = Field(description="the UUID of the job")
    attempt: int = Field(ge=1, le=1000, description="the number of the execution, 1-1000")
    task_token: _Secret = Field(description="a task token of 1-4096 characters")
    execution_arn: _Name = Field(description="the ARN of the execution, 1-255 characters without spaces")
    step: Literal["prepare", "encode", "assemble"] = Field(description="prepare, encode or assemble")
    # ECS may leave out a variable whose value is empty: `value` is optional in its KeyValuePair.
    chunk: Annotated[str, StringConstraints(pattern=r"^(sound|window-\d{4}|)$")] = Field(
        default="",
        validate_default=True,
        description="the name of a chunk for step encode, empty or absent for the others",
    )

    @field_validator("chunk")
    @classmethod
    def _encode_has_a_chunk(cls, chunk: str, info: ValidationInfo) -> str:
        if not chunk and info.data.get("step") == "encode":
            message = "encode works on one chunk"
            raise ValueError(message)
        return chunk

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> "Settings":
        """Return the checked settings.

        Args:
            environ: The environment; variables that are not settings are ignored.

        Raises:
            SettingsError: A variable is missing or outside its allowed range; all of them are named at once.
        """
        given = {name: environ[name.upper()] for name in cls.model_fields if name.upper() in environ}
        try:
            settings = cls.model_validate(given)
        except ValidationError as error:
            names = sorted({str(detail["loc"][0]) for detail in error.errors(include_input=False)})
            raise SettingsError("; ".join(_refusal(name, given.get(name)) for name in names)) from None
        problems = [
            f"{name.upper()}={str(path)!r} is not an existing absolute directory: {_remedy(name.upper())}"
            for name, path in (
                ("scratch_dir", settings.scratch_dir),
                ("tmpdir", settings.tmpdir),
                ("shared_dir", settings.shared_dir),
            )
            if not (path.is_absolute() and path.is_dir())
        ]
        if problems:
            raise SettingsError("; ".join(problems))
        return settings


def _refusal(name: str, value: str | None) -> str:
    field = Settings.model_fields[name]
    variable = name.upper()
    secret = field.annotation is SecretStr
    shown = "is not set" if value is None else "is refused" if secret else f"={value!r} is refused"
    joint = "" if shown.startswith("=") else " "
    return f"{variable}{joint}{shown} (allowed: {field.description}): {_remedy(variable)}"


def _remedy(variable: str) -> str:
    if variable in WORKFLOW_VARIABLES:
        return "the operator must set it in the container override of the workflow's states"
    return "the operator must set it in the processor's task definition and deploy again"
