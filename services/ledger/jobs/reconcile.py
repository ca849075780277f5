"""What `maintain` looks for: uploads that never came, executions that are gone."""

from dataclasses import dataclass
from uuid import UUID

from psycopg.rows import class_row

from ledger.database.connection import LedgerConnection

_IDEMPOTENCY_KEY_LIFETIME = "24 hours"
# A just started execution may not be visible yet, and a just settled job is about to be announced.
_SETTLING_TIME = "15 seconds"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """An attempt of a job and the execution that should run or announce it."""

    job_id: UUID
    attempt: int
    execution_arn: str | None


def expired_uploads(
    conn: LedgerConnection, expiry_seconds: int, *, limit: int = 100
) -> list[tuple[UUID, int]]:
    """Jobs (id, attempt) that have waited longer than this for their file, oldest first."""
    return conn.execute(
        """
        SELECT id, attempt FROM jobs
         WHERE status = 'PENDING' AND created_at < now() - make_interval(secs => %s)
         ORDER BY created_at LIMIT %s
        """,
        (expiry_seconds, limit),
    ).fetchall()


def underway(conn: LedgerConnection, *, limit: int = 200) -> list[Attempt]:
    """Attempts that an execution should be running, longest without a sign of life first."""
    return _attempts(
        conn,
        """
        SELECT id AS job_id, attempt, execution_arn FROM jobs
         WHERE status IN ('QUEUED', 'PROCESSING') AND execution_arn IS NOT NULL
           AND coalesce(dispatched_at, queued_at) < now() - %s::interval
         ORDER BY coalesce(heartbeat_at, dispatched_at, queued_at) LIMIT %s
        """,
        limit,
    )


def unannounced(conn: LedgerConnection, *, limit: int = 200) -> list[Attempt]:
    """Settled attempts whose announcement the workflow still owes, as far as the ledger knows."""
    return _attempts(
        conn,
        """
        SELECT id AS job_id, attempt, execution_arn FROM jobs
         WHERE announcement_route = 'WORKFLOW' AND finished_at < now() - %s::interval
         ORDER BY finished_at LIMIT %s
        """,
        limit,
    )


def token_of_task(conn: LedgerConnection, task_arn: str) -> str | None:
    """The task token that this ECS task claimed its job with, if it has not given it back.

    A completed job keeps its token: its worker may have stopped before it could report the success, and the
    workflow's retry then finds the job settled.
    """
    row = conn.execute(
        """
        SELECT task_token FROM jobs
         WHERE task_arn = %s AND task_token IS NOT NULL AND status IN ('PROCESSING', 'COMPLETED')
        """,
        (task_arn,),
    ).fetchone()
    return row[0] if row else None


def is_held_by_another_task(conn: LedgerConnection, job_id: UUID, task_token: str, task_arn: str) -> bool:
    """Whether a task other than this one works on the job with this very token."""
    row = conn.execute(
        """
        SELECT TRUE FROM jobs
         WHERE id = %s AND status = 'PROCESSING' AND task_token = %s AND task_arn IS DISTINCT FROM %s
        """,
        (job_id, task_token, task_arn),
    ).fetchone()
    return row is not None


def purge_idempotency_keys(conn: LedgerConnection) -> int:
    """Deletes keys that are too old to be repeated; returns how many."""
    with conn.transaction():
        return conn.execute(
            "DELETE FROM idempotency_keys WHERE created_at < now() - %s::interval",
            (_IDEMPOTENCY_KEY_LIFETIME,),
        ).rowcount


def _attempts(conn: LedgerConnection, query: str, limit: int) -> list[Attempt]:
    with conn.cursor(row_factory=class_row(Attempt)) as cursor:
        return cursor.execute(query, (_SETTLING_TIME, limit)).fetchall()
