"""Whose a record is, and who changed it."""

from ledger.access import owners, record_events
from ledger.access.keys import Scope
from ledger.videos import videos
from metadata_api.http.problems import ProblemCode, not_found
from metadata_api.http.responses import Response, json_response
from metadata_api.jobs.record_answers import record_response
from metadata_api.jobs.rendering import record_event_view
from metadata_api.models.access import HandOverBody, RecordEventPage
from metadata_api.models.jobs import EventQuery
from metadata_api.models.records import RecordView
from metadata_api.operations.operation import ETAG, RouteGroup
from metadata_api.operations.paging import read_history
from metadata_api.operations.request import ApiRequest

routes = RouteGroup("Metadata")


@routes.route(
    "GET",
    "/metadata/{video_id}/events",
    summary="Read the history of a record",
    scope=Scope.VIEWER,
    query=EventQuery,
    returns=RecordEventPage,
    problems=(ProblemCode.VALIDATION_FAILED, ProblemCode.CURSOR_INVALID, ProblemCode.VIDEO_NOT_FOUND),
)
def list_record_events(request: ApiRequest) -> Response:
    """What people changed about a record and who it was, oldest first; its jobs have their own."""
    video_id = request.path_id("video_id", ProblemCode.VIDEO_NOT_FOUND)
    page = read_history(
        request,
        f"record-events:{video_id}",
        request.query(EventQuery),
        lambda conn, after_id, limit: record_events.of_video(conn, video_id, after_id=after_id, limit=limit),
    )
    if page is None:
        raise not_found(ProblemCode.VIDEO_NOT_FOUND, str(video_id))
    shown, next_cursor = page
    return json_response(
        RecordEventPage(items=[record_event_view(row) for row in shown], next_cursor=next_cursor)
    )


@routes.route(
    "PUT",
    "/metadata/{video_id}/client",
    summary="Hand a record over to another client",
    scope=Scope.OPERATOR,
    body=HandOverBody,
    returns=RecordView,
    returns_headers=(ETAG,),
    problems=(
        ProblemCode.VALIDATION_FAILED,
        ProblemCode.CLIENT_NOT_FOUND,
        ProblemCode.BODY_TOO_LARGE,
        ProblemCode.UNSUPPORTED_MEDIA_TYPE,
        ProblemCode.VIDEO_NOT_FOUND,
    ),
)
def hand_over_record(request: ApiRequest) -> Response:
    """The record belongs to the client from now on, with its jobs and all that they made.

    Links that were given out before go on until they end.
    """
    video_id = request.path_id("video_id", ProblemCode.VIDEO_NOT_FOUND)
    client = request.body(HandOverBody).client
    with request.connection() as conn:
        known = owners.hand_over(conn, video_id, client)
        video = videos.get(conn, video_id) if known else None
    if video is None:
        raise not_found(ProblemCode.VIDEO_NOT_FOUND, str(video_id))
    return record_response(video)
