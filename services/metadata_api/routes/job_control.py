"""Cancelling jobs and running them again."""

from typing import TYPE_CHECKING
from uuid import UUID

from ledger.access.keys import Scope
from ledger.errors import WrongStateError
from ledger.jobs import job_queries
from ledger.jobs.job_queries import JobDetail
from ledger.videos import videos
from metadata_api.http.problems import Problem, ProblemCode, not_found
from metadata_api.http.responses import Response, json_response
from metadata_api.jobs.archived import refuse_archived, source_of, wait_if_restoring
from metadata_api.jobs.creation import refuse_when_full
from metadata_api.jobs.execution_control import forget_upload, start_now, stop_now
from metadata_api.jobs.rendering import job_view
from metadata_api.jobs.sources import look_at
from metadata_api.jobs.upload_tickets import open_upload
from metadata_api.models.jobs import JobView
from metadata_api.operations.operation import RouteGroup
from metadata_api.operations.request import ApiRequest
from runtime.archive import READABLE

if TYPE_CHECKING:
    from ledger.database.connection import LedgerConnection

routes = RouteGroup("Jobs")


@routes.route(
    "POST",
    "/jobs/{job_id}/cancel",
    summary="Cancel a job",
    scope=Scope.PRODUCER,
    returns=JobView,
    problems=(ProblemCode.JOB_NOT_FOUND, ProblemCode.JOB_SETTLED),
)
def cancel_job(request: ApiRequest) -> Response:
    """Ends the job without a result; nothing of it is published and nobody is notified.

    A job that has not begun never starts. Running work stops within seconds, at the latest at its next
    heartbeat. Cancelling again changes nothing; a job that is COMPLETED or FAILED answers 409.
    """
    # Loads the database driver; only calls that reach the database need it.
    from ledger.jobs import jobs

    job_id = request.path_id("job_id", ProblemCode.JOB_NOT_FOUND)
    with request.connection() as conn:
        upload = open_upload(_visible(conn, job_id).job)
        try:
            job = jobs.cancel(conn, job_id)
        except WrongStateError as error:
            raise Problem(ProblemCode.JOB_SETTLED, str(error)) from error
        stop_now(job)
        if upload is not None:
            forget_upload(upload)
        else:
            start_now(conn, request.resources.settings)  # its slot, if it had one, is free
        detail = _visible(conn, job_id)
    return json_response(job_view(detail, None))


@routes.route(
    "POST",
    "/jobs/{job_id}/retry",
    summary="Run a job again",
    scope=Scope.PRODUCER,
    returns=JobView,
    problems=(
        ProblemCode.JOB_NOT_FOUND,
        ProblemCode.JOB_NOT_RETRYABLE,
        ProblemCode.SOURCE_NOT_UPLOADED,
        ProblemCode.SOURCE_ARCHIVED,
        ProblemCode.QUEUE_FULL,
        ProblemCode.UPSTREAM_UNAVAILABLE,
    ),
)
def retry_job(request: ApiRequest) -> Response:
    """A new attempt of a FAILED or CANCELLED job on the file that was uploaded for it.

    While the file comes out of the archive the attempt waits for it.
    """
    job_id = request.path_id("job_id", ProblemCode.JOB_NOT_FOUND)
    settings = request.resources.settings
    with request.connection() as conn:
        job = _visible(conn, job_id).job
        source, standing = source_of(job), READABLE
        if job.uploaded_at is not None:
            found = look_at(source)
            if found is None:
                message = (
                    f"the file of job {job_id} is no longer in the bucket; create a new job and upload it"
                )
                raise Problem(ProblemCode.SOURCE_NOT_UPLOADED, message)
            standing = found
            refuse_archived(conn, source, standing)
        with conn.transaction():
            _requeue(conn, job_id, settings.max_waiting_jobs)
            wait_if_restoring(conn, job_id, source, standing, settings)
        start_now(conn, settings)
        detail = _visible(conn, job_id)
    return json_response(job_view(detail, None))


def _requeue(conn: "LedgerConnection", job_id: UUID, max_waiting_jobs: int) -> None:
    from ledger.jobs import jobs

    try:
        job = jobs.retry(conn, job_id)
    except WrongStateError as error:
        raise Problem(ProblemCode.JOB_NOT_RETRYABLE, str(error)) from error
    refuse_when_full(conn, job.owner, 0, max_waiting_jobs)
    # A record that was deleted meanwhile must not come back to life with an unfinished job.
    if videos.lock(conn, job.video_id) is None:
        raise not_found(ProblemCode.JOB_NOT_FOUND, str(job_id))


def _visible(conn: "LedgerConnection", job_id: UUID) -> JobDetail:
    detail = job_queries.get(conn, job_id)
    if detail is None:
        raise not_found(ProblemCode.JOB_NOT_FOUND, str(job_id))
    return detail
