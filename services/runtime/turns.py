"""How an execution waits: it asks for its turn again and again, until it has one, or has waited too long."""

from typing import Any, Final
from uuid import UUID

from ledger.database.connection import LedgerConnection
from ledger.jobs import failures, settlement
from ledger.states import ErrorCode
from ledger.turns import waiting
from ledger.turns.waiting import Standing
from runtime.dispatch import Workflow, start_if_possible

WAITING: Final = "WAITING"
ADMITTED: Final = "ADMITTED"
# An execution may hold 25,000 events, and each question costs it nine; pauses that grow with the time waited
# keep a day of waiting far below, and cost at most a twentieth of that time.
SHORTEST_PAUSE_SECONDS: Final = 30
_LONGEST_PAUSE_SECONDS: Final = 300
_PAUSE_SHARE: Final = 20


def ask_for_turn(
    conn: LedgerConnection,
    workflow: Workflow,
    job_id: UUID,
    attempt: int,
    *,
    waiting_timeout_seconds: int,
    stack: str,
) -> dict[str, Any]:
    """Answers an execution that waits; call it outside a transaction.

    Free slots are given away first, to whomever they belong. An execution that waits is not started again:
    it finds that it has a slot.

    Args:
        conn: An open connection.
        workflow: What to start for others, and how many slots there are.
        job_id: The job.
        attempt: The attempt that the execution runs.
        waiting_timeout_seconds: Longest time to wait; after that the job fails.
        stack: Name of the deployment, for the announcement.

    Returns:
        What the state machine goes on with: ADMITTED, or WAITING with the seconds until it asks again, or how
        the job ended.

    Raises:
        JobNotFoundError: No such job.
    """
    start_if_possible(conn, workflow)
    found = waiting.standing(conn, job_id)
    if found is None or not found.is_waiting(attempt):
        return settlement.outcome(conn, job_id, attempt).as_dict()
    answer = {"job_id": str(job_id), "attempt": attempt}
    if found.has_turn:
        return answer | {"status": ADMITTED}
    if found.waited_seconds > waiting_timeout_seconds:
        return give_up(conn, job_id, attempt, found, stack=stack)
    return answer | {"status": WAITING, "wait_seconds": pause_seconds(found.waited_seconds)}


def give_up(
    conn: LedgerConnection, job_id: UUID, attempt: int, found: Standing, *, stack: str
) -> dict[str, Any]:
    """Fails an attempt that has waited too long; gives what the state machine is to announce."""
    hours = f"{found.waited_seconds / 3600:.1f} hours"
    waited = (
        failures.failure(ErrorCode.NO_CAPACITY, f"AWS had no room for the job's task for {hours}.")
        if found.is_short
        else failures.failure(ErrorCode.NO_CAPACITY, f"The job waited {hours} for its turn behind others.")
    )
    return settlement.settle_for_workflow(conn, job_id, attempt, waited, stack=stack).as_dict()


def pause_seconds(waited_seconds: float) -> int:
    """How long to wait before asking again."""
    share = int(waited_seconds / _PAUSE_SHARE)
    return max(SHORTEST_PAUSE_SECONDS, min(_LONGEST_PAUSE_SECONDS, share))
