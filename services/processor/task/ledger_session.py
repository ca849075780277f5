"""One worker's connection to the ledger: opened when needed, and opened again while a database fails over."""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar
from uuid import UUID

import psycopg

from ledger.chunks import chunks as chunk_records
from ledger.chunks.chunks import AlreadyEncoded, Chunk, ChunkClaim
from ledger.database.connection import FixedCredentials, LedgerConnection, connect
from ledger.database.settings import Credentials, DatabaseSettings
from ledger.errors import LedgerUnavailableError
from ledger.jobs import worker as job_worker
from ledger.models import AlreadySettled, Announcement, Claim, Failure, JobWarning, OutputRecord
from ledger.states import ErrorCode
from processor.task.settings import Settings
from processor.task.stop import Stop

logger = logging.getLogger(__name__)

Answer = TypeVar("Answer")

_LOST_CONNECTION: Final = (LedgerUnavailableError, psycopg.OperationalError, psycopg.InterfaceError)
# Before the work a new task start costs little, so the workflow's Retry takes over soon. After the work a
# failover, which takes one to two minutes, must not cost a whole encode.
_CLAIM_DELAYS_SECONDS: Final = (0.5, 1.0, 2.0, 4.0)
_PUBLISH_DELAYS_SECONDS: Final = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 30.0, 30.0)


class LedgerSession:
    """Calls the ledger over one connection of its own; not shared between threads.

    Args:
        open_connection: Opens a connection.
        stop: The switch of the attempt; ends waiting for the database.
    """

    def __init__(self, open_connection: Callable[[], LedgerConnection], stop: Stop) -> None:
        self._open_connection = open_connection
        self._stop = stop
        self._connection: LedgerConnection | None = None

    def claim(
        self, *, job_id: UUID, attempt: int, execution_arn: str, task_arn: str | None, task_token: str
    ) -> Claim | AlreadySettled:
        """Take the job for this worker; see `ledger.jobs.worker.claim`."""
        return self._call(
            lambda conn: job_worker.claim(
                conn,
                job_id=job_id,
                attempt=attempt,
                execution_arn=execution_arn,
                task_arn=task_arn,
                task_token=task_token,
            ),
            _CLAIM_DELAYS_SECONDS,
        )

    def heartbeat(self, claim: Claim, stage: str) -> None:
        """Show life once, without retries: the next one is the retry; see `ledger.jobs.worker.heartbeat`."""
        self._call(lambda conn: job_worker.heartbeat(conn, claim, stage), ())

    def confirm(self, claim: Claim, stage: str) -> None:
        """Make sure that the hold is still ours, waiting for the database if need be."""
        self._call(lambda conn: job_worker.heartbeat(conn, claim, stage), _PUBLISH_DELAYS_SECONDS)

    def record_source(
        self, claim: Claim, technical: Mapping[str, Any], size_bytes: int, profile_version: str
    ) -> None:
        """Store what probing told; see `ledger.jobs.worker.record_source`."""
        self._call(
            lambda conn: job_worker.record_source(conn, claim, technical, size_bytes, profile_version),
            _PUBLISH_DELAYS_SECONDS,
        )

    def complete(
        self,
        claim: Claim,
        outputs: Sequence[OutputRecord],
        stage_seconds: Mapping[str, float],
        *,
        stack: str,
        media_bucket: str,
        warnings: Sequence[JobWarning] = (),
    ) -> Announcement:
        """Flip the job to COMPLETED; see `ledger.jobs.worker.complete`, which is safe to repeat."""
        return self._call(
            lambda conn: job_worker.complete(
                conn,
                claim,
                outputs,
                stage_seconds,
                stack=stack,
                media_bucket=media_bucket,
                warnings=warnings,
            ),
            _PUBLISH_DELAYS_SECONDS,
        )

    def note(self, claim: Claim, event_type: str, data: Mapping[str, Any]) -> None:
        """Add an event to the job's history; see `ledger.chunks.chunks.note`."""
        self._call(lambda conn: chunk_records.note(conn, claim, event_type, data), _CLAIM_DELAYS_SECONDS)

    def store_plan(self, claim: Claim, plan_key: str, names: Sequence[str]) -> list[Chunk]:
        """Make a plan the job's current one; see `ledger.chunks.chunks.store_plan`."""
        return self._call(
            lambda conn: chunk_records.store_plan(conn, claim, plan_key, names),
            _PUBLISH_DELAYS_SECONDS,
        )

    def forget_chunks(self, claim: Claim, plan_key: str, names: Sequence[str]) -> None:
        """Note that finished chunks are gone; see `ledger.chunks.chunks.forget`."""
        self._call(lambda conn: chunk_records.forget(conn, claim, plan_key, names), _PUBLISH_DELAYS_SECONDS)

    def hand_over(self, claim: Claim, stage: str, data: Mapping[str, Any]) -> None:
        """Let go of a planned job; see `ledger.chunks.chunks.hand_over`."""
        self._call(lambda conn: chunk_records.hand_over(conn, claim, stage, data), _PUBLISH_DELAYS_SECONDS)

    def listed_chunks(self, claim: Claim) -> tuple[str, list[Chunk]]:
        """The current plan and its chunks; see `ledger.chunks.chunks.listed`."""
        return self._call(lambda conn: chunk_records.listed(conn, claim), _PUBLISH_DELAYS_SECONDS)

    def claim_chunk(
        self, *, job_id: UUID, attempt: int, name: str, task_arn: str | None
    ) -> ChunkClaim | AlreadyEncoded:
        """Take a chunk for this worker; see `ledger.chunks.chunks.claim_chunk`."""
        return self._call(
            lambda conn: chunk_records.claim_chunk(
                conn, job_id=job_id, attempt=attempt, name=name, task_arn=task_arn
            ),
            _CLAIM_DELAYS_SECONDS,
        )

    def heartbeat_chunk(self, chunk: ChunkClaim) -> None:
        """Show life once, without retries; see `ledger.chunks.chunks.heartbeat`."""
        self._call(lambda conn: chunk_records.heartbeat(conn, chunk), ())

    def finish_chunk(self, chunk: ChunkClaim, *, directory: str, sha256: str, frames: int) -> None:
        """Note that a chunk is complete; see `ledger.chunks.chunks.finish`."""
        self._call(
            lambda conn: chunk_records.finish(conn, chunk, directory=directory, sha256=sha256, frames=frames),
            _PUBLISH_DELAYS_SECONDS,
        )

    def end_chunk(self, chunk: ChunkClaim, failure: Failure | None) -> None:
        """Note once, without retries, that the hold ended without a result, and why if it is final."""
        self._call(
            lambda conn: (
                chunk_records.release(conn, chunk)
                if failure is None
                else chunk_records.fail(conn, chunk, failure)
            ),
            (),
        )

    def release(self, claim: Claim, code: ErrorCode, message: str) -> None:
        """Note once, without retries, that this hold ended; see `ledger.jobs.worker.release`."""
        self._call(lambda conn: job_worker.release(conn, claim, code, message), ())

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _call(self, work: Callable[[LedgerConnection], Answer], delays_seconds: Sequence[float]) -> Answer:
        for delay_seconds in delays_seconds:
            try:
                return self._once(work)
            except _LOST_CONNECTION as error:
                logger.warning("ledger not available, trying again", extra={"reason": type(error).__name__})
                self._stop.wait(delay_seconds)
                self._stop.check()
        return self._once(work)

    def _once(self, work: Callable[[LedgerConnection], Answer]) -> Answer:
        if self._connection is None:
            self._connection = self._open_connection()
        try:
            return work(self._connection)
        except _LOST_CONNECTION:
            self.close()
            raise


def connector(settings: Settings) -> Callable[[], LedgerConnection]:
    """Return a function that opens connections as the application role over verified TLS."""
    database = DatabaseSettings(
        host=settings.database_host,
        port=settings.database_port,
        name=settings.database_name,
        application_name="processor",
    )
    login = FixedCredentials(
        Credentials(
            username=settings.database_username, password=settings.database_password.get_secret_value()
        )
    )
    return lambda: connect(database, login)
