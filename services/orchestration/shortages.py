"""What becomes of a step whose task could not begin: it waits for room, unless AWS refuses it for good.

Names of errors: the Step Functions developer guide, "Run Amazon ECS or Fargate tasks with Step Functions",
says AmazonECS.Unknown for RunTask's `failures`; the AWS Knowledge Center, "Capacity is unavailable" of
RunTask, says ECS.AmazonECSException for a full Fargate.
"""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from ledger.chunks import task_slots
from ledger.database.connection import LedgerConnection
from ledger.jobs import failures
from ledger.models import Failure
from ledger.states import ErrorCode, TaskError
from ledger.turns import waiting
from ledger.turns.waiting import Standing
from runtime import turns
from runtime.logs import logger

NO_ROOM: Final = frozenset(
    {
        TaskError.NOT_STARTED.value,
        "AmazonECS.Unknown",
        "ECS.AmazonECSException",
        "ECS.SdkClientException",
        "ECS.ServerException",
        "ECS.ThrottlingException",
    }
)
"""Errors of a start that goes well later."""
REFUSED: Final = frozenset(
    {
        "ECS.AccessDeniedException",
        "ECS.ClientException",
        "ECS.ClusterNotFoundException",
        "ECS.InvalidParameterException",
        "ECS.PlatformTaskDefinitionIncompatibilityException",
        "ECS.PlatformUnknownException",
        "ECS.UnsupportedFeatureException",
    }
)
"""Errors of a start that goes wrong again, unless their words tell otherwise."""
# In a cause, in small letters: the account's quota is full, or EC2 is asked too often for the network.
_HEALING_WORDS: Final = (
    "capacity is unavailable",
    "limit on the number of",
    "rate exceeded",
    "request limit exceeded",
    "requestlimitexceeded",
    "throttl",
)
# What is wrong for good, by a word of the cause, in the operator's words. Causes name accounts and roles, so
# only the log has them.
_REFUSALS: Final[Mapping[str, tuple[str, str]]] = {
    "passrole": (
        "AWS refuses to start the job's task: the state machine's role may not pass the task its roles.",
        "The operator must allow iam:PassRole for both roles of the task (deploy again), then retry the job.",
    ),
    "not authorized": (
        "AWS refuses to start the job's task: the state machine's role may not run it.",
        "The operator must correct the policy of the machine's role (deploy again), then retry the job.",
    ),
    "taskdefinition": (
        "AWS refuses to start the job's task: its task definition does not exist or is inactive.",
        "The operator must deploy the stack again, which registers it, then retry the job.",
    ),
    "cluster": (
        "AWS refuses to start the job's task: the ECS cluster does not exist or is inactive.",
        "The operator must deploy the stack again, which creates it, then retry the job.",
    ),
}


def is_no_room(error: str, cause: str) -> bool:
    """Whether a task could not begin for a reason that passes."""
    return error in NO_ROOM or (error in REFUSED and any(word in cause.lower() for word in _HEALING_WORDS))


def refusal(error: str, cause: str) -> Failure | None:
    """The failure of a task that AWS will never start, in words for the operator; None for other errors."""
    if error not in REFUSED:
        return None
    words = cause.lower().replace(" ", "")
    found = next((texts for word, texts in _REFUSALS.items() if word.replace(" ", "") in words), ("", ""))
    return failures.failure(ErrorCode.TASK_REFUSED, *found)


def wait_for_room(
    conn: LedgerConnection, event: Mapping[str, Any], *, waiting_timeout_seconds: int, stack: str
) -> dict[str, Any] | None:
    """Sends an attempt back to the queue whose task could not begin, or fails it when it has waited too long.

    Args:
        conn: An open connection.
        event: The state machine's question.
        waiting_timeout_seconds: Longest time without room for a task.
        stack: Name of the deployment, for the announcement.

    Returns:
        What the state machine goes on with; None when the attempt is none of this execution's business.

    Raises:
        JobNotFoundError: No such job.
        KeyError: The event lacks a field.
    """
    job_id, attempt, step = UUID(event["job_id"]), int(event["attempt"]), str(event["step"])
    kept = waiting.return_to_queue(
        conn, job_id, attempt, execution_arn=event["execution_arn"], step=step, reason=event["error"]
    )
    found = waiting.standing(conn, job_id) if kept else None
    if found is None:
        return None
    _log(event)
    if found.waited_seconds > waiting_timeout_seconds:
        return turns.give_up(conn, job_id, attempt, found, stack=stack)
    return _going_on(event, found)


def wait_with_chunk(
    conn: LedgerConnection, event: Mapping[str, Any], *, waiting_timeout_seconds: int
) -> dict[str, Any] | None:
    """Lets a chunk wait whose task could not begin; the job keeps its slot, for other chunks may be encoded.

    Returns:
        What the chunk's execution goes on with; None when it has waited too long or is not wanted any more.

    Raises:
        JobNotFoundError: No such job.
        KeyError: The event lacks a field.
    """
    job_id, attempt, chunk = UUID(event["job_id"]), int(event["attempt"]), str(event["chunk"])
    if not waiting.note_chunk(conn, job_id, attempt, chunk=chunk, reason=event["error"]):
        return None
    task_slots.give_back(conn, job_id, chunk)
    found = waiting.standing(conn, job_id)
    if found is None or (found.is_short and found.waited_seconds > waiting_timeout_seconds):
        return None
    _log(event)
    return _going_on(event, found)


def _going_on(event: Mapping[str, Any], found: Standing) -> dict[str, Any]:
    """The answer, without what the state's own data hold."""
    pause = turns.pause_seconds(found.waited_seconds)
    answer = {"job_id": event["job_id"], "status": turns.WAITING, "wait_seconds": pause}
    return answer | ({"size": event["size"]} if event.get("size") else {})


def _log(event: Mapping[str, Any]) -> None:
    logger().warning(
        "no_room_for_task",
        extra={name: event.get(name) for name in ("job_id", "attempt", "step", "chunk", "error", "cause")},
    )
