"""Which waiting job begins next: only so many are in work at once, shared fairly between those who order.

A job holds a slot from the moment it is admitted (`dispatched_at`) until its attempt ends; a job that is
processed without ever having been admitted counts too. Keys share the slots: the next one goes to the key
with the fewest jobs in work, among equals to the one that waited longest. Priorities order the jobs of one
key only, so nobody gets ahead of others by calling everything urgent. A job whose source is in the archive
waits for it outside of this queue.
"""

from dataclasses import dataclass
from uuid import UUID

from ledger.database.connection import LedgerConnection
from ledger.errors import QueueFullError
from ledger.jobs import events
from ledger.turns.restores import COPY_MARGIN

_LOCK = 0x61646D69  # any constant: all who admit only have to agree on it
# A starter that has died leaves its job admitted and without an execution.
_START_LEASE = "60 seconds"
# Written exactly as in the partial indexes, which serve these queries alone.
_WAITING = "status = 'QUEUED' AND dispatched_at IS NULL"
# Not those that wait for their source, nor those that could not read it in time; `maintain` sees to both.
_READY = (
    f"{_WAITING} AND restore_expected_at IS NULL"
    f" AND (source_readable_until IS NULL OR source_readable_until > now() + interval '{COPY_MARGIN}')"
)
_IN_WORK = "(status = 'PROCESSING' OR (status = 'QUEUED' AND dispatched_at IS NOT NULL))"

# In the index's order, because EXISTS alone may look for a waiting job through the whole table.
_HAS_WORK = f"""
    SELECT (SELECT id FROM jobs WHERE {_READY} ORDER BY owner, priority DESC, queued_at, id LIMIT 1)
           IS NOT NULL
       AND (SELECT count(*) FROM jobs WHERE {_IN_WORK}) < %s"""  # noqa: S608 -- constants
_NEXT = f"""
    WITH shares AS (SELECT owner, count(*) AS jobs FROM jobs WHERE {_IN_WORK} GROUP BY owner)
    SELECT first.id, owners.owner
      FROM job_owners owners
     CROSS JOIN LATERAL (SELECT id FROM jobs WHERE {_READY} AND owner = owners.owner
                          ORDER BY priority DESC, queued_at, id LIMIT 1) first
      LEFT JOIN shares ON shares.owner = owners.owner
     WHERE (SELECT coalesce(sum(jobs), 0) FROM shares) < %s
     ORDER BY coalesce(shares.jobs, 0), owners.last_started_at NULLS FIRST, owners.owner
     LIMIT 1"""  # noqa: S608 -- constants
_ADMIT = f"""
    UPDATE jobs SET dispatched_at = clock_timestamp() WHERE id = %s AND {_READY}
    RETURNING id, attempt, execution_arn, fence"""  # noqa: S608 -- constants


@dataclass(frozen=True, slots=True)
class Admitted:
    """An attempt that has a slot.

    Attributes:
        execution_arn: The execution that waits for this slot; None where one is to be started now.
    """

    job_id: UUID
    attempt: int
    execution_arn: str | None = None


def admit(conn: LedgerConnection, max_running_jobs: int) -> Admitted | None:
    """Gives a free slot to the job whose turn it is.

    Of any number of parallel callers each gets another job, and never are more in work than allowed. Whoever
    frees a slot or adds a job calls this after its own transaction, so no slot stays free while a job waits.

    Args:
        conn: An open connection, outside a transaction.
        max_running_jobs: Most jobs in work at once.

    Returns:
        What to start, or whose execution may go on; None when all slots are taken or nothing waits.

    Raises:
        psycopg.errors.LockNotAvailable: Too many others are at it.
    """
    # Seen without the lock, so that a full house is told at once to however many ask.
    row = conn.execute(_HAS_WORK, (max_running_jobs,)).fetchone()
    if not row or not row[0]:
        return None
    with conn.transaction():
        conn.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        while (first := conn.execute(_NEXT, (max_running_jobs,)).fetchone()) is not None:
            job_id, owner = first
            taken = conn.execute(_ADMIT, (job_id,)).fetchone()
            if taken is not None:  # else it was cancelled this very moment, and the next one is up
                conn.execute(
                    "UPDATE job_owners SET last_started_at = clock_timestamp() WHERE owner = %s", (owner,)
                )
                return _admitted(conn, *taken)
    return None


def _admitted(
    conn: LedgerConnection, job_id: UUID, attempt: int, execution_arn: str | None, fence: int
) -> Admitted:
    if execution_arn is not None:
        # Its execution waits already, so nobody will note a start.
        events.record(
            conn,
            job_id=job_id,
            attempt=attempt,
            fence=fence,
            event_type="job.dispatched",
            data={"execution_arn": execution_arn},
        )
    return Admitted(job_id, attempt, execution_arn)


def admit_again(conn: LedgerConnection) -> Admitted | None:
    """Hands over a job that was admitted a minute ago and has no execution; it keeps its slot."""
    row = conn.execute(
        """
        UPDATE jobs SET dispatched_at = clock_timestamp()
         WHERE id = (SELECT id FROM jobs
                      WHERE status = 'QUEUED' AND execution_arn IS NULL
                        AND dispatched_at < now() - %s::interval
                      ORDER BY dispatched_at LIMIT 1 FOR UPDATE SKIP LOCKED)
        RETURNING id, attempt
        """,
        (_START_LEASE,),
    ).fetchone()
    return Admitted(*row) if row else None


def give_back(conn: LedgerConnection, admitted: Admitted) -> None:
    """Returns a slot whose execution was surely not started; the job waits again where it waited before."""
    conn.execute(
        """
        UPDATE jobs SET dispatched_at = NULL
         WHERE id = %s AND attempt = %s AND status = 'QUEUED' AND execution_arn IS NULL
        """,
        (admitted.job_id, admitted.attempt),
    )


def check_room(conn: LedgerConnection, owner: str, adding: int, max_waiting_jobs: int) -> None:
    """Refuses orders of a key that has many jobs which have not begun: awaiting their file or their turn.

    Calls at the very same time do not see each other's jobs, so the bound may be passed by as many.

    Raises:
        QueueFullError: With these jobs it would have more than allowed.
    """
    row = conn.execute(
        f"""
        SELECT (SELECT count(*) FROM (SELECT FROM jobs WHERE status = 'PENDING' AND owner = %(owner)s
                                       LIMIT %(limit)s) uploads)
             + (SELECT count(*) FROM (SELECT FROM jobs WHERE {_WAITING} AND owner = %(owner)s
                                       LIMIT %(limit)s) queued)
        """,  # noqa: S608 -- constants
        {"owner": owner, "limit": max_waiting_jobs + 1},
        prepare=True,
    ).fetchone()
    waiting = row[0] if row else 0
    if waiting + adding > max_waiting_jobs:
        message = (
            f"{waiting} jobs of this API key have not begun, and {adding} more were ordered; at most "
            f"{max_waiting_jobs} may wait at a time: order again when some have begun, or cancel some"
        )
        raise QueueFullError(message)
