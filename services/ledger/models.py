"""Values that go in and out of the ledger."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from ledger.overrides import NO_OVERRIDES, Overrides
from ledger.states import DEFAULT_PRIORITY, AnnouncementRoute, ErrorCode, JobStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """What people are told about a settled job.

    Attributes:
        subject: One line, at most 100 printable ASCII characters.
        message: Text for a person.
        attributes: Machine-readable facts; always the same seven names.
    """

    subject: str
    message: str
    attributes: Mapping[str, str]

    def as_dict(self) -> dict[str, Any]:
        """The JSON shape that the workflow, the outbox and the ledger store."""
        return {"subject": self.subject, "message": self.message, "attributes": dict(self.attributes)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Announcement":
        """Reads back what `as_dict` wrote."""
        return cls(subject=data["subject"], message=data["message"], attributes=dict(data["attributes"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A worker's hold on one job: every later write carries its attempt and fence.

    Attributes:
        fence: Number of this hold; a higher one in the ledger makes this one void.
        output_prefix: Key prefix in the media bucket for this hold alone, with a trailing slash.
        overrides: What the job asks for beyond its profile.
    """

    job_id: UUID
    video_id: UUID
    attempt: int
    fence: int
    profile: str
    filename: str
    source_bucket: str
    source_key: str
    source_version_id: str | None
    source_etag: str | None
    declared_size_bytes: int | None
    declared_sha256: str | None
    output_prefix: str
    overrides: Overrides = NO_OVERRIDES


@dataclass(frozen=True, slots=True, kw_only=True)
class AlreadySettled:
    """The job completed before this worker started; report its announcement again instead of working."""

    status: JobStatus
    announcement: Announcement


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputRecord:
    """One published file of a job.

    Attributes:
        key: Full object key in the media bucket.
        codec: RFC 6381 string, e.g. `avc1.640028`.
        details: Anything else a reader may want, JSON-serialisable.
    """

    name: str
    kind: str
    key: str
    content_type: str
    size_bytes: int
    sha256: str
    width: int | None = None
    height: int | None = None
    codec: str | None = None
    bitrate_kbps: int | None = None
    duration_seconds: float | None = None
    frame_rate: float | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a job failed: a stable code, a sentence for people, and what to do."""

    code: ErrorCode
    message: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobWarning:
    """One thing that was odd about a source that was processed all the same.

    Attributes:
        code: Stable; docs/api.md lists them. A newer worker may know more of them than this reader.
        message: A sentence for a person who has only the file.
        facts: The values behind it.
    """

    code: str
    message: str
    facts: Mapping[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """What a JSON column can hold: no NUL, which a track's name may bring, and no infinite number."""
        return {
            "code": self.code,
            "message": self.message.replace("\0", ""),
            "facts": {name: _storable(value) for name, value in self.facts.items()},
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "JobWarning":
        """Reads back what `as_dict` wrote."""
        return cls(code=data["code"], message=data["message"], facts=dict(data["facts"]))


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\0", "")
    return None if isinstance(value, float) and not math.isfinite(value) else value


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceObject:
    """One version of one object in a bucket, as an event or a HEAD request tells it.

    Attributes:
        sequencer: S3's ordering token: of two versions of one key the larger is the newer.
    """

    bucket: str
    key: str
    size_bytes: int
    etag: str | None = None
    version_id: str | None = None
    sequencer: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedSource:
    """One version of one original in S3's archive; its version id is empty in a bucket without versions."""

    bucket: str
    key: str
    version_id: str = ""

    @classmethod
    def at(cls, bucket: str, key: str, version_id: str | None) -> Self:
        """The original in this place; objects and jobs have no version id where the bucket has none."""
        return cls(bucket=bucket, key=key, version_id=version_id or "")

    def as_parameters(self) -> dict[str, Any]:
        """The fields as SQL parameters."""
        return {"bucket": self.bucket, "key": self.key, "version_id": self.version_id}


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job as the transitions see it."""

    id: UUID
    video_id: UUID
    status: JobStatus
    owner: str
    attempt: int
    attempt_limit: int
    fence: int
    profile: str
    filename: str
    source_bucket: str
    source_key: str
    source_sequencer: str | None
    source_size_bytes: int | None
    uploaded_at: datetime | None
    execution_arn: str | None
    task_token: str | None
    stage: str | None
    announcement: Announcement | None
    announcement_route: AnnouncementRoute
    created_at: datetime
    started_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """A job that somebody orders through the API; its video exists already.

    Attributes:
        owner: Public id of the API key that ordered it, BUCKET_OWNER or CONSOLE_OWNER; they share the slots.
        priority: 0 to 9; of the jobs of one owner the highest begins first.
        upload_id: S3's id of a multipart upload.
        batch_id: The batch it was ordered in.
        execution_arn: The execution that it was ordered by and that will run it; None where one is started.
        publish: Whether the video plays it once it has completed, unless a later one or a pin says otherwise.
        profile_version: What tells this profile from the same one with other settings.
    """

    id: UUID
    video_id: UUID
    owner: str
    profile: str
    filename: str
    source_bucket: str
    source_key: str
    priority: int = DEFAULT_PRIORITY
    content_type: str | None = None
    declared_size_bytes: int | None = None
    declared_sha256: str | None = None
    upload_id: str | None = None
    batch_id: UUID | None = None
    execution_arn: str | None = None
    publish: bool = True
    profile_version: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What the workflow does after a failure: announce it, announce the success after all, or nothing.

    Attributes:
        status: COMPLETED, FAILED, or IGNORED when somebody else has settled the job or owns its announcement.
        announcement: None when ignored.
    """

    job_id: UUID
    status: str
    announcement: Announcement | None

    def as_dict(self) -> dict[str, Any]:
        """The JSON shape that the state machine reads."""
        told = self.announcement.as_dict() if self.announcement else None
        return {"job_id": str(self.job_id), "status": self.status, "announcement": told}
