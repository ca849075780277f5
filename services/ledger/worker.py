"""What a worker may do to its job: claim it, show life, publish, let go. A lost fence can change nothing."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from ledger.connection import LedgerConnection
from ledger.models import AlreadySettled, Announcement, Claim, OutputRecord
from ledger.states import ErrorCode


def claim(
    conn: LedgerConnection,
    *,
    job_id: UUID,
    attempt: int,
    execution_arn: str,
    task_arn: str | None,
    task_token: str,
) -> Claim | AlreadySettled:
    """Takes the job for this worker and voids every earlier hold.

    Raises:
        JobNotFoundError: No such job.
        ClaimRefusedError: The attempt is not the current one, or the job is not to be processed.
    """
    raise NotImplementedError


def heartbeat(conn: LedgerConnection, claim: Claim, stage: str) -> None:
    """Shows that the worker lives and where it is.

    Raises:
        FenceLostError: Another worker holds the job, or it is settled.
    """
    raise NotImplementedError


def record_source(
    conn: LedgerConnection, claim: Claim, technical: Mapping[str, Any], size_bytes: int
) -> None:
    """Stores what probing the source told on the video record.

    Raises:
        FenceLostError: Another worker holds the job, or it is settled.
    """
    raise NotImplementedError


def complete(
    conn: LedgerConnection,
    claim: Claim,
    outputs: Sequence[OutputRecord],
    stage_seconds: Mapping[str, float],
    *,
    stack: str,
    media_bucket: str,
) -> Announcement:
    """Flips the job to COMPLETED, once, in one transaction with its outputs, event and announcement.

    Raises:
        FenceLostError: Another worker holds the job, or it is settled.
    """
    raise NotImplementedError


def release(conn: LedgerConnection, claim: Claim, code: ErrorCode, message: str) -> None:
    """Notes that this hold ended without a result; the job stays PROCESSING for the workflow's retry.

    A hold that is already lost is left alone.
    """
    raise NotImplementedError
