"""The one place that starts executions."""

import json
from typing import TYPE_CHECKING
from uuid import UUID

from ledger import jobs
from ledger.connection import LedgerConnection
from metadata_api.executions import execution_arn, execution_name

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient


def dispatch(
    conn: LedgerConnection, job_id: UUID, *, stepfunctions: "SFNClient", state_machine_arn: str
) -> str | None:
    """Starts the execution of a QUEUED job's current attempt, once.

    The ledger lets one caller at a time try, and the execution's name makes a second start impossible even if
    that caller died between the start and the note of it. Call it outside a transaction: the execution must
    find the job.

    Returns:
        The execution's ARN, or None when there is nothing to start or somebody else is at it.

    Raises:
        botocore.exceptions.BotoCoreError: Step Functions cannot be reached; `maintain` will try again.
        botocore.exceptions.ClientError: Step Functions refuses; `maintain` will try again.
    """
    attempt = jobs.lease_dispatch(conn, job_id)
    if attempt is None:
        return None
    try:
        arn = _start(stepfunctions, state_machine_arn, job_id, attempt)
    except Exception:
        jobs.return_dispatch(conn, job_id, attempt)
        raise
    jobs.record_execution(conn, job_id, attempt, arn)
    return arn


def _start(stepfunctions: "SFNClient", state_machine_arn: str, job_id: UUID, attempt: int) -> str:
    from botocore.exceptions import ClientError  # not needed until a client is

    name = execution_name(job_id, attempt)
    try:
        started = stepfunctions.start_execution(
            stateMachineArn=state_machine_arn,
            name=name,
            input=json.dumps({"job_id": str(job_id), "attempt": attempt}),
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "ExecutionAlreadyExists":
            raise
        return execution_arn(state_machine_arn, name)
    return started["executionArn"]
