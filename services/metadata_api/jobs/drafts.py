"""Checked requests for jobs, and the rows that they become."""

from dataclasses import dataclass
from pathlib import PurePosixPath
from uuid import UUID

from ledger.models import NewJob, SourceObject
from ledger.overrides import Overrides
from ledger.videos.sidecars import NewSidecar
from ledger.videos.videos import VideoDraft
from metadata_api.access.access import Access
from metadata_api.models.jobs import AnyJobBody, UploadJobBody
from runtime.archive import READABLE, Availability


@dataclass(frozen=True, slots=True, kw_only=True)
class JobDraft:
    """A checked request for a job.

    Attributes:
        access: Who drafts it; the client will own it.
        source: None when the file is still to be uploaded.
        availability: Whether the source can be read at once.
        overrides: What it asks for beyond its profile.
        profile_version: Of the profile as this deployment has it.
        subtitles: What it adds to the video's record.
    """

    access: Access
    body: AnyJobBody
    source: SourceObject | None
    filename: str
    overrides: Overrides
    profile_version: str
    availability: Availability = READABLE
    subtitles: tuple[NewSidecar, ...] = ()


def filename_of_key(key: str) -> str:
    """What people call an object: the last part of its key."""
    return PurePosixPath(key).name[:255] or "source"


def new_video(draft: JobDraft) -> VideoDraft:
    """The record of the video that a job brings with it."""
    given = draft.body.metadata
    if given is None:
        return VideoDraft(title=draft.filename)
    return VideoDraft(
        title=given.title or draft.filename,
        description=given.description,
        tags=given.tags,
        language=given.language,
        attributes=given.attributes,
    )


def new_job(
    job_id: UUID, video_id: UUID, draft: JobDraft, ingest_bucket: str, batch_id: UUID | None, *, publish: bool
) -> NewJob:
    """The row of a job.

    Args:
        job_id: Its id.
        video_id: The video that it is for.
        draft: What was ordered.
        ingest_bucket: Where an upload goes.
        batch_id: The batch that it belongs to.
        publish: What holds where the order does not say it.
    """
    body, source = draft.body, draft.source
    upload = body if isinstance(body, UploadJobBody) else None
    return NewJob(
        id=job_id,
        video_id=video_id,
        owner=draft.access.caller.client,
        priority=body.priority,
        profile=body.profile,
        profile_version=draft.profile_version,
        publish=publish if body.publish is None else body.publish,
        filename=draft.filename,
        source_bucket=source.bucket if source else ingest_bucket,
        # Of an upload made by us: no part of a key ever comes from a caller.
        source_key=source.key if source else f"uploads/{job_id}/source",
        content_type=upload.content_type if upload else None,
        declared_size_bytes=upload.size_bytes if upload else None,
        declared_sha256=upload.sha256 if upload else None,
        batch_id=batch_id,
    )
