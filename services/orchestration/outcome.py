"""Function `outcome`: settles jobs whose workflow, execution or task ended, and lets go on who waits."""

from contextlib import suppress
from typing import Any
from uuid import UUID

from ledger.chunks import chunks, larger_tasks, task_slots
from ledger.database.connection import LedgerConnection
from ledger.errors import JobNotFoundError
from ledger.jobs import failures, jobs, settlement
from ledger.models import Failure, Outcome
from ledger.states import ErrorCode, JobStatus, TaskError
from ledger.turns import waiting
from orchestration import shortages
from orchestration.larger_tasks import last_words, try_larger
from orchestration.settings import OutcomeSettings
from orchestration.stopped_tasks import report_stopped_task
from runtime import clients, database
from runtime.arrival import InvalidEventError
from runtime.dispatch import Workflow, start_if_possible
from runtime.executions import ExecutionStatus, settle_ended
from runtime.logs import logger
from runtime.turns import ADMITTED, SHORTEST_PAUSE_SECONDS, WAITING, ask_for_turn

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
        return settle_and_go_on(conn, event, settings=settings, workflow=workflow)


def settle_and_go_on(
    conn: LedgerConnection, event: dict[str, Any], *, settings: OutcomeSettings, workflow: Workflow
) -> dict[str, Any]:
    """Answers one event, and gives the slot that it may have freed to the job whose turn it is.

    Raises:
        InvalidEventError: See `settle`.
    """
    answer = settle(conn, event, settings=settings, workflow=workflow)
    start_if_possible(conn, workflow)
    return answer


def settle(
    conn: LedgerConnection, event: dict[str, Any], *, settings: OutcomeSettings, workflow: Workflow
) -> dict[str, Any]:
    """Answers one event.

    Args:
        conn: An open connection to the ledger.
        event: A request of the state machine, or an EventBridge event about an execution or an ECS task.
        settings: Of this deployment.
        workflow: Gives the client that a stopped task needs, and turns to who waits.

    Raises:
        InvalidEventError: The event is of no known kind or lacks a field.
    """
    answer: dict[str, Any] | None = None
    try:
        match event.get("source"):
            case "workflow":
                answer = _settle_workflow(conn, event, settings)
            case "chunk":
                answer = _settle_chunk(conn, event, settings)
            case "turn":
                answer = _give_turn(conn, event, settings, workflow)
            case "task":
                answer = _give_task(conn, event, settings)
            case "announce":
                answer = _queue_announcement(conn, event).as_dict()
            case "aws.states":
                answer = {"result": _settle_execution(conn, event["detail"], stack=settings.stack)}
            case "aws.ecs":
                answer = {"result": report_stopped_task(conn, event["detail"], workflow.client)}
    except (KeyError, ValueError, TypeError) as error:
        message = f"the event from {event.get('source')!r} lacks a field or holds a wrong one: {error!r}"
        raise InvalidEventError(message) from error
    if answer is None:
        known = "workflow, chunk, turn, task, announce, aws.states or aws.ecs"
        message = f"unknown source {event.get('source')!r}; expected {known}"
        raise InvalidEventError(message)
    return answer


def _settle_workflow(
    conn: LedgerConnection, event: dict[str, Any], settings: OutcomeSettings
) -> dict[str, Any]:
    job_id, attempt, error = UUID(event["job_id"]), int(event["attempt"]), str(event["error"])
    ignored = Outcome(job_id=job_id, status=settlement.IGNORED, announcement=None).as_dict()
    try:
        # The start of an execution is noted by its starter, which may have died in between.
        jobs.record_execution(conn, job_id, attempt, event["execution_arn"])
        if shortages.is_no_room(error, event.get("cause") or ""):
            return _wait_for_room(conn, event, settings) or ignored
        failure = _failure_of(conn, event)
        enlarged = try_larger(conn, event, failure, step=event.get("step") or "")
        if enlarged is not None:
            return enlarged
        failure = last_words(event, failure)
        outcome = settlement.settle_for_workflow(conn, job_id, attempt, failure, stack=settings.stack)
    except JobNotFoundError:
        return ignored
    logger().info(
        "workflow_settled",
        extra={
            "job_id": str(job_id),
            "attempt": attempt,
            "execution_arn": event.get("execution_arn"),
            "error": error,
            "code": failure.code,
            "result": outcome.status,
        },
    )
    return outcome.as_dict()


def _wait_for_room(
    conn: LedgerConnection, event: dict[str, Any], settings: OutcomeSettings
) -> dict[str, Any] | None:
    seconds = settings.waiting_timeout_seconds
    return shortages.wait_for_room(conn, event, waiting_timeout_seconds=seconds, stack=settings.stack)


def _failure_of(conn: LedgerConnection, event: dict[str, Any]) -> Failure:
    error, cause = event["error"], event.get("cause") or ""
    failure = shortages.refusal(error, cause)
    if error == _CHUNK_FAILED:
        failure = chunks.recorded_failure(conn, UUID(event["job_id"]), int(event["attempt"]))
    if failure is not None and failure.code is ErrorCode.TASK_REFUSED:
        # Names account and roles, so nobody else is told.
        logger().error("task_refused", extra={"job_id": event["job_id"], "error": error, "cause": cause})
    return failure or failures.failure_from_workflow(error, cause)


def _settle_chunk(conn: LedgerConnection, event: dict[str, Any], settings: OutcomeSettings) -> dict[str, Any]:
    """Answers for one chunk without a result; where nothing can be done about it, its failure stands."""
    job_id, attempt, name = UUID(event["job_id"]), int(event["attempt"]), str(event["chunk"])
    failure = _failure_of(conn, event)
    with suppress(JobNotFoundError):
        if shortages.is_no_room(event["error"], event.get("cause") or ""):
            seconds = settings.waiting_timeout_seconds
            answer = shortages.wait_with_chunk(conn, event, waiting_timeout_seconds=seconds)
            failure = failures.failure(ErrorCode.NO_CAPACITY)
        else:
            answer = try_larger(conn, event, failure, step="encode", chunk=name)
        if answer is not None:
            return answer
        larger_tasks.fail_chunk(conn, job_id, attempt, name, last_words(event, failure))
    return {"status": JobStatus.FAILED}


def _give_turn(
    conn: LedgerConnection, event: dict[str, Any], settings: OutcomeSettings, workflow: Workflow
) -> dict[str, Any]:
    """Answers an execution that waits; what its state's data hold goes through."""
    try:
        answer = ask_for_turn(
            conn,
            workflow,
            UUID(event["job_id"]),
            int(event["attempt"]),
            waiting_timeout_seconds=settings.waiting_timeout_seconds,
            stack=settings.stack,
        )
    except JobNotFoundError:
        return {"job_id": event["job_id"], "status": settlement.IGNORED, "announcement": None}
    return answer


def _give_task(conn: LedgerConnection, event: dict[str, Any], settings: OutcomeSettings) -> dict[str, Any]:
    """Answers a chunk that wants to begin."""
    job_id, attempt, name = UUID(event["job_id"]), int(event["attempt"]), str(event["chunk"])
    try:
        admitted = task_slots.ask(conn, job_id, attempt, name, settings.max_running_tasks)
    except JobNotFoundError:
        admitted = None
    if admitted is None:
        cause = "The job is settled, or has moved on to another attempt."
        return {"status": settlement.IGNORED, "error": TaskError.PROCESSING_FAILED, "cause": cause}
    return {"status": ADMITTED} if admitted else {"status": WAITING, "wait_seconds": SHORTEST_PAUSE_SECONDS}


def _queue_announcement(conn: LedgerConnection, event: dict[str, Any]) -> Outcome:
    job_id, attempt = UUID(event["job_id"]), int(event["attempt"])
    outcome = settlement.queue_announcement(conn, job_id, attempt)
    logger().warning("announcement_queued", extra={"job_id": str(job_id), "result": outcome.status})
    return outcome


def _settle_execution(conn: LedgerConnection, detail: dict[str, Any], *, stack: str) -> str:
    """Finds the job by the execution itself: people give executions any name."""
    status, arn = ExecutionStatus(detail["status"]), str(detail["executionArn"])
    found = waiting.attempt_of(conn, arn)
    if found is None:
        # Its order was refused, a later attempt has taken the job over, or its start is still to be noted:
        # then `maintain` will find that it has ended.
        logger().info("execution_without_job", extra={"execution_arn": arn, "status": status})
        return "ignored"
    job_id, attempt = found
    try:
        result = settle_ended(conn, job_id, attempt, status, detail.get("error") or "", stack=stack)
    except JobNotFoundError:
        result = "ignored"
    logger().info(
        "execution_settled",
        extra={"job_id": str(job_id), "attempt": attempt, "status": status, "result": result},
    )
    return result
