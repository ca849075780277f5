"""Jobs: list them, watch one, read its history."""

from ledger.access.keys import Scope
from ledger.jobs import job_queries
from ledger.jobs.job_queries import JobFilter
from metadata_api.http.problems import ProblemCode, not_found
from metadata_api.http.responses import Response, json_response
from metadata_api.jobs.rendering import event_view, job_summary, job_view, live_progress
from metadata_api.models.jobs import EventPage, EventQuery, JobPage, JobQuery, JobView
from metadata_api.operations.operation import RouteGroup
from metadata_api.operations.paging import read_history, read_page
from metadata_api.operations.request import ApiRequest

routes = RouteGroup("Jobs")


@routes.route(
    "GET",
    "/jobs",
    summary="List jobs",
    scope=Scope.VIEWER,
    query=JobQuery,
    returns=JobPage,
    problems=(ProblemCode.VALIDATION_FAILED, ProblemCode.CURSOR_INVALID),
)
def list_jobs(request: ApiRequest) -> Response:
    """Jobs that match all filters, newest first."""
    query = request.query(JobQuery)
    wanted = JobFilter(
        status=query.status,
        video_id=query.video_id,
        client=request.access.only_client,
        profile=query.profile,
        profile_version=query.profile_version,
    )
    shown, next_cursor = read_page(
        request,
        "jobs",
        query,
        lambda conn, after, limit: job_queries.find(conn, wanted, after=after, limit=limit),
    )
    live = live_progress(request.resources.progress, shown)
    items = [job_summary(row, live.get(row.id)) for row in shown]
    return json_response(JobPage(items=items, next_cursor=next_cursor))


@routes.route(
    "GET",
    "/jobs/{job_id}",
    summary="Watch a job",
    scope=Scope.VIEWER,
    returns=JobView,
    problems=(ProblemCode.JOB_NOT_FOUND,),
)
def get_job(request: ApiRequest) -> Response:
    """A job with its outputs. While it runs, stage, percent, fps and remaining seconds are live, or null."""
    job_id = request.path_id("job_id", ProblemCode.JOB_NOT_FOUND)
    with request.connection() as conn:
        detail = job_queries.get(conn, job_id)
    if detail is None:
        raise not_found(ProblemCode.JOB_NOT_FOUND, str(job_id))
    live = live_progress(request.resources.progress, [detail.job])
    return json_response(job_view(detail, live.get(job_id)))


@routes.route(
    "GET",
    "/jobs/{job_id}/events",
    summary="Read the history of a job",
    scope=Scope.VIEWER,
    query=EventQuery,
    returns=EventPage,
    problems=(ProblemCode.VALIDATION_FAILED, ProblemCode.CURSOR_INVALID, ProblemCode.JOB_NOT_FOUND),
)
def list_job_events(request: ApiRequest) -> Response:
    """Everything that happened to a job, oldest first."""
    job_id = request.path_id("job_id", ProblemCode.JOB_NOT_FOUND)
    page = read_history(
        request,
        f"events:{job_id}",
        request.query(EventQuery),
        lambda conn, after_id, limit: job_queries.events(conn, job_id, after_id=after_id, limit=limit),
    )
    if page is None:
        raise not_found(ProblemCode.JOB_NOT_FOUND, str(job_id))
    shown, next_cursor = page
    return json_response(EventPage(items=[event_view(row) for row in shown], next_cursor=next_cursor))
