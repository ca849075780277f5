"""Orders on what was processed before: the file of an earlier job, in the version that it was made of."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from ledger.access import owners
from ledger.jobs import job_queries
from ledger.models import ArchivedSource, SourceObject
from ledger.videos import videos
from metadata_api.access.access import Access
from metadata_api.http.problems import Problem, ProblemCode, field_problem, not_found
from metadata_api.jobs.archived import source_of
from metadata_api.jobs.sources import FoundSource, check_size, look_at
from metadata_api.models.jobs import AgainJobBody, JobSourceBody
from metadata_api.settings import CreationSettings
from runtime.archive import Availability

if TYPE_CHECKING:
    from ledger.database.connection import LedgerConnection
    from ledger.jobs.job_queries import JobRow

_MOST_SOURCES: Final = 10  # each is asked for with a request of its own


def find_earlier(
    body: AgainJobBody | JobSourceBody, access: Access, settings: CreationSettings
) -> tuple[FoundSource, str]:
    """The source of an earlier job, and what people called its file.

    Args:
        body: Names the job, or the video alone: then it is the job that plays, else the newest one whose
            source is still there.
        access: Who asks.
        settings: Of this deployment.

    Raises:
        Problem: SOURCE_NOT_FOUND or VIDEO_NOT_FOUND when there is no such thing, or not for this caller,
            SOURCE_NOT_UPLOADED when no file ever came, SOURCE_GONE when none is left.
    """
    with access.connect() as conn:
        named, candidates = _candidates(conn, body, access)
    arrived = [job for job in candidates if job.uploaded_at is not None]
    if not arrived:
        message = f"no file of {named} has arrived, so there is nothing to process again; upload it first"
        raise Problem(ProblemCode.SOURCE_NOT_UPLOADED, message)
    for job, standing in _there(arrived):
        size_bytes = job.source_size_bytes or 0
        check_size(size_bytes, settings)
        source = SourceObject(
            bucket=job.source_bucket,
            key=job.source_key,
            size_bytes=size_bytes,
            etag=job.source_etag,
            version_id=job.source_version_id,
        )
        return FoundSource(source=source, availability=standing), job.filename
    message = f"the file of {named} is no longer in the bucket; upload it again with its video_id"
    raise Problem(ProblemCode.SOURCE_GONE, message)


def _candidates(
    conn: "LedgerConnection", body: AgainJobBody | JobSourceBody, access: Access
) -> "tuple[str, list[JobRow]]":
    if isinstance(body, JobSourceBody):
        job_id = body.source.job_id
        missing = field_problem("source.job_id", "there is no such job", ProblemCode.SOURCE_NOT_FOUND)
        access.check_owner(owners.of_job(conn, job_id), missing, changes=False)
        detail = job_queries.get(conn, job_id)
        if detail is None:
            raise missing
        return f"job {job_id}", [detail.job]
    missing = not_found(ProblemCode.VIDEO_NOT_FOUND, str(body.video_id))
    access.check_owner(owners.of_video(conn, body.video_id), missing, changes=True)
    if videos.get(conn, body.video_id) is None:
        raise missing
    return f"video {body.video_id}", job_queries.with_file(conn, body.video_id)


def _there(jobs: "list[JobRow]") -> "Iterator[tuple[JobRow, Availability]]":
    """Those whose source is still there; each source is looked at once."""
    seen: set[ArchivedSource] = set()
    for job in jobs:
        place = source_of(job)
        if place in seen or len(seen) == _MOST_SOURCES:
            continue
        seen.add(place)
        standing = look_at(place)
        if standing is not None:
            yield job, standing
