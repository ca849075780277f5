"""The one place that starts executions: of the jobs whose turn it is."""

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from ledger.database.connection import LedgerConnection
from ledger.jobs import jobs
from ledger.turns import admission
from ledger.turns.admission import Admitted
from runtime.executions import execution_arn, execution_name

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Workflow:
    """Where executions are started, and how many jobs may be in work at once.

    Attributes:
        client: Gives the client; it is asked for only when there is something to start.
    """

    client: "Callable[[], SFNClient]"
    state_machine_arn: str
    max_running_jobs: int


def start_waiting(conn: LedgerConnection, workflow: Workflow, *, most: int = 1) -> list[UUID]:
    """Starts the jobs whose turn it is while slots are free; each attempt once, however many call.

    Call it outside a transaction: the execution must find the job.

    Args:
        conn: An open connection.
        workflow: What to start.
        most: Most executions to start in this call.

    Returns:
        The jobs that were started, or whose waiting execution may go on.

    Raises:
        botocore.exceptions.BotoCoreError: Step Functions cannot be reached; `maintain` will try again.
        botocore.exceptions.ClientError: Step Functions refuses; `maintain` will try again.
    """
    started: list[UUID] = []
    while len(started) < most:
        admitted = admission.admit(conn, workflow.max_running_jobs)
        if admitted is None:
            break
        if admitted.execution_arn is None:  # else it waits, and asks for its turn itself
            _start_admitted(conn, workflow, admitted)
        started.append(admitted.job_id)
    return started


def start_again(conn: LedgerConnection, workflow: Workflow, *, most: int) -> list[UUID]:
    """Starts jobs whose starter died between the admission and the note of the execution.

    The execution's name makes a second start impossible if the first one did happen.

    Raises:
        botocore.exceptions.BotoCoreError: See `start_waiting`.
        botocore.exceptions.ClientError: See `start_waiting`.
    """
    started: list[UUID] = []
    while len(started) < most and (admitted := admission.admit_again(conn)) is not None:
        _start_admitted(conn, workflow, admitted)
        started.append(admitted.job_id)
    return started


def start_if_possible(conn: LedgerConnection, workflow: Workflow, *, most: int = 1) -> list[UUID]:
    """Same as `start_waiting`; what fails is left to `maintain`, because the caller's own work is done."""
    # Not needed by those who only import this module.
    from botocore.exceptions import BotoCoreError, ClientError
    from psycopg.errors import OperationalError

    try:
        return start_waiting(conn, workflow, most=most)
    except (BotoCoreError, ClientError, OperationalError) as error:
        _LOGGER.warning("dispatch_postponed", extra={"reason": type(error).__name__})
        return []


def _start_admitted(conn: LedgerConnection, workflow: Workflow, admitted: Admitted) -> None:
    from botocore.exceptions import ClientError  # not needed until a client is

    try:
        arn = _start(workflow.client(), workflow.state_machine_arn, admitted)
    except ClientError:
        # Refused, so nothing runs. After any other error something may, and the job keeps its slot until
        # `maintain` asks again under the same name.
        admission.give_back(conn, admitted)
        raise
    jobs.record_execution(conn, admitted.job_id, admitted.attempt, arn)


def _start(stepfunctions: "SFNClient", state_machine_arn: str, admitted: Admitted) -> str:
    from botocore.exceptions import ClientError

    name = execution_name(admitted.job_id, admitted.attempt)
    try:
        started = stepfunctions.start_execution(
            stateMachineArn=state_machine_arn,
            name=name,
            input=json.dumps({"job_id": str(admitted.job_id), "attempt": admitted.attempt}),
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "ExecutionAlreadyExists":
            raise
        return execution_arn(state_machine_arn, name)
    return started["executionArn"]
