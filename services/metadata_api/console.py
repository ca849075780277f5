"""Function `order`: makes a job of an execution that a person started in the Step Functions console.

The execution's input is the order that POST /jobs takes for a file in a bucket: one schema, one validator and
the same checks. The job belongs to this very execution, which then goes on with it.
"""

import json
from typing import Any, Final
from uuid import UUID, uuid5

from pydantic import ValidationError

from ledger.database.connection import LedgerConnection
from ledger.states import CONSOLE_OWNER
from ledger.turns import waiting
from metadata_api.access.access import console_access
from metadata_api.http.problems import Problem, ProblemCode, field_problem
from metadata_api.jobs.creation import draft_job, make_job, refuse_when_full
from metadata_api.models.jobs import JOB_REQUEST, AnyJobBody
from metadata_api.models.subtitles import MAX_SUBTITLE_BODY_BYTES
from metadata_api.operations.request import invalid_body
from metadata_api.settings import OrderSettings
from runtime import database
from runtime.logs import logger

TAKEN: Final = "TAKEN"
REFUSED: Final = "REFUSED"
_JOBS: Final = UUID("4f7a1c1e-5a0d-5b1c-8a3e-6d1f2f0b9c57")
_MOST_SUBJECT_CHARACTERS: Final = 100  # SNS refuses more
_EXAMPLE: Final = '{"source": {"bucket": "…", "key": "…"}, "profile": "web"}'
_OLD_INPUT: Final = frozenset({"job_id", "attempt"})


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Lambda entry point for the state machine."""
    settings = OrderSettings.from_environment()
    with database.ledger(settings).connection() as conn:
        return take_order(conn, event, settings)


def take_order(conn: LedgerConnection, event: dict[str, Any], settings: OrderSettings) -> dict[str, Any]:
    """Makes the job of an execution, once; it is QUEUED, and the execution asks for its turn next.

    Args:
        conn: An open connection.
        event: The execution's ARN and its input.
        settings: Of this deployment.

    Returns:
        What the state machine goes on with: TAKEN with the job, or REFUSED with what people are told.

    Raises:
        botocore.exceptions.ClientError: A service that a check needs is away; the state tries again.
    """
    execution_arn = str(event["execution_arn"])
    job_id = uuid5(_JOBS, execution_arn)
    if waiting.standing(conn, job_id) is None:
        try:
            _make(conn, event.get("order"), job_id, execution_arn, settings)
        except Problem as problem:
            logger().warning("order_refused", extra={"execution_arn": execution_arn, "code": problem.code})
            return _refusal(execution_arn, problem, settings.stack)
        logger().info("order_taken", extra={"job_id": str(job_id), "execution_arn": execution_arn})
    return {"job_id": str(job_id), "attempt": 1, "status": TAKEN}


def _make(
    conn: LedgerConnection, order: Any, job_id: UUID, execution_arn: str, settings: OrderSettings
) -> None:
    draft = draft_job(check_order(order), console_access(conn), settings)
    with conn.transaction():
        refuse_when_full(conn, CONSOLE_OWNER, 1, settings.max_waiting_jobs)
        make_job(conn, draft, job_id, settings, execution_arn=execution_arn)


def check_order(order: Any) -> AnyJobBody:
    """The order in an execution's input.

    Raises:
        Problem: Names the field at fault, and what to do.
    """
    if not isinstance(order, dict):
        raise field_problem("input", f"must be a JSON object such as {_EXAMPLE}")
    if order.keys() >= _OLD_INPUT:
        message = (
            f"belongs to an earlier execution, which cannot be run again like this: call POST "
            f"/jobs/{str(order['job_id'])[:100]}/retry, or start an execution with {_EXAMPLE}"
        )
        raise field_problem("job_id", message)
    if "source" not in order:
        found = f"; found {', '.join(sorted(order))[:200]}" if order else ""
        raise field_problem("source", f"is required: the input must be like {_EXAMPLE}{found}")
    text = json.dumps(order)
    if len(text) > MAX_SUBTITLE_BODY_BYTES:
        message = f"the input has {len(text)} bytes; at most {MAX_SUBTITLE_BODY_BYTES} are accepted"
        raise Problem(ProblemCode.BODY_TOO_LARGE, message)
    try:
        return JOB_REQUEST.validate_json(text)
    except ValidationError as error:
        raise invalid_body(error) from error


def _refusal(execution_arn: str, problem: Problem, stack: str) -> dict[str, Any]:
    """Words for the state machine's error topic, and the cause that the execution ends with."""
    name = execution_arn.rsplit(":", 1)[-1]
    faults = [f"{error['field']}: {error['message']}" for error in problem.errors] or [problem.detail]
    lines = [
        "An execution that was started in the Step Functions console was refused; nothing was made.",
        "",
        *(f"Why:         {fault} ({problem.code})" for fault in faults),
        f"What to do:  Start a new execution with a corrected input, such as {_EXAMPLE}",
        f"Execution:   {name} (stack {stack})",
    ]
    subject = f"[{stack}] Execution refused: {faults[0].split(':', 1)[0]} ({problem.code})"
    attributes = {
        "event_id": str(uuid5(_JOBS, f"{execution_arn}/refused")),
        "event_type": "order.refused",
        "job_id": "none",
        "video_id": "none",
        "stack": stack,
        "profile": "none",
        "error_code": str(problem.code),
    }
    announcement = {
        "subject": subject.encode("ascii", "replace").decode()[:_MOST_SUBJECT_CHARACTERS],
        "message": "\n".join(lines) + "\n",
        "attributes": attributes,
    }
    cause = f"{'; '.join(faults)}. Start a new execution with a corrected input."
    return {"status": REFUSED, "cause": cause, "announcement": announcement}
