"""Attempts whose execution waits: for its turn among the jobs, or until there is room for its task again."""

from dataclasses import dataclass
from uuid import UUID

from ledger.database.connection import LedgerConnection
from ledger.jobs import events, job_rows
from ledger.states import ACTIVE_STATUSES, JobStatus

RETURNED = "job.returned"
"""Event of an attempt that went back to the queue, unspent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where an attempt stands in the queue.

    Attributes:
        has_turn: Whether it holds a slot.
        is_short: Whether it waits because its task found no room.
        waited_seconds: Since it was queued, or since it first found no room.
    """

    status: JobStatus
    attempt: int
    has_turn: bool
    is_short: bool
    waited_seconds: float

    def is_waiting(self, attempt: int) -> bool:
        """Whether this attempt is the current one and not settled."""
        return self.attempt == attempt and self.status in ACTIVE_STATUSES


def attempt_of(conn: LedgerConnection, execution_arn: str) -> tuple[UUID, int] | None:
    """Job and current attempt that this very execution runs, or ran last; None when there is none."""
    row = conn.execute("SELECT id, attempt FROM jobs WHERE execution_arn = %s", (execution_arn,)).fetchone()
    return (row[0], row[1]) if row else None


def standing(conn: LedgerConnection, job_id: UUID) -> Standing | None:
    """Where the job's current attempt stands; None when there is no such job."""
    row = conn.execute(
        """
        SELECT status, attempt, dispatched_at IS NOT NULL, short_since IS NOT NULL,
               extract(epoch FROM clock_timestamp() - coalesce(short_since, queued_at, created_at))::float8
          FROM jobs WHERE id = %s
        """,
        (job_id,),
    ).fetchone()
    if row is None:
        return None
    return Standing(
        status=JobStatus(row[0]), attempt=row[1], has_turn=row[2], is_short=row[3], waited_seconds=row[4]
    )


def return_to_queue(
    conn: LedgerConnection, job_id: UUID, attempt: int, *, execution_arn: str, step: str, reason: str
) -> bool:
    """Gives the slot of an attempt back whose task found no room; its execution waits for another one.

    The attempt is not spent, and the job waits where it waited before. Repeats change nothing.

    Args:
        conn: An open connection.
        job_id: The job.
        attempt: The attempt whose task could not begin.
        execution_arn: The execution that asks; one that the job has left behind changes nothing.
        step: What the task was to do.
        reason: Why it could not begin, for the job's history.

    Returns:
        Whether the execution is to wait; not when the job is settled or has moved on.

    Raises:
        JobNotFoundError: No such job.
    """
    with conn.transaction():
        job = job_rows.lock(conn, job_id)
        if job.attempt != attempt or job.status not in ACTIVE_STATUSES:
            return False
        if job.execution_arn not in {None, execution_arn}:
            return False
        changed = conn.execute(
            """
            UPDATE jobs SET status = 'QUEUED', dispatched_at = NULL, execution_arn = %s, fence = fence + 1,
                   short_since = coalesce(short_since, now()), task_arn = NULL, task_token = NULL,
                   stage = NULL, heartbeat_at = NULL, updated_at = now()
             WHERE id = %s AND NOT (status = 'QUEUED' AND dispatched_at IS NULL AND short_since IS NOT NULL)
            RETURNING fence
            """,
            (execution_arn, job_id),
        ).fetchone()
        if changed is not None:
            told = {"step": step, "reason": reason}
            events.record(
                conn, job_id=job_id, attempt=attempt, fence=changed[0], event_type=RETURNED, data=told
            )
    return True


def note_chunk(conn: LedgerConnection, job_id: UUID, attempt: int, *, chunk: str, reason: str) -> bool:
    """Notes that the task of a chunk found no room, once until a task of the job begins again.

    Returns:
        Whether the chunk is to wait; not when the job is settled or has moved on.

    Raises:
        JobNotFoundError: No such job.
    """
    with conn.transaction():
        job = job_rows.lock(conn, job_id)
        if job.attempt != attempt or job.status is not JobStatus.PROCESSING:
            return False
        first = conn.execute(
            "UPDATE jobs SET short_since = now() WHERE id = %s AND short_since IS NULL", (job_id,)
        ).rowcount
        if first:
            told = {"step": "encode", "chunk": chunk, "reason": reason}
            events.record(
                conn, job_id=job_id, attempt=attempt, fence=job.fence, event_type="job.short", data=told
            )
    return True
