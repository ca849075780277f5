"""Function `maintain`, every minute: starts, heals and announces what was left behind."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from ledger.announcements import outbox
from ledger.database.connection import ConnectionKeeper, LedgerConnection
from ledger.jobs import reconcile, settlement
from ledger.jobs.reconcile import Attempt
from ledger.models import Announcement
from ledger.states import Topic
from runtime import clients, database, metrics
from runtime.archive import RestoreTerms
from runtime.dispatch import Workflow, start_again, start_waiting
from runtime.executions import describe, settle_ended
from runtime.key_making import KeyMaker
from runtime.logs import logger
from runtime.steps import refuse_failures, run_steps
from upkeep.api_keys import finish_keys
from upkeep.restores import follow_restores
from upkeep.settings import MaintainSettings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_stepfunctions import SFNClient


_MOST_STARTS = 100  # of each kind in one run, which has a minute


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What the function works with."""

    settings: MaintainSettings
    keeper: ConnectionKeeper
    stepfunctions: "SFNClient"
    sns: "SNSClient"
    s3: "S3Client"
    key_maker: KeyMaker


def handler(_event: dict[str, Any], _context: Any) -> dict[str, int]:
    """Lambda entry point; the event's content does not matter."""
    settings = MaintainSettings.from_environment()
    services = Services(
        settings=settings,
        keeper=database.ledger(settings),
        stepfunctions=clients.stepfunctions(),
        sns=clients.sns(),
        s3=clients.s3(),
        key_maker=KeyMaker(client=clients.lambda_(), function_name=settings.key_maker_function_name),
    )
    return maintain(services)


def maintain(services: Services) -> dict[str, int]:
    """Does every step; one that fails does not keep the others from being done.

    Returns:
        How many things each step changed.

    Raises:
        LedgerUnavailableError: No step could be done.
        MaintenanceError: Names the steps that failed.
    """
    steps: dict[str, Callable[[Services, LedgerConnection], int]] = {
        "uploads_expired": _expire_uploads,
        "jobs_restored": _follow_restores,
        "executions_settled": _settle_executions,
        "announcements_settled": _settle_announcements,
        "jobs_dispatched": _dispatch_jobs,
        "announcements_delivered": _deliver_announcements,
        "keys_purged": _purge_keys,
        "api_keys_removed": _finish_keys,
    }
    counts, failed = run_steps(
        services.keeper, {name: partial(step, services) for name, step in steps.items()}
    )
    logger().info("maintained", extra=counts)
    metrics.emit(counts, stack=services.settings.stack)
    refuse_failures(failed)
    return counts


def _expire_uploads(services: Services, conn: LedgerConnection) -> int:
    settings = services.settings
    expired = reconcile.expired_uploads(conn, settings.upload_expiry_seconds)
    told = [
        settlement.expire_upload(conn, job_id, attempt, stack=settings.stack) for job_id, attempt in expired
    ]
    return sum(announcement is not None for announcement in told)


def _follow_restores(services: Services, conn: LedgerConnection) -> int:
    settings = services.settings
    terms = RestoreTerms(days=settings.restore_days, tier=settings.restore_tier)
    return follow_restores(conn, services.s3, terms)


def _settle_executions(services: Services, conn: LedgerConnection) -> int:
    return _settle_each(conn, services, reconcile.underway(conn))


def _settle_announcements(services: Services, conn: LedgerConnection) -> int:
    return _settle_each(conn, services, reconcile.unannounced(conn))


def _settle_each(conn: LedgerConnection, services: Services, attempts: list[Attempt]) -> int:
    settled = 0
    for item in attempts:
        status, error = describe(services.stepfunctions, item.execution_arn)
        result = settle_ended(conn, item.job_id, item.attempt, status, error, stack=services.settings.stack)
        if result != "running":
            settled += 1
            logger().info(
                "execution_settled",
                extra={
                    "job_id": str(item.job_id),
                    "attempt": item.attempt,
                    "status": status,
                    "result": result,
                },
            )
    return settled


def _dispatch_jobs(services: Services, conn: LedgerConnection) -> int:
    settings = services.settings
    workflow = Workflow(
        client=lambda: services.stepfunctions,
        state_machine_arn=settings.state_machine_arn,
        max_running_jobs=settings.max_running_jobs,
    )
    again = start_again(conn, workflow, most=_MOST_STARTS)
    return len(again) + len(start_waiting(conn, workflow, most=_MOST_STARTS))


def _deliver_announcements(services: Services, conn: LedgerConnection) -> int:
    topics = {
        Topic.COMPLETION: services.settings.completion_topic_arn,
        Topic.ERROR: services.settings.error_topic_arn,
    }

    def publish(topic: Topic, announcement: Announcement) -> None:
        services.sns.publish(
            TopicArn=topics[topic],
            Subject=announcement.subject,
            Message=announcement.message,
            MessageAttributes={
                name: {"DataType": "String", "StringValue": value}
                for name, value in announcement.attributes.items()
            },
        )

    result = outbox.drain(conn, publish)
    if result.postponed:
        logger().error("announcements_postponed", extra={"count": result.postponed})
    return result.delivered


def _purge_keys(_services: Services, conn: LedgerConnection) -> int:
    return reconcile.purge_idempotency_keys(conn)


def _finish_keys(services: Services, conn: LedgerConnection) -> int:
    return finish_keys(conn, services.key_maker)
