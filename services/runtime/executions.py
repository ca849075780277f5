"""Names that executions are started by, how they stand, and what it means for the job when one has ended."""

from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

from ledger.database.connection import LedgerConnection
from ledger.jobs import failures, settlement
from ledger.states import ErrorCode

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

# The state machine's own last word after it has announced a failure.
ANNOUNCED_FAILURE = "JobFailed"


class ExecutionStatus(StrEnum):
    """Step Functions' states of an execution, and MISSING for one that it does not know."""

    RUNNING = "RUNNING"
    PENDING_REDRIVE = "PENDING_REDRIVE"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    TIMED_OUT = "TIMED_OUT"
    ABORTED = "ABORTED"
    MISSING = "MISSING"


UNFINISHED_STATUSES = frozenset({ExecutionStatus.RUNNING, ExecutionStatus.PENDING_REDRIVE})


def execution_name(job_id: UUID, attempt: int) -> str:
    """The name that makes a second start of an attempt impossible; at most 47 of 80 characters."""
    return f"{job_id}-{attempt}"


def execution_arn(state_machine_arn: str, name: str) -> str:
    """The ARN that a machine's execution of this name has."""
    return f"{state_machine_arn.replace(':stateMachine:', ':execution:', 1)}:{name}"


def describe(stepfunctions: "SFNClient", arn: str | None) -> tuple[ExecutionStatus, str]:
    """The execution's status and its error name, which is empty if it has none; no ARN, no execution."""
    if arn is None:
        return ExecutionStatus.MISSING, ""
    from botocore.exceptions import ClientError  # not needed until a client is

    try:
        answer = stepfunctions.describe_execution(executionArn=arn)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ExecutionDoesNotExist":
            return ExecutionStatus.MISSING, ""
        raise
    return ExecutionStatus(answer["status"]), answer.get("error", "")


def settle_ended(
    conn: LedgerConnection, job_id: UUID, attempt: int, status: ExecutionStatus, error: str, *, stack: str
) -> str:
    """Draws the consequence of an execution that has ended; what has been drawn already changes nothing.

    A timeout and an abort are final: the work takes too long, or an operator wants it stopped. Any other end
    without a result (a lost execution, a failing function) deserves another attempt. An announcement that the
    execution may not have sent goes to the outbox; its stable event id lets receivers drop a repeat.

    Returns:
        What was done, for the log.

    Raises:
        JobNotFoundError: No such job.
    """
    if status in UNFINISHED_STATUSES:
        return "running"
    if status is ExecutionStatus.TIMED_OUT:
        settlement.fail(conn, job_id, attempt, failures.failure(ErrorCode.TIMED_OUT), stack=stack)
    elif status is ExecutionStatus.ABORTED:
        aborted = failures.failure(ErrorCode.INTERRUPTED, "The processing was stopped by an operator.")
        settlement.fail(conn, job_id, attempt, aborted, stack=stack)
    else:
        reason = f"execution {status} {error}".strip()
        if settlement.next_attempt(conn, job_id, attempt, reason=reason, stack=stack) is not None:
            return "requeued"
        if status is ExecutionStatus.SUCCEEDED or error == ANNOUNCED_FAILURE:
            settlement.confirm_announcement(conn, job_id, attempt)
            return "confirmed"
    settlement.queue_announcement(conn, job_id, attempt)
    return "settled"
