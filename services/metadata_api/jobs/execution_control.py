"""Starts and stops work outside of the ledger; what fails here is done later by somebody else."""

import logging
from typing import TYPE_CHECKING

from metadata_api.jobs.upload_tickets import open_upload
from runtime import multipart
from runtime.multipart import OpenUpload

if TYPE_CHECKING:
    # Only named here: most calls of the API need neither the driver nor a client.
    from collections.abc import Sequence
    from uuid import UUID

    from ledger.database.connection import LedgerConnection
    from ledger.models import Job
    from metadata_api.settings import ApiSettings

_LOGGER = logging.getLogger(__name__)


def start_now(conn: "LedgerConnection", settings: "ApiSettings", *, most: int = 1) -> None:
    """Starts what waits while slots are free; if that fails the jobs stay QUEUED and `maintain` starts them.

    Call it outside a transaction: the execution must find the job.

    Args:
        conn: An open connection.
        settings: Name the state machine and the number of slots.
        most: How many jobs the caller has queued, or slots it has freed.
    """
    from runtime import clients
    from runtime.dispatch import Workflow, start_if_possible

    workflow = Workflow(
        client=clients.stepfunctions,
        state_machine_arn=settings.state_machine_arn,
        max_running_jobs=settings.max_running_jobs,
    )
    start_if_possible(conn, workflow, most=most)


def send_webhooks_now(settings: "ApiSettings") -> None:
    """Has due deliveries handed over at once; if that fails the schedule does it within a minute.

    Call it outside a transaction: the other side must find the deliveries.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    from runtime import clients
    from runtime.webhooks.wake_up import WAKE_UP

    try:
        clients.sqs_for_hints().send_message(QueueUrl=settings.webhook_report_queue_url, MessageBody=WAKE_UP)
    except (BotoCoreError, ClientError) as error:
        _LOGGER.warning("webhooks_left_to_schedule", extra={"reason": type(error).__name__})


def stop_now(job: "Job") -> None:
    """Stops the execution of a cancelled job's attempt, if there is one.

    Only makes the end come sooner: an execution that goes on finds the job cancelled at its worker's next
    heartbeat, or at the claim when the worker has not begun, and ends without a result or a message.
    """
    # Without one nothing was started, or only just now: then its worker will learn it.
    if job.execution_arn is None:
        return
    from botocore.exceptions import BotoCoreError, ClientError

    from runtime import clients

    try:
        clients.stepfunctions().stop_execution(
            executionArn=job.execution_arn,
            error="JobCancelled",
            cause="The job was cancelled through the API.",
        )
    except (BotoCoreError, ClientError) as error:
        if isinstance(error, ClientError) and error.response["Error"]["Code"] == "ExecutionDoesNotExist":
            return
        _LOGGER.warning("stop_left_to_worker", extra={"job_id": str(job.id), "reason": type(error).__name__})


def cancel_all(conn: "LedgerConnection", video_id: "UUID") -> "list[tuple[Job, OpenUpload | None]]":
    """Cancels the unfinished jobs of a video inside the caller's transaction.

    Returns:
        The cancelled jobs, each with the upload in parts that it waited for.
    """
    from ledger.errors import WrongStateError
    from ledger.jobs import job_queries, jobs

    cancelled = []
    for row in job_queries.unfinished_of(conn, video_id):
        try:
            cancelled.append((jobs.cancel(conn, row.id), open_upload(row)))
        except WrongStateError:
            continue  # has ended this very moment
    return cancelled


def stop_all(
    conn: "LedgerConnection", cancelled: "Sequence[tuple[Job, OpenUpload | None]]", settings: "ApiSettings"
) -> None:
    """Stops what cancelled jobs have started, and gives their slots away; call it outside a transaction."""
    for job, upload in cancelled:
        stop_now(job)
        if upload is not None:
            forget_upload(upload)
    if cancelled:
        start_now(conn, settings, most=len(cancelled))


def forget_upload(upload: OpenUpload) -> None:
    """Throws the parts of a cancelled job's upload away; what stays falls to the bucket's lifecycle rule."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        multipart.abort(upload)
    except (BotoCoreError, ClientError) as error:
        _LOGGER.warning("abort_left_to_lifecycle", extra={"key": upload.key, "reason": type(error).__name__})
