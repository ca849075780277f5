"""Function `outcome`: settles jobs whose workflow, execution or task ended, and starts who waits for them."""

import json
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from uuid import UUID

from botocore.exceptions import ClientError

from ledger.chunks import chunks, larger_tasks
from ledger.database.connection import LedgerConnection
from ledger.errors import JobNotFoundError
from ledger.jobs import failures, reconcile, settlement
from ledger.models import Failure, Outcome
from ledger.states import ErrorCode, JobStatus, task_error_for
from orchestration.larger_tasks import last_words, try_larger
from orchestration.settings import OutcomeSettings
from runtime import clients, database
from runtime.arrival import InvalidEventError
from runtime.dispatch import Workflow, start_if_possible
from runtime.executions import ExecutionStatus, parse_execution_name, settle_ended
from runtime.logs import logger

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

# Step Functions' answers for a token whose task has ended or timed out, or that it never gave out.
_DEAD_TOKEN_ERRORS = frozenset({"TaskTimedOut", "TaskDoesNotExist", "InvalidToken"})
# How ECS begins the reason of a container that the kernel killed for want of memory.
_OUT_OF_MEMORY = "OutOfMemoryError"
# All that a Map tells when one of its items failed; which and why is in the ledger.
_CHUNK_FAILED = "States.ExceedToleratedFailureThreshold"


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Lambda entry point for the state machine and for EventBridge."""
    settings = OutcomeSettings.from_environment()
    workflow = Workflow(
        client=clients.stepfunctions,
        state_machine_arn=settings.state_machine_arn,
        max_running_jobs=settings.max_running_jobs,
    )
    with database.ledger(settings).connection() as conn:
        return settle_and_go_on(conn, event, stack=settings.stack, workflow=workflow)


def settle_and_go_on(
    conn: LedgerConnection, event: dict[str, Any], *, stack: str, workflow: Workflow
) -> dict[str, Any]:
    """Answers one event, and gives the slot that it may have freed to the job whose turn it is.

    Raises:
        InvalidEventError: See `settle`.
    """
    answer = settle(conn, event, stack=stack, stepfunctions=workflow.client)
    start_if_possible(conn, workflow)
    return answer


def settle(
    conn: LedgerConnection, event: dict[str, Any], *, stack: str, stepfunctions: "Callable[[], SFNClient]"
) -> dict[str, Any]:
    """Answers one event.

    Args:
        conn: An open connection to the ledger.
        event: A request of the state machine, or an EventBridge event about an execution or an ECS task.
        stack: Name of the deployment, for announcements.
        stepfunctions: Gives the client; only a stopped task needs it.

    Raises:
        InvalidEventError: The event is of no known kind or lacks a field.
    """
    try:
        match event.get("source"):
            case "workflow":
                return _settle_workflow(conn, event, stack=stack)
            case "chunk":
                return _settle_chunk(conn, event)
            case "announce":
                return _queue_announcement(conn, event).as_dict()
            case "aws.states":
                return {"result": _settle_execution(conn, event["detail"], stack=stack)}
            case "aws.ecs":
                return {"result": _report_stopped_task(conn, event["detail"], stepfunctions)}
    except (KeyError, ValueError, TypeError) as error:
        message = f"the event from {event.get('source')!r} lacks a field or holds a wrong one: {error!r}"
        raise InvalidEventError(message) from error
    message = (
        f"unknown source {event.get('source')!r}; expected workflow, chunk, announce, aws.states or aws.ecs"
    )
    raise InvalidEventError(message)


def _settle_workflow(conn: LedgerConnection, event: dict[str, Any], *, stack: str) -> dict[str, Any]:
    job_id, attempt = UUID(event["job_id"]), int(event["attempt"])
    failure = None
    if event["error"] == _CHUNK_FAILED:
        failure = chunks.recorded_failure(conn, job_id, attempt)
    failure = failure or failures.failure_from_workflow(event["error"], event.get("cause") or "")
    try:
        enlarged = try_larger(conn, event, failure, step=event.get("step") or "")
        if enlarged is not None:
            return enlarged
        failure = last_words(event, failure)
        outcome = settlement.settle_for_workflow(conn, job_id, attempt, failure, stack=stack)
    except JobNotFoundError:
        outcome = Outcome(job_id=job_id, status=settlement.IGNORED, announcement=None)
    logger().info(
        "workflow_settled",
        extra={
            "job_id": str(job_id),
            "attempt": attempt,
            "execution_arn": event.get("execution_arn"),
            "error": event["error"],
            "code": failure.code,
            "result": outcome.status,
        },
    )
    return outcome.as_dict()


def _settle_chunk(conn: LedgerConnection, event: dict[str, Any]) -> dict[str, Any]:
    """Answers for one chunk whose task ran out of memory; without a larger one its failure stands."""
    job_id, attempt, name = UUID(event["job_id"]), int(event["attempt"]), str(event["chunk"])
    failure = failures.failure_from_workflow(event["error"], event.get("cause") or "")
    with suppress(JobNotFoundError):
        enlarged = try_larger(conn, event, failure, step="encode", chunk=name)
        if enlarged is not None:
            return enlarged
        larger_tasks.fail_chunk(conn, job_id, attempt, name, last_words(event, failure))
    return {"status": JobStatus.FAILED}


def _queue_announcement(conn: LedgerConnection, event: dict[str, Any]) -> Outcome:
    job_id, attempt = UUID(event["job_id"]), int(event["attempt"])
    outcome = settlement.queue_announcement(conn, job_id, attempt)
    logger().warning("announcement_queued", extra={"job_id": str(job_id), "result": outcome.status})
    return outcome


def _settle_execution(conn: LedgerConnection, detail: dict[str, Any], *, stack: str) -> str:
    named = parse_execution_name(detail["name"])
    if named is None:
        logger().info("foreign_execution_ignored", extra={"execution_arn": detail["executionArn"]})
        return "ignored"
    job_id, attempt = named
    status = ExecutionStatus(detail["status"])
    try:
        result = settle_ended(conn, job_id, attempt, status, detail.get("error") or "", stack=stack)
    except JobNotFoundError:
        result = "ignored"
    logger().info(
        "execution_settled",
        extra={"job_id": str(job_id), "attempt": attempt, "status": status, "result": result},
    )
    return result


def _report_stopped_task(
    conn: LedgerConnection, detail: dict[str, Any], stepfunctions: "Callable[[], SFNClient]"
) -> str:
    """Fails the token of a task that stopped without an answer, so that its retry need not wait for it."""
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
            taskToken=token, error=task_error_for(told.code), cause=json.dumps(cause)
        )
    except ClientError as error:
        if error.response["Error"]["Code"] not in _DEAD_TOKEN_ERRORS:
            raise
        return "already_reported"
    logger().warning("task_stopped", extra={"task_arn": detail["taskArn"], "reason": reason})
    return "failed_token"


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
