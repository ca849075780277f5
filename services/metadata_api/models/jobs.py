"""Jobs, as callers ask for them and as they are shown."""

from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import ConfigDict, Discriminator, Field, JsonValue, Tag, TypeAdapter
from typing_extensions import TypedDict

from ledger.states import DEFAULT_PRIORITY, HIGHEST_PRIORITY, ErrorCode, JobStatus
from metadata_api.models.access import ActorView
from metadata_api.models.fields import (
    CursorText,
    FileName,
    MediaType,
    PictureHeight,
    ProfileName,
    ProfileVersion,
    Sha256,
    WholeNumber,
)
from metadata_api.models.overrides import SourceLocation, TrimBody, WatermarkBody
from metadata_api.models.records import (
    DEFAULT_PAGE_SIZE,
    JobRecordBody,
    PageSize,
    QueryModel,
    RequestModel,
    SourceView,
    WarningView,
)
from metadata_api.models.subtitles import JobSubtitles
from metadata_api.models.uploads import MultipartTicket

DEFAULT_PROFILE = "web"


class JobBody(RequestModel):
    """What both ways of starting a job have in common."""

    profile: ProfileName = Field(default=DEFAULT_PROFILE, description="One of GET /profiles.")
    metadata: JobRecordBody | None = Field(default=None, description="The record of a new video.")
    video_id: UUID | None = Field(
        default=None,
        description="An existing video to process for; excludes metadata. A new video when absent.",
    )
    priority: WholeNumber = Field(
        default=DEFAULT_PRIORITY,
        ge=0,
        le=HIGHEST_PRIORITY,
        description="Of the waiting jobs of one API key the highest begins first, among equals the oldest.",
    )
    publish: bool | None = Field(
        default=None,
        description=(
            "Whether the video plays this job once it has completed, until a later one does or somebody pins "
            "one. When absent: yes for the first job of a video, else no with trim and yes without."
        ),
    )
    trim: TrimBody | None = Field(default=None, description="Only this part of the source.")
    watermark: WatermarkBody | None = Field(default=None, description="A picture laid over the video.")
    subtitles: JobSubtitles = Field(
        default_factory=list, description="Tracks to add to the video's record, as PUT …/subtitles does."
    )
    max_height: PictureHeight | None = Field(
        default=None, description="No picture is made that is higher, in pixels."
    )
    damage: Literal["refuse", "keep"] | None = Field(
        default=None,
        description=(
            "Whether a file that is cut short or damaged is refused, or made as far as it decodes, with a "
            "warning SOURCE_DAMAGED. What the profile says when absent."
        ),
    )


class UploadJobBody(JobBody):
    """A job for a file that the caller uploads next."""

    filename: FileName = Field(description="Only shown and stored; never used as a path.")
    size_bytes: WholeNumber = Field(ge=0, description="Exact size of the file; the upload accepts no other.")
    content_type: MediaType = Field(
        default="application/octet-stream",
        description=(
            "Content-Type that the upload is sent with, as the ticket repeats it. Only a hint: what the file "
            "is, its bytes decide. Empty means application/octet-stream."
        ),
    )
    sha256: Sha256 | None = Field(
        default=None, description="Hex digest of the file; the upload is checked against it."
    )
    deduplicate: bool = Field(
        default=False,
        description=(
            "Needs sha256. Where a job on the same bytes with the same profile has completed and its video "
            "exists, this job is COMPLETED at once with those outputs and nothing is uploaded."
        ),
    )
    upload: Literal["single", "multipart"] | None = Field(
        default=None,
        description="In one request, or in parts that can be resumed; in parts from 100 MiB when absent.",
    )


class SourceJobBody(JobBody):
    """A job for an object that is already in the ingest bucket."""

    source: SourceLocation


class EarlierJob(RequestModel):
    """The file of an earlier job, in the very version that it was made of."""

    job_id: UUID


class JobSourceBody(JobBody):
    """A job for the file of an earlier job."""

    source: EarlierJob


class AgainJobBody(JobBody):
    """Another job for a video, on the file that is there.

    It is the one of the job that plays, else of the newest job whose file is still there.
    """

    video_id: UUID = Field(description="The video to process again.")


AnyJobBody = UploadJobBody | SourceJobBody | JobSourceBody | AgainJobBody
_UPLOAD_FIELDS: Final = UploadJobBody.model_fields.keys() - JobBody.model_fields.keys()


def _form_of(value: Any) -> str:
    named = value.keys() if isinstance(value, dict) else set()
    if "source" in named:
        source = value["source"]
        return "earlier" if isinstance(source, dict) and "job_id" in source else "source"
    return "again" if "video_id" in named and not named & _UPLOAD_FIELDS else "upload"


JobRequest = Annotated[
    Annotated[UploadJobBody, Tag("upload")]
    | Annotated[SourceJobBody, Tag("source")]
    | Annotated[JobSourceBody, Tag("earlier")]
    | Annotated[AgainJobBody, Tag("again")],
    Discriminator(_form_of),
]
JOB_REQUEST: TypeAdapter[AnyJobBody] = TypeAdapter(JobRequest, config=ConfigDict(defer_build=True))


class JobQuery(QueryModel):
    """Filters and paging of the list of jobs; newest first."""

    status: JobStatus | None = None
    video_id: UUID | None = None
    profile: ProfileName | None = None
    profile_version: ProfileVersion | None = Field(
        default=None, description="Jobs that were ordered when their profile had this version."
    )
    limit: PageSize = DEFAULT_PAGE_SIZE
    cursor: CursorText | None = Field(default=None, description="next_cursor of the page before, unchanged.")


class EventQuery(QueryModel):
    """Paging of the events of a job; oldest first."""

    limit: PageSize = DEFAULT_PAGE_SIZE
    cursor: CursorText | None = Field(default=None, description="next_cursor of the page before, unchanged.")


class JobError(TypedDict):
    """Why a job failed and what to do about it."""

    code: ErrorCode
    message: str
    remedy: str | None


class JobSummary(TypedDict):
    """A job and how far it is.

    profile_version tells which settings its profile had when it was ordered; null for jobs of before it was
    kept. publish says whether the video plays it once it has completed, if it is the newest one that does.
    waiting_reason tells why a QUEUED job does not wait for its turn alone, waiting_until when that is over as
    far as can be told.
    """

    job_id: str
    video_id: str
    status: JobStatus
    waiting_reason: Literal["waiting_for_restore"] | None
    waiting_until: str | None
    stage: str | None
    progress_percent: float | None
    fps: float | None
    eta_seconds: float | None
    priority: int
    profile: str
    profile_version: str | None
    publish: bool
    filename: str
    source: SourceView
    size_bytes: int | None
    attempt: int
    error: JobError | None
    created_at: str
    updated_at: str
    uploaded_at: str | None
    started_at: str | None
    finished_at: str | None


class OutputView(TypedDict):
    """One file a job made; download is the path that returns a signed link to it."""

    name: str
    kind: str
    content_type: str
    size_bytes: int
    sha256: str
    width: int | None
    height: int | None
    codec: str | None
    bitrate_kbps: float | None
    duration_seconds: float | None
    frame_rate: float | None
    details: dict[str, JsonValue]
    download: str


class JobView(JobSummary):
    """A job with its outputs and the seconds each stage took.

    queue_position counts the waiting jobs of the same API key, 1 begins next; null when it does not wait for
    its turn, or when more than 1,000 are ahead. reused_job_id is the job that made the outputs, when another
    one did. warnings tell what was odd about the source; empty until the job has completed.
    """

    queue_position: int | None
    reused_job_id: str | None
    overrides: dict[str, JsonValue]
    warnings: list[WarningView]
    stage_seconds: dict[str, float]
    outputs: list[OutputView]


class JobPage(TypedDict):
    """One page of jobs, newest first; next_cursor is null on the last page."""

    items: list[JobSummary]
    next_cursor: str | None


class UploadTicket(TypedDict):
    """How to upload the file: this method, URL and exactly these headers, before expires_at."""

    method: Literal["PUT"]
    url: str
    headers: dict[str, str]
    expires_at: str


class JobCreated(TypedDict):
    """The new job; upload is null when the source is already in the bucket."""

    job: JobView
    upload: UploadTicket | MultipartTicket | None


class EventView(TypedDict):
    """One thing that happened to a job; actor is null where the platform did it by itself."""

    event_id: int
    type: str
    attempt: int | None
    at: str
    actor: ActorView | None
    data: dict[str, JsonValue]


class EventPage(TypedDict):
    """One page of events, oldest first; next_cursor is null on the last page."""

    items: list[EventView]
    next_cursor: str | None


class DownloadLink(TypedDict):
    """A link that needs no key and works until expires_at."""

    download_url: str
    expires_at: str
    filename: str
    content_type: str
    size_bytes: int | None
