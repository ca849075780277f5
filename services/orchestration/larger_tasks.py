"""What becomes of a step whose task ran out of memory: the same in a larger task, while there is one."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from ledger.chunks import larger_tasks
from ledger.chunks.larger_tasks import Enlargement
from ledger.database.connection import LedgerConnection
from ledger.jobs.failures import needed_memory_mib
from ledger.models import Failure
from ledger.states import ErrorCode
from runtime.logs import logger

ENLARGED = "ENLARGED"


def try_larger(
    conn: LedgerConnection,
    event: Mapping[str, Any],
    failure: Failure,
    *,
    step: str,
    chunk: str | None = None,
) -> dict[str, Any] | None:
    """Chooses the next larger task for a step, and notes it in the job's history.

    Args:
        conn: An open connection.
        event: A request of the state machine; `size` holds that of the task, and the larger ones in order.
        failure: Why the task ended.
        step: What the task did.
        chunk: The chunk that it encoded, if it was one.

    Returns:
        What the state machine goes on with; None when the failure stands.

    Raises:
        JobNotFoundError: No such job.
        KeyError, TypeError: The size lacks a field or is none.
    """
    if failure.code is not ErrorCode.OUT_OF_MEMORY or not event.get("size"):
        return None
    size, sizes = event["size"], _large_enough(event)
    if not sizes:
        return None
    job_id, attempt = UUID(event["job_id"]), int(event["attempt"])
    enlargement = Enlargement(
        step=step,
        chunk=chunk,
        from_cpu_units=int(size["cpu_units"]),
        from_memory_mib=int(size["memory_mib"]),
        to_cpu_units=int(sizes[0]["cpu_units"]),
        to_memory_mib=int(sizes[0]["memory_mib"]),
        failure=failure,
    )
    if not larger_tasks.enlarge(conn, job_id, attempt, enlargement):
        return None
    _log(job_id, attempt, enlargement)
    going_on = {**sizes[0], "larger": sizes[1:]}
    return {"job_id": str(job_id), "status": ENLARGED, "step": step, "size": going_on}


def last_words(event: Mapping[str, Any], failure: Failure) -> Failure:
    """Adds to a lack of memory how much the largest task has."""
    size = event.get("size")
    if failure.code is not ErrorCode.OUT_OF_MEMORY or not size:
        return failure
    largest_mib = int([size, *size["larger"]][-1]["memory_mib"])
    return replace(failure, message=f"{failure.message} The largest task has {largest_mib} MiB.")


def _large_enough(event: Mapping[str, Any]) -> list[dict[str, int]]:
    """The larger sizes; a plan knows what it needs, so that smaller ones are not tried in vain."""
    needed_mib = needed_memory_mib(event.get("cause") or "") or 0
    return [larger for larger in event["size"]["larger"] if larger["memory_mib"] >= needed_mib]


def _log(job_id: UUID, attempt: int, enlargement: Enlargement) -> None:
    logger().warning(
        "task_enlarged",
        extra={
            "job_id": str(job_id),
            "attempt": attempt,
            "step": enlargement.step,
            "chunk": enlargement.chunk,
            "from_memory_mib": enlargement.from_memory_mib,
            "to_memory_mib": enlargement.to_memory_mib,
        },
    )
