"""Batches: many jobs in one call, and one summary of them."""

from collections import Counter
from collections.abc import Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid4

from ledger.access.keys import Scope
from ledger.jobs import batches, idempotency, job_queries
from ledger.jobs.job_queries import JobRow
from ledger.states import TERMINAL_STATUSES, JobStatus
from ledger.videos import videos
from metadata_api.http.problems import Problem, ProblemCode, not_found
from metadata_api.http.responses import Response, json_response, timestamp
from metadata_api.jobs.creation import CREATION_PROBLEMS, draft_job, make_job, refuse_when_full
from metadata_api.jobs.drafts import JobDraft
from metadata_api.jobs.execution_control import start_now
from metadata_api.jobs.rendering import job_summary, live_progress
from metadata_api.jobs.upload_tickets import upload_ticket
from metadata_api.models.batches import BatchBody, BatchCreated, BatchItem, BatchView, StatusCounts
from metadata_api.operations.operation import IDEMPOTENCY_KEY, LOCATION, RouteGroup
from metadata_api.operations.request import ApiRequest

if TYPE_CHECKING:
    from ledger.database.connection import LedgerConnection

routes = RouteGroup("Batches")
_OPERATION: Final = "create-batch"


@routes.route(
    "POST",
    "/batches",
    summary="Create a batch of jobs",
    scope=Scope.PRODUCER,
    body=BatchBody,
    returns=BatchCreated,
    status=HTTPStatus.CREATED,
    headers=(IDEMPOTENCY_KEY,),
    returns_headers=(LOCATION,),
    problems=CREATION_PROBLEMS,
)
def create_batch(request: ApiRequest) -> Response:
    """Up to 100 jobs as in POST /jobs: all are made, or none and the answer names the field at fault."""
    settings = request.resources.settings
    drafts = _checked(request, request.body(BatchBody))
    with request.connection() as conn:
        with conn.transaction():
            batch_id = _store(conn, request, drafts)
        made = batches.created_at(conn, batch_id)
        rows = job_queries.of_batch(conn, batch_id)
        start_now(conn, settings, most=sum(row.status == JobStatus.QUEUED for row in rows))
    if made is None:
        detail = f"the batch {batch_id} made with this Idempotency-Key is gone; use a new key for a new batch"
        raise Problem(ProblemCode.IDEMPOTENT_RESULT_GONE, detail)
    created = BatchCreated(
        batch_id=str(batch_id), created_at=timestamp(made), items=[_item(request, row) for row in rows]
    )
    return json_response(created, HTTPStatus.CREATED, {"Location": f"/batches/{batch_id}"})


@routes.route(
    "GET",
    "/batches/{batch_id}",
    summary="Watch a batch",
    scope=Scope.VIEWER,
    returns=BatchView,
    problems=(ProblemCode.BATCH_NOT_FOUND,),
)
def get_batch(request: ApiRequest) -> Response:
    """How many jobs of a batch are in each status, and every job with its live progress."""
    batch_id = request.path_id("batch_id", ProblemCode.BATCH_NOT_FOUND)
    with request.connection() as conn:
        made = batches.created_at(conn, batch_id)
        if made is None:
            raise not_found(ProblemCode.BATCH_NOT_FOUND, str(batch_id))
        rows = job_queries.of_batch(conn, batch_id)
    live = live_progress(request.resources.progress, rows)
    view = BatchView(
        batch_id=str(batch_id),
        created_at=timestamp(made),
        total=len(rows),
        settled=all(row.status in TERMINAL_STATUSES for row in rows),
        by_status=_counts(rows),
        jobs=[job_summary(row, live.get(row.id)) for row in rows],
    )
    return json_response(view)


def _checked(request: ApiRequest, body: BatchBody) -> list[JobDraft]:
    settings = request.resources.settings
    drafts: list[JobDraft] = []
    for position, wanted in enumerate(body.jobs):
        try:
            drafts.append(draft_job(wanted, request.access, settings))
        except Problem as problem:
            raise problem.within(f"jobs.{position}") from problem
    return drafts


def _store(conn: "LedgerConnection", request: ApiRequest, drafts: Sequence[JobDraft]) -> UUID:
    """Writes key, batch, videos and jobs together; with a known key nothing, but finds the first batch."""
    batch_id, key = uuid4(), request.idempotency_key()
    if key is not None:
        known_id = idempotency.claim(
            conn,
            caller=request.caller.client,
            operation=_OPERATION,
            key=key,
            request_sha256=request.fingerprint(),
            resource_id=batch_id,
        )
        if known_id != batch_id:
            return known_id
    settings = request.resources.settings
    refuse_when_full(conn, request.caller.client, len(drafts), settings.max_waiting_jobs)
    # In one draft, so that two batches on the same records cannot wait for each other.
    for video_id in sorted({draft.body.video_id for draft in drafts if draft.body.video_id is not None}):
        videos.lock(conn, video_id)
    batches.create(conn, batch_id, request.caller.client)
    for position, draft in enumerate(drafts):
        try:
            make_job(conn, draft, uuid4(), settings, batch_id=batch_id)
        except Problem as problem:
            raise problem.within(f"jobs.{position}") from problem
    return batch_id


def _item(request: ApiRequest, row: JobRow) -> BatchItem:
    presigner = request.resources.presigner
    return BatchItem(job=job_summary(row, None), upload=upload_ticket(presigner, row, with_part_links=False))


def _counts(rows: Sequence[JobRow]) -> StatusCounts:
    counted = Counter(row.status for row in rows)
    return StatusCounts(
        PENDING=counted[JobStatus.PENDING],
        QUEUED=counted[JobStatus.QUEUED],
        PROCESSING=counted[JobStatus.PROCESSING],
        COMPLETED=counted[JobStatus.COMPLETED],
        FAILED=counted[JobStatus.FAILED],
        CANCELLED=counted[JobStatus.CANCELLED],
    )
