"""A step that ran out of memory begins again in a larger task, and the job's history says so."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from ledger.database.connection import LedgerConnection
from ledger.jobs import events, job_rows, wording
from ledger.models import Failure
from ledger.states import ACTIVE_STATUSES

_EVENT = "job.enlarged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Enlargement:
    """A step, the task that was too small for it, and the one that comes next.

    Attributes:
        step: prepare, encode or assemble.
        chunk: The chunk that the step encodes; None for steps that are about the whole job.
        from_cpu_units: CPU of the task that was too small; 1024 units are one vCPU.
        from_memory_mib: Its memory.
        to_cpu_units: CPU of the next task.
        to_memory_mib: Its memory.
        failure: What the small task, or whoever found it dead, said of its end.
    """

    step: str
    chunk: str | None
    from_cpu_units: int
    from_memory_mib: int
    to_cpu_units: int
    to_memory_mib: int
    failure: Failure

    def facts(self) -> dict[str, Any]:
        """What the job's history tells of it."""
        told = wording.for_people(self.failure)
        return {
            "step": self.step,
            "chunk": self.chunk,
            "from_cpu_units": self.from_cpu_units,
            "from_memory_mib": self.from_memory_mib,
            "to_cpu_units": self.to_cpu_units,
            "to_memory_mib": self.to_memory_mib,
            "code": told.code,
            "message": told.message,
        }


def enlarge(conn: LedgerConnection, job_id: UUID, attempt: int, enlargement: Enlargement) -> bool:
    """Notes that a step begins again in a larger task, and voids the hold of the small one.

    Repeats change nothing, so that a late one cannot take the hold of the larger task.

    Returns:
        Whether the step is to begin again; not when the job is settled or has moved on to another attempt.

    Raises:
        JobNotFoundError: No such job.
    """
    facts = enlargement.facts()
    with conn.transaction():
        job = job_rows.lock(conn, job_id)
        if job.attempt != attempt or job.status not in ACTIVE_STATUSES:
            return False
        if _is_noted(conn, job_id, attempt, facts):
            return True
        if enlargement.chunk is None:
            _void_hold(conn, job_id)
        else:
            _void_chunk(conn, job_id, enlargement.chunk)
        events.record(conn, job_id=job_id, attempt=attempt, fence=job.fence, event_type=_EVENT, data=facts)
    return True


def fail_chunk(conn: LedgerConnection, job_id: UUID, attempt: int, name: str, failure: Failure) -> None:
    """Notes why a chunk can never be encoded, also when its task ended before it could claim it.

    Raises:
        JobNotFoundError: No such job.
    """
    failure = wording.for_people(failure)
    with conn.transaction():
        job = job_rows.lock(conn, job_id)
        if job.attempt != attempt or job.status not in ACTIVE_STATUSES:
            return
        conn.execute(
            """
            UPDATE chunks SET status = 'FAILED', fence = fence + 1, attempt = %s, task_arn = NULL,
                   error_code = %s, error_message = %s, error_remedy = %s
             WHERE job_id = %s AND name = %s AND status <> 'DONE'
               AND plan_key = (SELECT plan_key FROM jobs WHERE id = %s)
            """,
            (attempt, failure.code, failure.message, failure.remedy, job_id, name, job_id),
        )


def _is_noted(conn: LedgerConnection, job_id: UUID, attempt: int, facts: dict[str, Any]) -> bool:
    # The words may differ between a worker and whoever found it dead; step and sizes do not.
    same = {name: value for name, value in facts.items() if name not in {"code", "message"}}
    row = conn.execute(
        "SELECT 1 FROM events WHERE job_id = %s AND attempt = %s AND type = %s AND data @> %s LIMIT 1",
        (job_id, attempt, _EVENT, Jsonb(same)),
    ).fetchone()
    return row is not None


def _void_hold(conn: LedgerConnection, job_id: UUID) -> None:
    conn.execute(
        """
        UPDATE jobs SET fence = fence + 1, task_arn = NULL, task_token = NULL, stage = NULL,
               heartbeat_at = NULL, updated_at = now()
         WHERE id = %s
        """,
        (job_id,),
    )


def _void_chunk(conn: LedgerConnection, job_id: UUID, name: str) -> None:
    conn.execute(
        """
        UPDATE chunks SET status = 'MISSING', fence = fence + 1, task_arn = NULL, error_code = NULL,
               error_message = NULL, error_remedy = NULL
         WHERE job_id = %s AND name = %s AND status IN ('ENCODING', 'FAILED')
           AND plan_key = (SELECT plan_key FROM jobs WHERE id = %s)
        """,
        (job_id, name, job_id),
    )
