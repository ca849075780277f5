"""What a video plays, where people choose it themselves."""

from ledger.videos import videos
from metadata_api.http.problems import Problem, ProblemCode
from metadata_api.http.responses import Response
from metadata_api.jobs.record_answers import record_response, wanted_versions, why_not
from metadata_api.models.records import PinBody, RecordView
from metadata_api.operations.operation import ETAG, IF_MATCH, RouteGroup
from metadata_api.operations.request import ApiRequest

routes = RouteGroup("Metadata")
_PATH = "/metadata/{video_id}/current-job"


@routes.route(
    "PUT",
    _PATH,
    summary="Pin what a video plays",
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
    with request.resources.connection() as conn:
        try:
            video = pins.pin(conn, video_id, job_id, versions)
        except NotPlayableError as error:
            raise Problem(ProblemCode.JOB_NOT_PLAYABLE, str(error)) from error
        if video is None:
            raise why_not(videos.get(conn, video_id), video_id)
    return record_response(video)


@routes.route(
    "DELETE",
    _PATH,
    summary="Unpin what a video plays",
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
    with request.resources.connection() as conn:
        video = pins.unpin(conn, video_id, versions)
        if video is None:
            raise why_not(videos.get(conn, video_id), video_id)
    return record_response(video)
