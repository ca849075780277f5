"""What the twin accepts and answers: the rules of the platform's own models."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer

_LINE = r"^[^\x00-\x1f\x7f-\x9f]*[^\x00-\x20\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"
_LINES = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$"


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _what_plays(job_id: UUID | None) -> str:
    return "none" if job_id is None else "playable"


def _latest(state: str) -> str:
    return "NONE" if state == "CREATED" else state


Line = Annotated[str, Field(min_length=1, max_length=255, pattern=_LINE)]
Tag = Annotated[str, Field(min_length=1, max_length=64, pattern=_LINE)]
Moment = Annotated[datetime, PlainSerializer(_written, return_type=str)]


class Request(BaseModel):
    """A body with known fields only."""

    model_config = ConfigDict(extra="forbid")


class RecordIn(Request):
    """A metadata record as callers write it."""

    title: Line
    description: str = Field(default="", max_length=5_000, pattern=_LINES)
    tags: list[Tag] = Field(default_factory=list, max_length=50)
    language: str | None = Field(
        default=None, max_length=35, pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$"
    )
    attributes: dict[str, Any] = Field(default_factory=dict, max_length=64)


class JobIn(Request):
    """A job for a file that is uploaded next."""

    filename: Line
    size_bytes: int = Field(ge=0)
    priority: int = Field(default=5, ge=0, le=9)
    content_type: str = Field(
        max_length=127, pattern=r"^(video|audio|image|application)/[A-Za-z0-9][\w.+-]*$"
    )
    profile: str = Field(default="web", max_length=32, pattern=r"^[a-z][a-z0-9-]*$")


class Answer(BaseModel):
    """Read from a row."""

    model_config = ConfigDict(from_attributes=True)


class RecordOut(Answer):
    """A record as callers read it."""

    video_id: UUID = Field(validation_alias="id")
    client: str
    title: str
    description: str
    tags: list[str]
    language: str | None
    attributes: dict[str, Any]
    technical: dict[str, Any]
    warnings: list[Any]
    state: Annotated[str, BeforeValidator(_what_plays)] = Field(
        validation_alias=AliasChoices("current_job_id")
    )
    latest_job: Annotated[str, BeforeValidator(_latest)] = Field(validation_alias="state")
    version: int
    latest_job_id: UUID | None
    current_job_id: UUID | None
    created_at: Moment
    updated_at: Moment


class RecordPage(BaseModel):
    """One page of records."""

    items: list[RecordOut]
    next_cursor: str | None


class JobOut(Answer):
    """A job as callers read it."""

    job_id: UUID = Field(validation_alias="id")
    video_id: UUID
    status: str
    stage: str | None
    progress_percent: float | None = 0.0
    fps: float | None = None
    eta_seconds: float | None = None
    priority: int
    profile: str
    publish: bool = True
    filename: str
    size_bytes: int | None = Field(validation_alias="declared_size_bytes")
    attempt: int
    error: None = None
    created_at: Moment
    updated_at: Moment
    uploaded_at: Moment | None
    started_at: Moment | None
    finished_at: Moment | None
    queue_position: int | None = None
    reused_job_id: UUID | None = None
    overrides: dict[str, Any] = {}
    stage_seconds: dict[str, float]
    warnings: list[Any]
    outputs: list[Any] = []


class UploadOut(BaseModel):
    """Where the file goes."""

    method: Literal["PUT"]
    url: str
    headers: dict[str, str]
    expires_at: Moment


class JobCreated(BaseModel):
    """A new job and its upload."""

    job: JobOut
    upload: UploadOut
