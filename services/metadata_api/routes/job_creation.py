"""POST /jobs: an upload form, or work on an object that is already there."""

from dataclasses import dataclass
from http import HTTPStatus
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid4

from aws_lambda_powertools.event_handler import Response

from ledger import idempotency, job_queries, videos
from ledger.models import NewJob, SourceObject
from ledger.videos import VideoDraft
from metadata_api import multipart
from metadata_api.consequences import start_now
from metadata_api.models.jobs import JOB_REQUEST, JobCreated, SourceJobBody, UploadJobBody
from metadata_api.operations import IDEMPOTENCY_KEY, LOCATION, RouteGroup
from metadata_api.problems import Problem, ProblemCode, field_problem
from metadata_api.rendering import job_view
from metadata_api.request import ApiRequest, not_found
from metadata_api.responses import json_response
from metadata_api.sources import check_size, find_source
from metadata_api.upload_tickets import upload_ticket

if TYPE_CHECKING:
    from ledger.connection import LedgerConnection

routes = RouteGroup("Jobs")
_OPERATION: Final = "create-job"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A checked request for a job; source is None when the file is still to be uploaded."""

    body: UploadJobBody | SourceJobBody
    source: SourceObject | None
    filename: str


@routes.route(
    "POST",
    "/jobs",
    summary="Create a job",
    body=JOB_REQUEST,
    returns=JobCreated,
    status=HTTPStatus.CREATED,
    headers=(IDEMPOTENCY_KEY,),
    returns_headers=(LOCATION,),
    problems=(
        ProblemCode.VALIDATION_FAILED,
        ProblemCode.SOURCE_NOT_ALLOWED,
        ProblemCode.SOURCE_NOT_FOUND,
        ProblemCode.VIDEO_NOT_FOUND,
        ProblemCode.IDEMPOTENT_RESULT_GONE,
        ProblemCode.BODY_TOO_LARGE,
        ProblemCode.UPLOAD_TOO_LARGE,
        ProblemCode.UNSUPPORTED_MEDIA_TYPE,
        ProblemCode.IDEMPOTENCY_KEY_REUSED,
        ProblemCode.UPSTREAM_UNAVAILABLE,
    ),
)
def create_job(request: ApiRequest) -> Response[str]:
    """A job for a file or for an object.

    With filename, size_bytes and content_type the answer says how to upload the file; processing starts when
    it has arrived. With source the processing of that object starts at once.
    """
    order = _order(request)
    with request.resources.connection() as conn:
        with conn.transaction():
            job_id = _store(conn, request, order)
        if order.source is not None:
            start_now(conn, job_id, state_machine_arn=request.resources.settings.state_machine_arn)
        detail = job_queries.get(conn, job_id)
    if detail is None:
        message = f"the job {job_id} made with this Idempotency-Key was deleted; use a new key for a new job"
        raise Problem(ProblemCode.IDEMPOTENT_RESULT_GONE, message)
    created = JobCreated(
        job=job_view(detail, None), upload=upload_ticket(request.resources.presigner, detail.job)
    )
    return json_response(created, HTTPStatus.CREATED, {"Location": f"/jobs/{job_id}"})


def _order(request: ApiRequest) -> Order:
    body = request.body(JOB_REQUEST)
    _check_profile(body.profile)
    if body.video_id is not None and body.metadata is not None:
        raise field_problem("metadata", "cannot be given with video_id; change the record with PATCH instead")
    if isinstance(body, UploadJobBody):
        check_size(body.size_bytes, request.resources.settings)
        _check_single(body)
        return Order(body=body, source=None, filename=body.filename)
    source = find_source(body.source, request.resources.settings)
    return Order(body=body, source=source, filename=_filename_of_key(body.source.key))


def _check_single(body: UploadJobBody) -> None:
    if body.upload == "single" and body.size_bytes > multipart.MAX_SINGLE_UPLOAD_BYTES:
        limit = multipart.MAX_SINGLE_UPLOAD_BYTES
        raise field_problem("upload", f"files of more than {limit} bytes have to be uploaded in parts")


def _in_parts(body: UploadJobBody) -> bool:
    if body.upload is not None:
        return body.upload == "multipart"
    return body.size_bytes >= multipart.MULTIPART_FROM_BYTES


def _check_profile(name: str) -> None:
    # The profile files are read at the first job only, not by every cold start.
    from profiles import UnknownProfileError, get_profile

    try:
        get_profile(name)
    except UnknownProfileError as error:
        raise field_problem("profile", str(error)) from error


def _filename_of_key(key: str) -> str:
    return PurePosixPath(key).name[:255] or "source"


def _store(conn: "LedgerConnection", request: ApiRequest, order: Order) -> UUID:
    """Writes key, video and job together; with a known key nothing, but finds the first call's job."""
    # Loads the database driver; by now the connection has done so.
    from ledger import jobs

    job_id, key = uuid4(), request.idempotency_key()
    if key is not None:
        known_id = idempotency.claim(
            conn,
            caller=request.caller,
            operation=_OPERATION,
            key=key,
            request_sha256=request.fingerprint(),
            resource_id=job_id,
        )
        if known_id != job_id:
            return known_id
    new = _new_job(job_id, _video_of(conn, order), order, request.resources.settings.ingest_bucket)
    if order.source is None:
        jobs.create_upload_job(conn, new)
    else:
        jobs.create_object_job(conn, new, order.source)
    return job_id


def _video_of(conn: "LedgerConnection", order: Order) -> UUID:
    video_id = order.body.video_id
    if video_id is not None:
        # Locked, so that it cannot be deleted before its job exists.
        if videos.lock(conn, video_id) is None:
            raise not_found(ProblemCode.VIDEO_NOT_FOUND, str(video_id))
        return video_id
    given = order.body.metadata
    draft = VideoDraft(title=order.filename)
    if given is not None:
        draft = VideoDraft(
            title=given.title or order.filename,
            description=given.description,
            tags=given.tags,
            language=given.language,
            attributes=given.attributes,
        )
    return videos.create(conn, uuid4(), draft).id


def _new_job(job_id: UUID, video_id: UUID, order: Order, ingest_bucket: str) -> NewJob:
    body = order.body
    if isinstance(body, SourceJobBody):
        return NewJob(
            id=job_id,
            video_id=video_id,
            profile=body.profile,
            filename=order.filename,
            source_bucket=body.source.bucket,
            source_key=body.source.key,
        )
    # Made by us: no part of a key ever comes from a caller.
    key = f"uploads/{job_id}/source"
    return NewJob(
        id=job_id,
        video_id=video_id,
        profile=body.profile,
        filename=order.filename,
        source_bucket=ingest_bucket,
        source_key=key,
        content_type=body.content_type,
        declared_size_bytes=body.size_bytes,
        declared_sha256=body.sha256,
        upload_id=multipart.begin(ingest_bucket, key, body.content_type) if _in_parts(body) else None,
    )
