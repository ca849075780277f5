"""Tasks that ECS stopped: who waits for one that gave no answer must not wait for its heartbeat."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from botocore.exceptions import ClientError

from ledger.chunks import chunks
from ledger.database.connection import LedgerConnection
from ledger.jobs import failures, reconcile
from ledger.models import Failure
from ledger.states import ErrorCode, TaskError, task_error_for
from runtime.logs import logger

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

# Step Functions' answers for a token whose task has ended or timed out, or that it never gave out.
_DEAD_TOKEN_ERRORS: Final = frozenset({"TaskTimedOut", "TaskDoesNotExist", "InvalidToken"})
# How ECS begins the reason of a container that the kernel killed for want of memory.
_OUT_OF_MEMORY: Final = "OutOfMemoryError"
# ECS's stop code of a task whose container never ran.
_NEVER_BEGAN: Final = "TaskFailedToStart"


def report_stopped_task(
    conn: LedgerConnection, detail: dict[str, Any], stepfunctions: "Callable[[], SFNClient]"
) -> str:
    """Fails the token of a task that stopped without an answer, so that its retry need not wait for it.

    Args:
        conn: An open connection.
        detail: That of ECS's event.
        stepfunctions: Gives the client.

    Returns:
        What was done, for the log.
    """
    if detail["lastStatus"] != "STOPPED" or _has_answered(detail):
        return "ignored"
    token = _unanswered_token(conn, detail)
    if token is None:
        return "ignored"
    reason = detail.get("stoppedReason") or "no reason given"
    told = _failure_of_task(detail, reason)
    if told.code is ErrorCode.OUT_OF_MEMORY:
        # Of a Map's item only the ledger can tell why it failed, and this worker could not say it any more.
        chunks.fail_of_task(conn, detail["taskArn"], told)
    cause = {"code": told.code, "message": told.message, "remedy": told.remedy}
    try:
        stepfunctions().send_task_failure(
            taskToken=token, error=_error_for(detail, told), cause=json.dumps(cause)
        )
    except ClientError as error:
        if error.response["Error"]["Code"] not in _DEAD_TOKEN_ERRORS:
            raise
        return "already_reported"
    logger().warning("task_stopped", extra={"task_arn": detail["taskArn"], "reason": reason})
    return "failed_token"


def _error_for(detail: dict[str, Any], told: Failure) -> TaskError:
    if detail.get("stopCode") == _NEVER_BEGAN and told.code is not ErrorCode.OUT_OF_MEMORY:
        return TaskError.NOT_STARTED
    return task_error_for(told.code)


def _failure_of_task(detail: dict[str, Any], reason: str) -> Failure:
    """Why the task ended; ECS tells a container that used up its memory by the reason of the container."""
    reasons = [container.get("reason") or "" for container in detail.get("containers") or []]
    if any(text.startswith(_OUT_OF_MEMORY) for text in (*reasons, reason)):
        return failures.failure(ErrorCode.OUT_OF_MEMORY)
    return failures.failure(ErrorCode.INTERRUPTED, f"The task stopped: {reason}")


def _has_answered(detail: dict[str, Any]) -> bool:
    """A worker exits with 0 only after Step Functions has taken its answer."""
    containers = detail.get("containers") or []
    return bool(containers) and all(container.get("exitCode") == 0 for container in containers)


def _unanswered_token(conn: LedgerConnection, detail: dict[str, Any]) -> str | None:
    """The token the task was started with; a task that never came up has not told it to the ledger."""
    started_with = _override_environment(detail)
    token, job_id = started_with.get("TASK_TOKEN"), started_with.get("JOB_ID")
    if not token or not job_id:
        return reconcile.token_of_task(conn, detail["taskArn"])
    if reconcile.is_held_by_another_task(conn, UUID(job_id), token, detail["taskArn"]):
        return None
    return token


def _override_environment(detail: dict[str, Any]) -> dict[str, str]:
    """What the task was started with; in ECS's KeyValuePair both name and value are optional."""
    overrides = (detail.get("overrides") or {}).get("containerOverrides") or []
    items = [item for override in overrides for item in override.get("environment") or []]
    return {item.get("name") or "": item.get("value") or "" for item in items}
