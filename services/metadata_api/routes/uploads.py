"""Uploads in parts: what has arrived, completing and giving up."""

from typing import TYPE_CHECKING
from uuid import UUID

from ledger.access.keys import Scope
from ledger.errors import WrongStateError
from ledger.jobs import job_queries
from ledger.jobs.job_queries import JobRow
from ledger.states import JobStatus
from metadata_api.environment import multipart
from metadata_api.http.problems import Problem, ProblemCode, field_problem, not_found
from metadata_api.http.responses import Response, json_response
from metadata_api.jobs.execution_control import forget_upload
from metadata_api.jobs.rendering import job_view
from metadata_api.jobs.sources import is_present
from metadata_api.jobs.upload_tickets import open_upload, part_list
from metadata_api.models.jobs import JobView
from metadata_api.models.uploads import CompletionBody, PartList
from metadata_api.operations.operation import RouteGroup
from metadata_api.operations.request import ApiRequest
from runtime.multipart import OpenUpload

if TYPE_CHECKING:
    from ledger.database.connection import LedgerConnection

routes = RouteGroup("Uploads")
# 10,000 parts with the longest ETag, written with spaces.
_MAX_COMPLETION_BYTES = 2_097_152
_UPLOAD_PROBLEMS = (
    ProblemCode.JOB_NOT_FOUND,
    ProblemCode.UPLOAD_NOT_OPEN,
    ProblemCode.UPSTREAM_UNAVAILABLE,
)


@routes.route(
    "GET",
    "/jobs/{job_id}/upload/parts",
    summary="List the parts of an upload",
    scope=Scope.PRODUCER,
    returns=PartList,
    problems=_UPLOAD_PROBLEMS,
)
def list_upload_parts(request: ApiRequest) -> Response:
    """What has arrived, and fresh links for what has not: an interrupted upload goes on from here."""
    job_id = request.path_id("job_id", ProblemCode.JOB_NOT_FOUND)
    with request.connection() as conn:
        job = _job(conn, job_id)
    upload = _open(job)
    stored = multipart.stored_parts(upload)
    return json_response(part_list(request.resources.presigner, upload, _size_bytes(job), stored))


@routes.route(
    "POST",
    "/jobs/{job_id}/upload/complete",
    summary="Complete an upload",
    scope=Scope.PRODUCER,
    body=CompletionBody,
    returns=JobView,
    problems=(
        *_UPLOAD_PROBLEMS,
        ProblemCode.VALIDATION_FAILED,
        ProblemCode.UPLOAD_INCOMPLETE,
        ProblemCode.BODY_TOO_LARGE,
        ProblemCode.UNSUPPORTED_MEDIA_TYPE,
    ),
)
def complete_upload(request: ApiRequest) -> Response:
    """Makes the file of its parts, once all are there in their right size; processing starts by itself.

    Completing again changes nothing.
    """
    job_id = request.path_id("job_id", ProblemCode.JOB_NOT_FOUND)
    etags = _sent_etags(request.body(CompletionBody, max_bytes=_MAX_COMPLETION_BYTES))
    with request.connection() as conn:
        job = _job(conn, job_id)
        if job.uploaded_at is None or job.upload_id is None:
            _complete_once(_open(job), _size_bytes(job), etags)
        detail = job_queries.get(conn, job_id)
    if detail is None:
        raise not_found(ProblemCode.JOB_NOT_FOUND, str(job_id))
    return json_response(job_view(detail, None))


@routes.route(
    "POST",
    "/jobs/{job_id}/upload/abort",
    summary="Give an upload up",
    scope=Scope.PRODUCER,
    returns=JobView,
    problems=_UPLOAD_PROBLEMS,
)
def abort_upload(request: ApiRequest) -> Response:
    """Throws the parts away and cancels the job. Giving up again changes nothing."""
    # Loads the database driver; only calls that reach the database need it.
    from ledger.jobs import jobs

    job_id = request.path_id("job_id", ProblemCode.JOB_NOT_FOUND)
    with request.connection() as conn:
        job = _job(conn, job_id)
        if not (job.status == JobStatus.CANCELLED and job.upload_id and job.uploaded_at is None):
            upload = _open(job)
            try:
                jobs.cancel(conn, job_id)
            except WrongStateError as error:  # it has expired this very moment
                raise Problem(ProblemCode.UPLOAD_NOT_OPEN, str(error)) from error
            forget_upload(upload)
        detail = job_queries.get(conn, job_id)
    if detail is None:
        raise not_found(ProblemCode.JOB_NOT_FOUND, str(job_id))
    return json_response(job_view(detail, None))


def _sent_etags(body: CompletionBody) -> dict[int, str]:
    etags = {part.part_number: part.etag.strip('"') for part in body.parts}
    if len(etags) != len(body.parts):
        raise field_problem("parts", "names a part more than once; name each part once")
    return etags


def _complete(upload: OpenUpload, size_bytes: int, etags: dict[int, str]) -> None:
    wanted = {part.number: part.size_bytes for part in multipart.parts_of(size_bytes)}
    stored = multipart.stored_parts(upload)
    wrong = [
        number
        for number in sorted(wanted.keys() | etags.keys())
        if number not in stored
        or stored[number].size_bytes != wanted.get(number)
        or stored[number].etag != etags.get(number)
    ]
    if wrong:
        shown = ", ".join(map(str, wrong[:10])) + (" and more" if len(wrong) > 10 else "")
        detail = (
            f"{len(wrong)} of {len(wanted)} parts are missing, of another size, or named with another ETag:"
            f" {shown}; read the list of parts, upload these and complete again"
        )
        raise Problem(ProblemCode.UPLOAD_INCOMPLETE, detail)
    multipart.complete(upload, etags)


def _complete_once(upload: OpenUpload, size_bytes: int, etags: dict[int, str]) -> None:
    """Same as `_complete`, and content with an upload that an earlier call has completed already."""
    try:
        _complete(upload, size_bytes, etags)
    except Problem as problem:
        ended = problem.code is ProblemCode.UPLOAD_NOT_OPEN
        if not (ended and is_present(upload.bucket, upload.key, None)):
            raise


def _job(conn: "LedgerConnection", job_id: UUID) -> JobRow:
    detail = job_queries.get(conn, job_id)
    if detail is None:
        raise not_found(ProblemCode.JOB_NOT_FOUND, str(job_id))
    return detail.job


def _open(job: JobRow) -> OpenUpload:
    upload = open_upload(job)
    if upload is None:
        kind = "is not uploaded in parts" if job.upload_id is None else f"is {job.status}"
        detail = f"job {job.id} {kind}; only a PENDING job with a multipart upload has parts"
        raise Problem(ProblemCode.UPLOAD_NOT_OPEN, detail)
    return upload


def _size_bytes(job: JobRow) -> int:
    return job.declared_size_bytes or 0
