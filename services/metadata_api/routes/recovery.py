"""Bringing back what is out of sight or out of reach: deleted videos."""

from ledger.errors import PurgeBegunError
from ledger.videos import videos
from metadata_api.http.problems import Problem, ProblemCode
from metadata_api.http.responses import Response
from metadata_api.models.records import RecordView
from metadata_api.operations.operation import ETAG, RouteGroup
from metadata_api.operations.request import ApiRequest, not_found
from metadata_api.routes.records import record_response

routes = RouteGroup("Metadata")


@routes.route(
    "POST",
    "/metadata/{video_id}/undelete",
    summary="Take a deleted record back",
    returns=RecordView,
    returns_headers=(ETAG,),
    problems=(ProblemCode.VIDEO_NOT_FOUND, ProblemCode.VIDEO_PURGED),
)
def undelete_record(request: ApiRequest) -> Response:
    """Shows a deleted video again, with jobs, outputs and texts; jobs that the deletion cancelled stay so.

    Possible until its content begins to be deleted for good, at the earliest at the purge_at that
    GET /metadata?deleted=true tells. Taking back what is not deleted changes nothing.
    """
    # Loads the database driver; only calls that reach the database need it.
    from ledger.videos import deletion

    video_id = request.path_id("video_id", ProblemCode.VIDEO_NOT_FOUND)
    with request.resources.connection() as conn:
        try:
            known = deletion.take_back(conn, video_id)
        except PurgeBegunError as error:
            raise Problem(ProblemCode.VIDEO_PURGED, f"{error}; it cannot be taken back") from error
        video = videos.get(conn, video_id) if known else None
    if video is None:
        raise not_found(ProblemCode.VIDEO_NOT_FOUND, str(video_id))
    return record_response(video)
