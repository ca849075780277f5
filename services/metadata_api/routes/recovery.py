"""What else people do with a record: take it back, fetch its original, choose what it plays."""

from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from uuid import UUID

from ledger.access.keys import Scope
from ledger.errors import PurgeBegunError
from ledger.jobs import job_queries
from ledger.videos import videos
from metadata_api.http.problems import Problem, ProblemCode, not_found
from metadata_api.http.responses import Response, json_response, optional_timestamp
from metadata_api.jobs.archived import source_of, terms_of
from metadata_api.jobs.record_answers import record_response, wanted_versions, why_not
from metadata_api.jobs.sources import look_at
from metadata_api.models.records import PinBody, RecordView, RestoreQuery, RestoreView
from metadata_api.operations.operation import ETAG, IF_MATCH, RouteGroup
from metadata_api.operations.request import ApiRequest
from runtime import archive, clients
from runtime.archive import Access

if TYPE_CHECKING:
    from datetime import datetime

    from ledger.database.connection import LedgerConnection
    from ledger.jobs.job_queries import JobRow
    from metadata_api.settings import ApiSettings
    from runtime.archive import Availability

routes = RouteGroup("Metadata")
_CURRENT_JOB: Final = "/metadata/{video_id}/current-job"


@routes.route(
    "POST",
    "/metadata/{video_id}/undelete",
    summary="Take a deleted record back",
    scope=Scope.PRODUCER,
    returns=RecordView,
    returns_headers=(ETAG,),
    problems=(ProblemCode.VIDEO_NOT_FOUND, ProblemCode.VIDEO_PURGED, ProblemCode.UPSTREAM_UNAVAILABLE),
)
def undelete_record(request: ApiRequest) -> Response:
    """Shows a deleted video again, with jobs, outputs and texts; jobs that the deletion cancelled stay so.

    Possible until its content begins to be deleted for good, at the earliest at the purge_at that
    GET /metadata?state=deleted tells. Taking back what is not deleted changes nothing.
    """
    # Loads the database driver; only calls that reach the database need it.
    from ledger.videos import deletion

    video_id = request.path_id("video_id", ProblemCode.VIDEO_NOT_FOUND)
    with request.connection() as conn:
        try:
            known = deletion.take_back(conn, video_id)
            if known and (edge := request.resources.edge) is not None:
                edge.accept(video_id)  # asked for again when it could not be told
        except PurgeBegunError as error:
            raise Problem(ProblemCode.VIDEO_PURGED, f"{error}; it cannot be taken back") from error
        video = videos.get(conn, video_id) if known else None
    if video is None:
        raise not_found(ProblemCode.VIDEO_NOT_FOUND, str(video_id))
    return record_response(video)


@routes.route(
    "POST",
    "/metadata/{video_id}/restore",
    summary="Bring an original back from the archive",
    scope=Scope.PRODUCER,
    query=RestoreQuery,
    returns=RestoreView,
    status=HTTPStatus.ACCEPTED,
    also=(HTTPStatus.OK,),
    problems=(
        ProblemCode.VALIDATION_FAILED,
        ProblemCode.VIDEO_NOT_FOUND,
        ProblemCode.JOB_NOT_FOUND,
        ProblemCode.SOURCE_NOT_UPLOADED,
        ProblemCode.UPSTREAM_UNAVAILABLE,
    ),
)
def restore_original(request: ApiRequest) -> Response:
    """Asks S3 for a readable copy of a job's very file; 202 while that runs, 200 once it can be read.

    The copy stays for the configured days; asking again while it is there keeps it longer. Orders and retries
    on the file that are made meanwhile wait for it and begin by themselves.
    """
    video_id = request.path_id("video_id", ProblemCode.VIDEO_NOT_FOUND)
    wanted = request.query(RestoreQuery).job_id
    settings = request.resources.settings
    with request.connection() as conn:
        if videos.get(conn, video_id) is None:
            raise not_found(ProblemCode.VIDEO_NOT_FOUND, str(video_id))
        job = _job_with_file(conn, video_id, wanted)
        standing, expected_at = _ask(conn, job, settings)
    view = RestoreView(
        video_id=str(video_id),
        job_id=str(job.id),
        status="RESTORING" if expected_at else "READABLE",
        storage_class=standing.storage_class,
        expected_at=optional_timestamp(expected_at),
        readable_until=optional_timestamp(standing.readable_until),
    )
    return json_response(view, HTTPStatus.ACCEPTED if expected_at else HTTPStatus.OK)


@routes.route(
    "PUT",
    _CURRENT_JOB,
    summary="Pin what a video plays",
    scope=Scope.PRODUCER,
    body=PinBody,
    returns=RecordView,
    headers=(IF_MATCH,),
    returns_headers=(ETAG,),
    problems=(
        ProblemCode.VALIDATION_FAILED,
        ProblemCode.BODY_TOO_LARGE,
        ProblemCode.UNSUPPORTED_MEDIA_TYPE,
        ProblemCode.VIDEO_NOT_FOUND,
        ProblemCode.VERSION_MISMATCH,
        ProblemCode.JOB_NOT_PLAYABLE,
    ),
)
def pin_current_job(request: ApiRequest) -> Response:
    """The video plays this job, whether it publishes or not and whatever completes later, until unpinned."""
    # Loads the database driver; only calls that reach the database need it.
    from ledger.videos import pins
    from ledger.videos.pins import NotPlayableError

    video_id = request.path_id("video_id", ProblemCode.VIDEO_NOT_FOUND)
    job_id = request.body(PinBody).job_id
    versions = wanted_versions(request)
    with request.connection() as conn:
        try:
            video = pins.pin(conn, video_id, job_id, versions)
        except NotPlayableError as error:
            raise Problem(ProblemCode.JOB_NOT_PLAYABLE, str(error)) from error
        if video is None:
            raise why_not(videos.get(conn, video_id), video_id)
    return record_response(video)


@routes.route(
    "DELETE",
    _CURRENT_JOB,
    summary="Unpin what a video plays",
    scope=Scope.PRODUCER,
    returns=RecordView,
    headers=(IF_MATCH,),
    returns_headers=(ETAG,),
    problems=(ProblemCode.VIDEO_NOT_FOUND, ProblemCode.VERSION_MISMATCH),
)
def unpin_current_job(request: ApiRequest) -> Response:
    """The video plays its newest published job that can be played, and later ones when they complete."""
    from ledger.videos import pins

    video_id = request.path_id("video_id", ProblemCode.VIDEO_NOT_FOUND)
    versions = wanted_versions(request)
    with request.connection() as conn:
        video = pins.unpin(conn, video_id, versions)
        if video is None:
            raise why_not(videos.get(conn, video_id), video_id)
    return record_response(video)


def _job_with_file(conn: "LedgerConnection", video_id: UUID, wanted: UUID | None) -> "JobRow":
    if wanted is None:
        found = job_queries.newest_with_file(conn, video_id)
        if found is None:
            detail = f"no file was uploaded for video {video_id}"
            raise Problem(ProblemCode.SOURCE_NOT_UPLOADED, detail)
        return found
    detail_of = job_queries.get(conn, wanted)
    if detail_of is None or detail_of.job.video_id != video_id:
        raise not_found(ProblemCode.JOB_NOT_FOUND, str(wanted))
    return detail_of.job


def _ask(
    conn: "LedgerConnection", job: "JobRow", settings: "ApiSettings"
) -> "tuple[Availability, datetime | None]":
    """How the original stands after it was asked for; with a time while it is on its way."""
    from ledger.turns import restores

    source, terms = source_of(job), terms_of(settings)
    before = look_at(source) if job.uploaded_at is not None else None
    if before is None:
        detail = f"the file of job {job.id} is not in the bucket"
        raise Problem(ProblemCode.SOURCE_NOT_UPLOADED, detail)
    if before.access is Access.ARCHIVED or before.readable_until is not None:
        archive.ask(clients.s3(), source, terms)
        before_access, before = before.access, look_at(source) or before
        if before_access is Access.ARCHIVED:
            restores.note(conn, source, terms.expected_at(before.storage_class))
    if before.access is Access.READABLE:
        return before, None
    return before, restores.expected(conn, source, terms.expected_at(before.storage_class))
