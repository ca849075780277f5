"""Which chunk may have a task next: only so many run at once for the whole stack.

A job in work always counts as one task, whatever it does at the moment, so that its next step never has to
wait; its chunks count instead, as soon as there are any. The first chunk of a job therefore always begins.
"""

from uuid import UUID

from ledger.database.connection import LedgerConnection
from ledger.jobs import job_rows
from ledger.states import JobStatus

_LOCK = 0x7461736B  # any constant: all who admit only have to agree on it
_USED = """
    WITH work AS (
        SELECT j.id, count(c.name) AS tasks
          FROM jobs j
          LEFT JOIN chunks c ON c.job_id = j.id AND c.plan_key = j.plan_key AND c.attempt = j.attempt
               AND (c.status = 'ENCODING' OR (c.status = 'MISSING' AND c.admitted_at IS NOT NULL))
         WHERE j.status = 'PROCESSING' OR (j.status = 'QUEUED' AND j.dispatched_at IS NOT NULL)
         GROUP BY j.id)
    SELECT coalesce(sum(greatest(tasks, 1)), 0)::int,
           coalesce(max(tasks) FILTER (WHERE id = %s), 0)::int
      FROM work"""
_ADMIT = """
    UPDATE chunks SET admitted_at = clock_timestamp(), attempt = %s
     WHERE job_id = %s AND name = %s AND status IN ('MISSING', 'FAILED')
       AND plan_key = (SELECT plan_key FROM jobs WHERE id = %s)"""
_IS_ADMITTED = """
    SELECT status IN ('ENCODING', 'DONE') OR admitted_at IS NOT NULL FROM chunks
     WHERE job_id = %s AND name = %s AND attempt = %s
       AND plan_key = (SELECT plan_key FROM jobs WHERE id = %s)"""


def ask(conn: LedgerConnection, job_id: UUID, attempt: int, name: str, max_running_tasks: int) -> bool | None:
    """Gives a chunk one of the stack's tasks if one is free; repeats get the same answer.

    Args:
        conn: An open connection.
        job_id: The job.
        attempt: The attempt that the chunk's execution belongs to.
        name: The chunk.
        max_running_tasks: Most tasks of the stack at the same time.

    Returns:
        Whether the chunk may begin; None when its job is settled or has moved on.

    Raises:
        JobNotFoundError: No such job.
    """
    with conn.transaction():
        conn.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        job = job_rows.lock(conn, job_id)
        if job.attempt != attempt or job.status is not JobStatus.PROCESSING:
            return None
        known = conn.execute(_IS_ADMITTED, (job_id, name, attempt, job_id)).fetchone()
        if known is not None and known[0]:
            return True
        total, own = conn.execute(_USED, (job_id,)).fetchone() or (0, 0)
        if own > 0 and total >= max_running_tasks:
            return False
        conn.execute(_ADMIT, (attempt, job_id, name, job_id))
    return True


def give_back(conn: LedgerConnection, job_id: UUID, name: str) -> None:
    """Returns the task of a chunk that cannot begin now and asks again later."""
    conn.execute("UPDATE chunks SET admitted_at = NULL WHERE job_id = %s AND name = %s", (job_id, name))
