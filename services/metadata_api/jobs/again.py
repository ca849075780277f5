"""Orders on what was processed before: the file of an earlier job, in the version that it was made of."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from ledger.jobs import job_queries
from ledger.models import ArchivedSource, SourceObject
from ledger.videos import videos
from metadata_api.http.problems import Problem, ProblemCode, field_problem
from metadata_api.jobs.archived import source_of
from metadata_api.jobs.sources import FoundSource, check_size, look_at
from metadata_api.models.jobs import AgainJobBody, JobSourceBody
from metadata_api.operations.request import not_found
from metadata_api.settings import CreationSettings
from runtime.archive import Availability

if TYPE_CHECKING:
    from ledger.database.connection import LedgerConnection
    from ledger.jobs.job_queries import JobRow

_MOST_SOURCES: Final = 10  # each is asked for with a request of its own


def find_earlier(
    conn: "LedgerConnection", body: AgainJobBody | JobSourceBody, settings: CreationSettings
) -> tuple[FoundSource, str]:
    """The source of an earlier job, and what people called its file.

    Args:
        conn: An open connection.
        body: Names the job, or the video alone: then it is the job that plays, else the newest one whose
            source is still there.
        settings: Of this deployment.

    Raises:
        Problem: SOURCE_NOT_FOUND or VIDEO_NOT_FOUND when there is no such thing, SOURCE_NOT_UPLOADED when no
            file ever came, SOURCE_GONE when none is left.
    """
    if isinstance(body, JobSourceBody):
        detail = job_queries.get(conn, body.source.job_id)
        if detail is None:
            message = "there is no such job"
            raise field_problem("source.job_id", message, ProblemCode.SOURCE_NOT_FOUND)
        named, candidates = f"job {body.source.job_id}", [detail.job]
    else:
        if videos.get(conn, body.video_id) is None:
            raise not_found(ProblemCode.VIDEO_NOT_FOUND, str(body.video_id))
        named, candidates = f"video {body.video_id}", job_queries.with_file(conn, body.video_id)
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
