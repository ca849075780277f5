"""The chunks of a long job: several workers encode them side by side, each under a fence of its own.

The job itself is held by whoever plans it and later by whoever assembles it; a worker that encodes a chunk
holds that chunk alone, and only while its job is being processed in the attempt that the worker belongs to.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, LiteralString
from uuid import UUID

from psycopg import sql
from psycopg.rows import class_row

from ledger.database.connection import LedgerConnection
from ledger.errors import ClaimRefusedError, FenceLostError
from ledger.jobs import events, job_rows, wording
from ledger.jobs.worker import hold
from ledger.models import Claim, Failure
from ledger.states import ErrorCode, JobStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """A chunk as the ledger knows it.

    Attributes:
        frames: Frames that it has, once it is done.
        starts: How often a worker began to encode it.
        directory: Where its files are, relative to the plan's directory; None until it is done.
        sha256: Digest of the record that lies beside its files.
    """

    name: str
    status: str
    starts: int
    frames: int | None
    directory: str | None
    sha256: str | None

    @property
    def is_done(self) -> bool:
        """Whether its files are complete."""
        return self.status == "DONE"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkClaim:
    """A worker's hold on one chunk.

    Attributes:
        fence: Number of this hold on the chunk; a higher one in the ledger makes this one void.
        job_fence: Number of the hold under which the job was planned; live progress is shown under it.
        others: All chunks of the plan, as they were at the time of the claim.
    """

    job_id: UUID
    attempt: int
    plan_key: str
    name: str
    fence: int
    job_fence: int
    profile: str
    others: tuple[Chunk, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlreadyEncoded:
    """The chunk was finished before; there is nothing to do but to report it again."""

    name: str


def store_plan(conn: LedgerConnection, claim: Claim, plan_key: str, names: Sequence[str]) -> list[Chunk]:
    """Makes a plan the job's current one; chunks that an earlier attempt finished under its key stay.

    Raises:
        FenceLostError: Another worker holds the job, or it is settled.
    """
    with conn.transaction():
        hold(conn, claim)
        conn.execute("UPDATE jobs SET plan_key = %s WHERE id = %s", (plan_key, claim.job_id))
        with conn.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO chunks (job_id, plan_key, name) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
                [(claim.job_id, plan_key, name) for name in names],
            )
        return _chunks(conn, claim.job_id, plan_key)


def forget(conn: LedgerConnection, claim: Claim, plan_key: str, names: Sequence[str]) -> None:
    """Notes that the files of finished chunks are gone or damaged, so that they are made again.

    Raises:
        FenceLostError: Another worker holds the job, or it is settled.
    """
    with conn.transaction():
        hold(conn, claim)
        conn.execute(
            """
            UPDATE chunks SET status = 'MISSING', directory = NULL, sha256 = NULL
             WHERE job_id = %s AND plan_key = %s AND name = ANY(%s)
            """,
            (claim.job_id, plan_key, list(names)),
        )


def hand_over(conn: LedgerConnection, claim: Claim, stage: str, data: Mapping[str, Any]) -> None:
    """Lets go of a planned job without voiding the plan: its chunks come next.

    Raises:
        FenceLostError: Another worker holds the job, or it is settled.
    """
    with conn.transaction():
        hold(conn, claim)
        conn.execute(
            """
            UPDATE jobs SET task_arn = NULL, task_token = NULL, stage = %s, heartbeat_at = now(),
                   updated_at = now()
             WHERE id = %s
            """,
            (stage, claim.job_id),
        )
        note(conn, claim, "job.chunked", data)


def note(conn: LedgerConnection, claim: Claim, event_type: str, data: Mapping[str, Any]) -> None:
    """Adds an event to the job's history under this hold."""
    events.record(
        conn, job_id=claim.job_id, attempt=claim.attempt, fence=claim.fence, event_type=event_type, data=data
    )


def listed(conn: LedgerConnection, claim: Claim) -> tuple[str, list[Chunk]]:
    """The key of the job's current plan and its chunks by name.

    Raises:
        ClaimRefusedError: The job was never planned in chunks.
    """
    plan_key = _plan_key(conn, claim.job_id)
    if plan_key is None:
        message = f"job {claim.job_id} has no plan of chunks"
        raise ClaimRefusedError(message)
    return plan_key, _chunks(conn, claim.job_id, plan_key)


def claim_chunk(
    conn: LedgerConnection, *, job_id: UUID, attempt: int, name: str, task_arn: str | None
) -> ChunkClaim | AlreadyEncoded:
    """Takes a chunk for this worker and voids every earlier hold on it.

    Raises:
        JobNotFoundError: No such job.
        ClaimRefusedError: The attempt is not the current one, the job is not in process, or lacks the chunk.
    """
    with conn.transaction():
        job = job_rows.lock(conn, job_id)
        plan_key = _plan_key(conn, job_id)
        if (job.attempt, job.status) != (attempt, JobStatus.PROCESSING) or plan_key is None:
            message = f"job {job_id} is {job.status} at attempt {job.attempt}; chunks of {attempt} must stop"
            raise ClaimRefusedError(message, job.status)
        chunks = {chunk.name: chunk for chunk in _chunks(conn, job_id, plan_key)}
        if name not in chunks:
            message = f"job {job_id} has no chunk {name!r} in its current plan"
            raise ClaimRefusedError(message, job.status)
        if chunks[name].is_done:
            return AlreadyEncoded(name=name)
        conn.execute(
            "UPDATE jobs SET short_since = NULL WHERE id = %s AND short_since IS NOT NULL", (job_id,)
        )
        row = conn.execute(
            """
            UPDATE chunks SET status = 'ENCODING', fence = fence + 1, starts = starts + 1, attempt = %s,
                   task_arn = %s, heartbeat_at = now(), started_at = now()
             WHERE job_id = %s AND plan_key = %s AND name = %s
            RETURNING fence
            """,
            (attempt, task_arn, job_id, plan_key, name),
        ).fetchone()
    return ChunkClaim(
        job_id=job_id,
        attempt=attempt,
        plan_key=plan_key,
        name=name,
        fence=row[0] if row else 0,
        job_fence=job.fence,
        profile=job.profile,
        others=tuple(chunks.values()),
    )


def heartbeat(conn: LedgerConnection, chunk: ChunkClaim) -> None:
    """Shows that the chunk's worker lives.

    Raises:
        FenceLostError: Another worker holds the chunk, or the job is settled or at another attempt.
    """
    _update_held(conn, chunk, "heartbeat_at = now()")


def finish(conn: LedgerConnection, chunk: ChunkClaim, *, directory: str, sha256: str, frames: int) -> None:
    """Notes that the chunk's files are complete; they stay through retries and further attempts.

    Raises:
        FenceLostError: Another worker holds the chunk, or the job is settled or at another attempt.
    """
    _update_held(
        conn,
        chunk,
        "status = 'DONE', directory = %s, sha256 = %s, frames = %s, finished_at = now(), task_arn = NULL",
        (directory, sha256, frames),
    )


def release(conn: LedgerConnection, chunk: ChunkClaim) -> None:
    """Notes that the hold ended without a result; a hold that is already lost is left alone."""
    _update(conn, chunk, "status = 'MISSING', fence = fence + 1, task_arn = NULL")


def fail(conn: LedgerConnection, chunk: ChunkClaim, failure: Failure) -> None:
    """Notes why the chunk can never be encoded: a Map tells its workflow only that some item failed."""
    failure = wording.for_people(failure)
    _update(
        conn,
        chunk,
        "status = 'FAILED', error_code = %s, error_message = %s, error_remedy = %s, task_arn = NULL",
        (failure.code, failure.message.replace("\0", ""), failure.remedy.replace("\0", "")),
    )


def fail_of_task(conn: LedgerConnection, task_arn: str, failure: Failure) -> None:
    """Notes why the chunk that a lost task was encoding can never be encoded, if it was encoding one."""
    failure = wording.for_people(failure)
    conn.execute(
        """
        UPDATE chunks SET status = 'FAILED', fence = fence + 1, error_code = %s, error_message = %s,
               error_remedy = %s, task_arn = NULL
         WHERE task_arn = %s AND status = 'ENCODING'
        """,
        (failure.code, failure.message, failure.remedy, task_arn),
    )


def recorded_failure(conn: LedgerConnection, job_id: UUID, attempt: int) -> Failure | None:
    """Why a chunk of this attempt failed, if one did; of several the first by name."""
    row = conn.execute(
        """
        SELECT error_code, error_message, error_remedy FROM chunks
         WHERE job_id = %s AND attempt = %s AND status = 'FAILED' ORDER BY name LIMIT 1
        """,
        (job_id, attempt),
    ).fetchone()
    return Failure(code=ErrorCode(row[0]), message=row[1], remedy=row[2]) if row else None


def _plan_key(conn: LedgerConnection, job_id: UUID) -> str | None:
    row = conn.execute("SELECT plan_key FROM jobs WHERE id = %s", (job_id,)).fetchone()
    return row[0] if row else None


def _chunks(conn: LedgerConnection, job_id: UUID, plan_key: str) -> list[Chunk]:
    with conn.cursor(row_factory=class_row(Chunk)) as cursor:
        return cursor.execute(
            """
            SELECT name, status, starts, frames, directory, sha256 FROM chunks
             WHERE job_id = %s AND plan_key = %s ORDER BY name
            """,
            (job_id, plan_key),
        ).fetchall()


def _update(
    conn: LedgerConnection, chunk: ChunkClaim, changes: LiteralString, values: Sequence[Any] = ()
) -> bool:
    """Changes the chunk if this hold on it is the newest, and tells whether it is."""
    statement = sql.SQL(
        "UPDATE chunks SET {} WHERE job_id = %s AND plan_key = %s AND name = %s AND fence = %s"
    ).format(sql.SQL(changes))
    key = (chunk.job_id, chunk.plan_key, chunk.name, chunk.fence)
    return conn.execute(statement, (*values, *key)).rowcount == 1


def _update_held(
    conn: LedgerConnection, chunk: ChunkClaim, changes: LiteralString, values: Sequence[Any] = ()
) -> None:
    with conn.transaction():
        job = job_rows.lock(conn, chunk.job_id)
        if (job.status, job.attempt) != (JobStatus.PROCESSING, chunk.attempt):
            message = f"job {job.id} is {job.status} at attempt {job.attempt}; chunk {chunk.name} must stop"
            raise FenceLostError(message, job.status)
        if not _update(conn, chunk, changes, values):
            message = f"another worker holds chunk {chunk.name} of job {job.id}; this one must stop"
            raise FenceLostError(message, job.status)
