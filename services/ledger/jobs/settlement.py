"""How attempts end without a result: the job fails once, or gets another attempt while it has any left."""

from uuid import UUID

from psycopg.types.json import Jsonb

from ledger.announcements import announcement, outbox
from ledger.database.connection import LedgerConnection
from ledger.errors import JobNotFoundError
from ledger.jobs import events, failures, job_rows, wording
from ledger.models import Announcement, Failure, Job, Outcome
from ledger.states import ACTIVE_STATUSES, TERMINAL_STATUSES, AnnouncementRoute, ErrorCode, JobStatus, Topic

IGNORED = "IGNORED"
_TOPICS = {JobStatus.COMPLETED: Topic.COMPLETION, JobStatus.FAILED: Topic.ERROR}


def fail(
    conn: LedgerConnection,
    job_id: UUID,
    attempt: int,
    failure: Failure,
    *,
    stack: str,
    route: AnnouncementRoute = AnnouncementRoute.OUTBOX,
) -> Announcement | None:
    """Flips the job to FAILED, once, together with its event and its announcement.

    Args:
        conn: An open connection.
        job_id: The job.
        attempt: The attempt that failed; a stale one changes nothing.
        failure: Why.
        stack: Name of the deployment, for the announcement.
        route: WORKFLOW if the caller itself hands the announcement to the state machine.

    Returns:
        The announcement, or None when the job is settled already or has moved on to another attempt.

    Raises:
        JobNotFoundError: No such job.
    """
    with conn.transaction():
        job = job_rows.lock(conn, job_id)
        if job.attempt != attempt or job.status in TERMINAL_STATUSES:
            return None
        failure = wording.for_people(failure)
        told = announcement.failed(job_rows.facts(conn, job, stack), failure)
        _store_failure(conn, job, failure, told, route)
        if route is AnnouncementRoute.OUTBOX:
            outbox.enqueue(conn, job_id, Topic.ERROR, told)
    return told


def expire_upload(conn: LedgerConnection, job_id: UUID, attempt: int, *, stack: str) -> Announcement | None:
    """Fails a job whose file never came; one whose file has come in the meantime goes on.

    Returns:
        The announcement, or None when the job waits for no file any more.

    Raises:
        JobNotFoundError: No such job.
    """
    with conn.transaction():
        if job_rows.lock(conn, job_id).status is not JobStatus.PENDING:
            return None
        return fail(conn, job_id, attempt, failures.failure(ErrorCode.UPLOAD_EXPIRED), stack=stack)


def settle_for_workflow(
    conn: LedgerConnection, job_id: UUID, attempt: int, failure: Failure, *, stack: str
) -> Outcome:
    """Answers the state machine after an execution's work failed: what is it to announce?

    A success whose report was lost is a success; a repeated question gets the same answer; a job that
    somebody else settled or took over is none of this execution's business.

    Raises:
        JobNotFoundError: No such job.
    """
    fail(conn, job_id, attempt, failure, stack=stack, route=AnnouncementRoute.WORKFLOW)
    return outcome(conn, job_id, attempt)


def queue_announcement(conn: LedgerConnection, job_id: UUID, attempt: int) -> Outcome:
    """Hands an announcement that the workflow owes, but could not publish, to the outbox.

    Repeats change nothing.

    Raises:
        JobNotFoundError: No such job.
    """
    with conn.transaction():
        job = job_rows.lock(conn, job_id)
        owed = job.attempt == attempt and job.announcement_route is AnnouncementRoute.WORKFLOW
        if owed and job.announcement is not None:
            outbox.enqueue(conn, job_id, _TOPICS[job.status], job.announcement)
            _set_route(conn, job_id, AnnouncementRoute.OUTBOX)
    return outcome(conn, job_id, attempt, routes=frozenset({AnnouncementRoute.OUTBOX}))


def confirm_announcement(conn: LedgerConnection, job_id: UUID, attempt: int) -> None:
    """Notes that the workflow has ended as it should, so its announcement is out."""
    with conn.transaction():
        conn.execute(
            """
            UPDATE jobs SET announcement_route = 'DONE'
             WHERE id = %s AND attempt = %s AND announcement_route = 'WORKFLOW'
            """,
            (job_id, attempt),
        )


def next_attempt(
    conn: LedgerConnection, job_id: UUID, attempt: int, *, reason: str, stack: str
) -> JobStatus | None:
    """Replaces an attempt whose execution is gone: QUEUED as the next one, or FAILED when none is left.

    Returns:
        QUEUED or FAILED, or None when the job is settled already or has moved on.

    Raises:
        JobNotFoundError: No such job.
    """
    with conn.transaction():
        job = job_rows.lock(conn, job_id)
        if job.attempt != attempt or job.status not in ACTIVE_STATUSES:
            return None
        if job.attempt >= job.attempt_limit:
            fail(conn, job_id, attempt, failures.failure(ErrorCode.INTERRUPTED), stack=stack)
            return JobStatus.FAILED
        conn.execute(
            """
            UPDATE jobs SET status = 'QUEUED', attempt = attempt + 1, dispatched_at = NULL,
                   execution_arn = NULL, task_arn = NULL, task_token = NULL, stage = NULL,
                   heartbeat_at = NULL, short_since = NULL, updated_at = now()
             WHERE id = %s
            """,
            (job_id,),
        )
        events.record(
            conn,
            job_id=job_id,
            attempt=attempt + 1,
            fence=job.fence,
            event_type="job.requeued",
            data={"reason": reason},
        )
    return JobStatus.QUEUED


def outcome(
    conn: LedgerConnection,
    job_id: UUID,
    attempt: int,
    routes: frozenset[AnnouncementRoute] = frozenset({AnnouncementRoute.WORKFLOW}),
) -> Outcome:
    """What the state machine is to announce of this attempt: its end if that is owed by one of the routes.

    Raises:
        JobNotFoundError: No such job.
    """
    job = job_rows.find(conn, job_id)
    if job is None:
        message = f"there is no job {job_id}"
        raise JobNotFoundError(message)
    if job.attempt != attempt or job.status not in _TOPICS or job.announcement_route not in routes:
        return Outcome(job_id=job_id, status=IGNORED, announcement=None)
    return Outcome(job_id=job_id, status=job.status, announcement=job.announcement)


def _store_failure(
    conn: LedgerConnection, job: Job, failure: Failure, told: Announcement, route: AnnouncementRoute
) -> None:
    conn.execute(
        """
        UPDATE jobs SET status = 'FAILED', error_code = %s, error_message = %s, error_remedy = %s,
               announcement = %s, announcement_route = %s, task_token = NULL, finished_at = now(),
               updated_at = now()
         WHERE id = %s
        """,
        (failure.code, failure.message, failure.remedy, Jsonb(told.as_dict()), route, job.id),
    )
    events.record(
        conn,
        job_id=job.id,
        attempt=job.attempt,
        fence=job.fence,
        event_type="job.failed",
        data={"code": failure.code, "message": failure.message, "stage": job.stage},
    )


def _set_route(conn: LedgerConnection, job_id: UUID, route: AnnouncementRoute) -> None:
    conn.execute("UPDATE jobs SET announcement_route = %s WHERE id = %s", (route, job_id))
