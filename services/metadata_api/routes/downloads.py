"""Links to the uploaded file and to what was made of it."""

from pathlib import PurePosixPath

from ledger.access.keys import Scope
from ledger.jobs import job_queries
from ledger.states import JobStatus
from metadata_api.environment.presign import StoredObject
from metadata_api.http.problems import Problem, ProblemCode, not_found
from metadata_api.http.responses import Response, json_response
from metadata_api.jobs.archived import refuse_unreadable, source_of
from metadata_api.jobs.sources import look_at
from metadata_api.models.jobs import DownloadLink
from metadata_api.operations.operation import RouteGroup
from metadata_api.operations.request import ApiRequest

routes = RouteGroup("Downloads")
# Whatever was uploaded is offered as bytes: its declared type is the uploader's claim.
_ORIGINAL_CONTENT_TYPE = "application/octet-stream"


@routes.route(
    "GET",
    "/jobs/{job_id}/download/original",
    summary="Link to the uploaded file",
    scope=Scope.PRODUCER,
    returns=DownloadLink,
    problems=(
        ProblemCode.JOB_NOT_FOUND,
        ProblemCode.SOURCE_NOT_UPLOADED,
        ProblemCode.SOURCE_ARCHIVED,
        ProblemCode.UPSTREAM_UNAVAILABLE,
    ),
)
def link_original(request: ApiRequest) -> Response:
    """A link, valid for one hour, to the file as it was uploaded; not while it lies in the archive."""
    job_id = request.path_id("job_id", ProblemCode.JOB_NOT_FOUND)
    with request.connection() as conn:
        detail = job_queries.get(conn, job_id)
        if detail is None:
            raise not_found(ProblemCode.JOB_NOT_FOUND, str(job_id))
        job = detail.job
        if job.uploaded_at is None:
            message = f"the file of job {job_id} was not uploaded; status is {job.status}"
            raise Problem(ProblemCode.SOURCE_NOT_UPLOADED, message)
        source = source_of(job)
        standing = look_at(source)
        if standing is not None:
            refuse_unreadable(conn, source, standing, request.resources.settings)
    stored = StoredObject(
        bucket=job.source_bucket,
        key=job.source_key,
        filename=job.filename,
        content_type=_ORIGINAL_CONTENT_TYPE,
        size_bytes=job.source_size_bytes,
        version_id=job.source_version_id,
    )
    return json_response(request.resources.presigner.download(stored))


@routes.route(
    "GET",
    "/jobs/{job_id}/download/{output_name}",
    summary="Link to an output",
    scope=Scope.VIEWER,
    returns=DownloadLink,
    problems=(
        ProblemCode.JOB_NOT_FOUND,
        ProblemCode.OUTPUT_NOT_FOUND,
        ProblemCode.JOB_NOT_COMPLETED,
        ProblemCode.UPSTREAM_UNAVAILABLE,
    ),
)
def link_output(request: ApiRequest) -> Response:
    """A link, valid for one hour, to one of the outputs that GET /jobs/{job_id} names."""
    job_id = request.path_id("job_id", ProblemCode.JOB_NOT_FOUND)
    name = request.path_text("output_name")
    with request.connection() as conn:
        found = job_queries.find_output(conn, job_id, name)
    if found is None:
        raise not_found(ProblemCode.JOB_NOT_FOUND, str(job_id))
    if found.status != JobStatus.COMPLETED:
        message = f"job {job_id} is {found.status}; outputs exist once it is COMPLETED"
        raise Problem(ProblemCode.JOB_NOT_COMPLETED, message)
    if found.bucket is None or found.key is None or found.content_type is None:
        raise not_found(ProblemCode.OUTPUT_NOT_FOUND, name)
    stored = StoredObject(
        bucket=found.bucket,
        key=found.key,
        filename=_output_filename(found.filename, name, found.key),
        content_type=found.content_type,
        size_bytes=found.size_bytes,
    )
    return json_response(request.resources.presigner.download(stored))


def _output_filename(source: str, name: str, key: str) -> str:
    """Such as `holiday-1080p.mp4`: tells on the caller's disk which video and which output it is."""
    base = source.rsplit(".", 1)[0] or source
    suffix = PurePosixPath(key).suffix
    return f"{base}-{name}" if name.endswith(suffix) else f"{base}-{name}{suffix}"
