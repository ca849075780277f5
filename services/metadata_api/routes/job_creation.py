"""POST /jobs: an upload form, or work on an object that is already there."""

from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid4

from ledger.access.keys import Scope
from ledger.jobs import idempotency, job_queries
from metadata_api.http.problems import Problem, ProblemCode
from metadata_api.http.responses import Response, json_response
from metadata_api.jobs.creation import (
    CREATION_PROBLEMS,
    draft_job,
    is_one_statement,
    make_job,
    refuse_when_full,
)
from metadata_api.jobs.drafts import JobDraft
from metadata_api.jobs.execution_control import start_now
from metadata_api.jobs.rendering import job_view
from metadata_api.jobs.upload_tickets import upload_ticket
from metadata_api.models.jobs import JOB_REQUEST, JobCreated
from metadata_api.models.subtitles import MAX_SUBTITLE_BODY_BYTES
from metadata_api.operations.operation import IDEMPOTENCY_KEY, LOCATION, RouteGroup
from metadata_api.operations.request import ApiRequest

if TYPE_CHECKING:
    from ledger.database.connection import LedgerConnection

routes = RouteGroup("Jobs")
_OPERATION: Final = "create-job"


@routes.route(
    "POST",
    "/jobs",
    summary="Create a job",
    scope=Scope.PRODUCER,
    body=JOB_REQUEST,
    returns=JobCreated,
    status=HTTPStatus.CREATED,
    headers=(IDEMPOTENCY_KEY,),
    returns_headers=(LOCATION,),
    problems=CREATION_PROBLEMS,
)
def create_job(request: ApiRequest) -> Response:
    """A job for a file or for an object.

    With filename, size_bytes and content_type the answer says how to upload the file; processing starts when
    it has arrived. With source, or with video_id alone, the processing of what is there starts at once.
    """
    settings = request.resources.settings
    body = request.body(JOB_REQUEST, max_bytes=MAX_SUBTITLE_BODY_BYTES)
    draft = draft_job(body, request.access, settings)
    job_id = uuid4()
    with request.connection() as conn:
        if request.idempotency_key() is None and is_one_statement(draft):
            # Asking for a transaction, and then for the job, would take three round trips more.
            refuse_when_full(conn, request.caller.client, 1, settings.max_waiting_jobs)
            made = make_job(conn, draft, job_id, settings)
            detail = None if made is None else job_queries.JobDetail(made, None, {}, (), ())
        else:
            job_id = _store(conn, request, draft, job_id)
            if draft.source is not None:
                start_now(conn, settings)
            detail = job_queries.get(conn, job_id)
    if detail is None:
        message = f"the job {job_id} made with this Idempotency-Key was deleted; use a new key for a new job"
        raise Problem(ProblemCode.IDEMPOTENT_RESULT_GONE, message)
    ticket = upload_ticket(request.resources.presigner, detail.job)
    created = JobCreated(job=job_view(detail, None), upload=ticket)
    return json_response(created, HTTPStatus.CREATED, {"Location": f"/jobs/{job_id}"})


def _store(conn: "LedgerConnection", request: ApiRequest, draft: JobDraft, job_id: UUID) -> UUID:
    """Writes key, video and job together; with a known key nothing, but finds the first call's job."""
    key, settings = request.idempotency_key(), request.resources.settings
    with conn.transaction():
        if key is not None:
            known_id = idempotency.claim(
                conn,
                caller=request.caller.client,
                operation=_OPERATION,
                key=key,
                request_sha256=request.fingerprint(),
                resource_id=job_id,
            )
            if known_id != job_id:
                return known_id
        refuse_when_full(conn, request.caller.client, 1, settings.max_waiting_jobs)
        make_job(conn, draft, job_id, settings)
    return job_id
