"""Metadata records: list, make, read, replace, change, delete."""

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from ledger.access.keys import Scope
from ledger.jobs import idempotency
from ledger.videos import videos
from ledger.videos.videos import NO_JOB, Video, VideoDraft, VideoFilter
from metadata_api.http.problems import Problem, ProblemCode, field_problem, not_found
from metadata_api.http.responses import Response, empty_response, json_response
from metadata_api.jobs.execution_control import cancel_all, stop_all
from metadata_api.jobs.record_answers import record_response, record_unless_known, wanted_versions, why_not
from metadata_api.jobs.rendering import deleted_record_view
from metadata_api.models.fields import check_attributes
from metadata_api.models.records import (
    PLAYABLE_BY_STATE,
    DeletionQuery,
    RecordBody,
    RecordPage,
    RecordPatch,
    RecordQuery,
    RecordView,
)
from metadata_api.operations.operation import (
    ETAG,
    IDEMPOTENCY_KEY,
    IF_MATCH,
    IF_NONE_MATCH,
    LOCATION,
    RouteGroup,
)
from metadata_api.operations.paging import read_page
from metadata_api.operations.request import JSON_TYPES, ApiRequest

if TYPE_CHECKING:
    from ledger.database.connection import LedgerConnection

routes = RouteGroup("Metadata")
_OPERATION: Final = "create-record"
_PATCH_TYPES: Final = JSON_TYPES | {"application/merge-patch+json"}
_BODY_PROBLEMS: Final = (
    ProblemCode.VALIDATION_FAILED,
    ProblemCode.BODY_TOO_LARGE,
    ProblemCode.UNSUPPORTED_MEDIA_TYPE,
)


@routes.route(
    "GET",
    "/metadata",
    summary="List records",
    scope=Scope.VIEWER,
    query=RecordQuery,
    returns=RecordPage,
    problems=(ProblemCode.VALIDATION_FAILED, ProblemCode.CURSOR_INVALID),
)
def list_records(request: ApiRequest) -> Response:
    """Records that match all filters, newest first; with state=deleted those that can be taken back."""
    query = request.query(RecordQuery)
    wanted = VideoFilter(
        tags=query.tag,
        text=query.q,
        playable=PLAYABLE_BY_STATE.get(query.state),
        latest_status=NO_JOB if query.latest_job == "NONE" else query.latest_job,
        created_after=query.created_after,
        created_before=query.created_before,
        deleted=query.state == "deleted",
        client=request.access.only_client,
    )
    retention_days = request.resources.settings.deleted_retention_days
    shown, next_cursor = read_page(
        request,
        "records",
        query,
        lambda conn, after, limit: videos.find(conn, wanted, after=after, limit=limit),
    )
    items = [deleted_record_view(row, retention_days) for row in shown]
    return json_response(RecordPage(items=items, next_cursor=next_cursor))


@routes.route(
    "POST",
    "/metadata",
    summary="Create a record",
    scope=Scope.PRODUCER,
    body=RecordBody,
    returns=RecordView,
    status=HTTPStatus.CREATED,
    headers=(IDEMPOTENCY_KEY,),
    returns_headers=(ETAG, LOCATION),
    problems=(*_BODY_PROBLEMS, ProblemCode.IDEMPOTENCY_KEY_REUSED, ProblemCode.IDEMPOTENT_RESULT_GONE),
)
def create_record(request: ApiRequest) -> Response:
    """A record without a video yet; give its video_id to POST /jobs to add one."""
    draft = _draft(request.body(RecordBody))
    key = request.idempotency_key()
    with request.connection() as conn:
        video = (
            videos.create(conn, uuid4(), draft, request.caller.client)
            if key is None
            else _create_once(conn, request, key, draft)
        )
    return record_response(video, HTTPStatus.CREATED)


@routes.route(
    "GET",
    "/metadata/{video_id}",
    summary="Read a record",
    scope=Scope.VIEWER,
    returns=RecordView,
    headers=(IF_NONE_MATCH,),
    returns_headers=(ETAG,),
    problems=(ProblemCode.VIDEO_NOT_FOUND,),
    also=(HTTPStatus.NOT_MODIFIED,),
)
def get_record(request: ApiRequest) -> Response:
    """The record of a video; technical is what probing the file of its current job found."""
    video_id = request.path_id("video_id", ProblemCode.VIDEO_NOT_FOUND)
    with request.connection() as conn:
        video = videos.get(conn, video_id)
    if video is None:
        raise not_found(ProblemCode.VIDEO_NOT_FOUND, str(video_id))
    return record_unless_known(request, video)


@routes.route(
    "PUT",
    "/metadata/{video_id}",
    summary="Replace a record",
    scope=Scope.PRODUCER,
    body=RecordBody,
    returns=RecordView,
    headers=(IF_MATCH,),
    returns_headers=(ETAG,),
    problems=(*_BODY_PROBLEMS, ProblemCode.VIDEO_NOT_FOUND, ProblemCode.VERSION_MISMATCH),
)
def replace_record(request: ApiRequest) -> Response:
    """Writes all writable fields; those left out get their default."""
    video_id = request.path_id("video_id", ProblemCode.VIDEO_NOT_FOUND)
    draft = _draft(request.body(RecordBody))
    versions = wanted_versions(request)
    with request.connection() as conn:
        video = videos.replace(conn, video_id, draft, versions)
        if video is None:
            raise why_not(videos.get(conn, video_id), video_id)
    return record_response(video)


@routes.route(
    "PATCH",
    "/metadata/{video_id}",
    summary="Change a record",
    scope=Scope.PRODUCER,
    body=RecordPatch,
    body_types=_PATCH_TYPES,
    returns=RecordView,
    headers=(IF_MATCH,),
    returns_headers=(ETAG,),
    problems=(*_BODY_PROBLEMS, ProblemCode.VIDEO_NOT_FOUND, ProblemCode.VERSION_MISMATCH),
)
def patch_record(request: ApiRequest) -> Response:
    """A JSON merge patch (RFC 7396): absent fields stay, null empties, attributes are merged by name."""
    video_id = request.path_id("video_id", ProblemCode.VIDEO_NOT_FOUND)
    patch = request.body(RecordPatch, _PATCH_TYPES)
    versions = wanted_versions(request)
    with request.connection() as conn, conn.transaction():
        video = videos.lock(conn, video_id)
        if video is None or (versions is not None and video.version not in versions):
            raise why_not(video, video_id)
        changed = videos.replace(conn, video_id, _patched(video, patch), None)
    if changed is None:
        raise not_found(ProblemCode.VIDEO_NOT_FOUND, str(video_id))
    return record_response(changed)


@routes.route(
    "DELETE",
    "/metadata/{video_id}",
    summary="Delete a record",
    scope=Scope.PRODUCER,
    status=HTTPStatus.NO_CONTENT,
    query=DeletionQuery,
    headers=(IF_MATCH,),
    problems=(
        ProblemCode.VALIDATION_FAILED,
        ProblemCode.VIDEO_NOT_FOUND,
        ProblemCode.VERSION_MISMATCH,
        ProblemCode.VIDEO_IN_USE,
        ProblemCode.UPSTREAM_UNAVAILABLE,
    ),
)
def delete_record(request: ApiRequest) -> Response:
    """Cancels the unfinished jobs of the video and removes it, its jobs and outputs from sight at once.

    Its file, outputs and texts are deleted for good after the configured time, with purge=true within
    minutes; until then it can be taken back. Ids, states and the history of its jobs are kept.
    """
    video_id = request.path_id("video_id", ProblemCode.VIDEO_NOT_FOUND)
    purge_at_once = request.query(DeletionQuery).purge
    if purge_at_once:
        request.access.check_scope(Scope.OPERATOR)
    versions = wanted_versions(request)
    with request.connection() as conn:
        with conn.transaction():
            # First the jobs, then the record: all who change a job lock in this order.
            cancelled = cancel_all(conn, video_id)
            video = videos.lock(conn, video_id)
            if video is None or (versions is not None and video.version not in versions):
                raise why_not(video, video_id)
            if videos.has_unfinished_job(conn, video_id):
                detail = f"a job of video {video_id} was ordered at this very moment; delete it again"
                raise Problem(ProblemCode.VIDEO_IN_USE, detail)
            videos.mark_deleted(conn, video_id, purge_at_once=purge_at_once)
            if (edge := request.resources.edge) is not None:
                edge.refuse(video_id)  # what cannot be told to the edge is not deleted
        stop_all(conn, cancelled, request.resources.settings)
    return empty_response()


def _create_once(conn: "LedgerConnection", request: ApiRequest, key: str, draft: VideoDraft) -> Video:
    fresh_id = uuid4()
    with conn.transaction():
        video_id = idempotency.claim(
            conn,
            caller=request.caller.client,
            operation=_OPERATION,
            key=key,
            request_sha256=request.fingerprint(),
            resource_id=fresh_id,
        )
        video = (
            videos.create(conn, video_id, draft, request.caller.client)
            if video_id == fresh_id
            else videos.get(conn, video_id)
        )
    if video is None:
        detail = (
            f"the record {video_id} made with this Idempotency-Key was deleted; use a new key for another"
        )
        raise Problem(ProblemCode.IDEMPOTENT_RESULT_GONE, detail)
    return video


def _draft(body: RecordBody) -> VideoDraft:
    return VideoDraft(
        title=body.title,
        description=body.description,
        tags=body.tags,
        language=body.language,
        attributes=body.attributes,
    )


def _patched(video: Video, patch: RecordPatch) -> VideoDraft:
    """The record after the patch; what was merged is held to the same rules as what is written whole."""
    given = patch.model_dump(exclude_unset=True)
    attributes = _merged(video.attributes, patch.attributes) if patch.attributes else video.attributes
    if "attributes" in given and patch.attributes is None:
        attributes = {}
    try:
        check_attributes(attributes)
    except ValueError as error:
        raise field_problem("attributes", f"after merging: {error}") from error
    return VideoDraft(
        title=given.get("title", video.title),
        description=given.get("description", video.description) or "",
        tags=given.get("tags", video.tags) or [],
        language=given.get("language", video.language),
        attributes=attributes,
    )


def _merged(target: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    """RFC 7396: null removes, objects merge, everything else replaces."""
    result = dict(target)
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        elif isinstance(value, dict):
            before = result.get(name)
            result[name] = _merged(before if isinstance(before, dict) else {}, value)
        else:
            result[name] = value
    return result
