"""The metadata record of a video, as callers write it and as they read it."""

from collections.abc import Mapping
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue
from pydantic.config import JsonDict
from typing_extensions import TypedDict

from metadata_api.models.fields import (
    MAX_TAGS,
    Attributes,
    CursorText,
    Description,
    Language,
    Moment,
    SearchText,
    Tag,
    Title,
    UniqueTags,
)

DEFAULT_PAGE_SIZE: Final = 20
MAX_PAGE_SIZE: Final = 100

Tags = Annotated[list[Tag], Field(max_length=MAX_TAGS), UniqueTags]
VideoState = Literal["none", "playable", "deleted"]
LatestJob = Literal["NONE", "PENDING", "QUEUED", "PROCESSING", "COMPLETED", "FAILED", "CANCELLED"]
PLAYABLE_BY_STATE: Final[Mapping[VideoState | None, bool]] = {"none": False, "playable": True}
"""What the states of videos that are not deleted say of them."""
PageSize = Annotated[int, Field(ge=1, le=MAX_PAGE_SIZE)]


def without_default(schema: JsonDict) -> None:
    """A field that may be absent but not null needs a default in the model, which callers must not see."""
    schema.pop("default", None)


class RequestModel(BaseModel):
    """A request body: exact types, no unknown fields."""

    # Validators are built at the first call that needs them, not in every cold start.
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)


class QueryModel(BaseModel):
    """Query parameters: text converted to the type asked for, no unknown names."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class DeletionQuery(QueryModel):
    """How a record is deleted."""

    purge: bool = Field(
        default=False,
        description="Delete file, outputs and texts for good within minutes, not after the configured time.",
    )


class RestoreQuery(QueryModel):
    """Which original is asked for."""

    job_id: UUID | None = Field(
        default=None, description="That of this job of the video; of its newest job with a file when absent."
    )


class RecordFields(RequestModel):
    """What every record may have."""

    description: Description = ""
    tags: Tags = Field(default_factory=list)
    language: Language | None = Field(default=None, description="BCP 47 tag of the main spoken language.")
    attributes: Attributes = Field(default_factory=dict)


class RecordBody(RecordFields):
    """A whole metadata record."""

    title: Title = Field(description="What people call the video.")


class JobRecordBody(RecordFields):
    """The record of a video that comes with its first job; its title is the file name if none is given."""

    title: Title | None = None


class RecordPatch(RequestModel):
    """Changes to a record as a JSON merge patch (RFC 7396).

    An absent field stays as it is. In attributes, null removes a name and nested objects are merged.
    Null empties description, tags, language and attributes; a title can only be replaced.
    """

    title: Title = Field(default="", json_schema_extra=without_default)
    description: Description | None = None
    tags: Tags | None = None
    language: Language | None = None
    attributes: Attributes | None = None


class PinBody(RequestModel):
    """What a video is to play."""

    job_id: UUID = Field(description="A COMPLETED job of this video that made something to play.")


class RecordQuery(QueryModel):
    """Filters and paging of the list of records; newest first."""

    tag: Tags = Field(default_factory=list, description="Only videos with this tag; repeat it for several.")
    q: SearchText | None = Field(default=None, description="Words to find in title, description and tags.")
    state: VideoState | None = Field(
        default=None,
        description=(
            "What a viewer can have of it; deleted lists the deleted videos that can be taken back, with "
            "purge_at, in place of all others."
        ),
    )
    latest_job: LatestJob | None = Field(
        default=None, description="Status of the job ordered last; NONE where none was."
    )
    created_after: Moment | None = Field(default=None, description="Created at or after this time.")
    created_before: Moment | None = Field(default=None, description="Created before this time.")
    limit: PageSize = DEFAULT_PAGE_SIZE
    cursor: CursorText | None = Field(default=None, description="next_cursor of the page before, unchanged.")


class WarningView(TypedDict):
    """What was odd about a source that was processed all the same; docs/api.md lists the codes.

    New codes come without notice: they tell, and nothing has to be done about them.
    """

    code: str
    message: str
    facts: dict[str, JsonValue]


class SourceView(TypedDict):
    """Where a file lies; version_id and etag are null until it has arrived, or where S3 tells none."""

    bucket: str
    key: str
    version_id: str | None
    etag: str | None


class RecordView(TypedDict):
    """A video and what is known about it; client is whose it is.

    current_job_id is the job that plays: pinned_job_id where people have chosen one, else the newest
    published one that made something to play. technical and warnings describe the source of that job, and
    source tells where it lies; while nothing plays, technical and source are those of the latest. state says
    what a viewer can have, latest_job how the last order went. version counts the changes of people.
    deleted_at is null unless the video is deleted; from purge_at on it can go for good at any moment.
    """

    video_id: str
    client: str
    title: str
    description: str
    tags: list[str]
    language: str | None
    attributes: dict[str, JsonValue]
    technical: dict[str, JsonValue]
    warnings: list[WarningView]
    source: SourceView | None
    state: VideoState
    latest_job: LatestJob
    version: int
    latest_job_id: str | None
    current_job_id: str | None
    pinned_job_id: str | None
    created_at: str
    updated_at: str
    deleted_at: str | None
    purge_at: str | None


class RestoreView(TypedDict):
    """How an original stands.

    RESTORING: it comes out of the archive, by expected_at as S3 promises it. READABLE: it can be read, a copy
    out of the archive until readable_until. storage_class is S3's word for where it lies.
    """

    video_id: str
    job_id: str
    status: Literal["RESTORING", "READABLE"]
    storage_class: str
    expected_at: str | None
    readable_until: str | None


class RecordPage(TypedDict):
    """One page of records, newest first; next_cursor is null on the last page."""

    items: list[RecordView]
    next_cursor: str | None
