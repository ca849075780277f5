"""Function `webhooks`: hands due deliveries to the sender, signed, and records what came of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from botocore.exceptions import BotoCoreError, ClientError

from ledger.database.connection import ConnectionKeeper, LedgerConnection
from ledger.errors import LedgerUnavailableError
from ledger.webhooks import webhook_deliveries, webhook_endpoints, webhook_events
from ledger.webhooks.webhook_deliveries import Attempted, DueDelivery
from runtime import clients, database
from runtime.logs import logger
from runtime.partial_batch import take_each
from runtime.webhooks.secret_box import unseal
from runtime.webhooks.signing import signed_headers
from runtime.webhooks.wake_up import WAKE_UP
from webhooks.messages import InvalidMessageError, Report, Send
from webhooks.settings import WebhooksSettings

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

# The next sweep is a minute away; what is due before it waits in the queue.
_AHEAD_SECONDS: Final = 60
# Receivers refuse a signature that is five minutes old; the call itself takes up to 15 s.
_SENT_WITHIN: Final = timedelta(seconds=240)
_ROUNDS: Final = 5
_EVENTS_KEPT_DAYS: Final = 30
_USER_AGENT: Final = "video-platform-webhooks/1"


class DispatchError(Exception):
    """Some deliveries could not be passed on; they are due again. The log tells why, the alarm that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What the function works with."""

    settings: WebhooksSettings
    keeper: ConnectionKeeper
    sqs: "SQSClient"


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Lambda entry point for reports of the sender, the end of an execution, and the sweep every minute."""
    settings = WebhooksSettings.from_environment()
    services = Services(settings=settings, keeper=database.ledger(settings), sqs=clients.sqs())
    if "Records" in event:
        return take_reports(event["Records"], services)
    return sweep(services)


def take_reports(records: list[dict[str, Any]], services: Services) -> dict[str, Any]:
    """Records each report on its own, then hands over what that made due.

    Returns:
        Lambda's partial batch response: the reports to deliver again.
    """
    answer = take_each(records, lambda body: _take_report(body, services), failure="report_failed")
    if not answer["batchItemFailures"]:
        _dispatch_after_reports(services)
    return answer


def sweep(services: Services) -> dict[str, Any]:
    """Hands over what is due, and forgets what is too old to be sent again.

    Raises:
        LedgerUnavailableError: The database is away; the next sweep does it.
        DispatchError: Deliveries could not be passed on.
    """
    with services.keeper.connection() as conn:
        sent = dispatch(conn, services)
        purged = webhook_events.purge(conn, kept_days=_EVENTS_KEPT_DAYS) + webhook_endpoints.purge(conn)
    return {"handed_over": sent, "purged": purged}


def dispatch(conn: LedgerConnection, services: Services) -> int:
    """Hands every due delivery to the sender, once.

    Returns:
        How many.

    Raises:
        DispatchError: Some could not be passed on and are due again; the others were.
    """
    sent = 0
    for _ in range(_ROUNDS):
        due = webhook_deliveries.hand_over_due(conn, within_seconds=_AHEAD_SECONDS)
        if not due:
            break
        refused = _pass_on(due, services)
        sent += len(due) - len(refused)
        if refused:
            webhook_deliveries.give_back(conn, refused)
            message = f"{len(refused)} of {len(due)} deliveries could not be passed on"
            raise DispatchError(message)
    return sent


def _take_report(body: str, services: Services) -> None:
    if body == WAKE_UP:
        return  # all that it asks for is done after every batch
    report = Report.from_json(body)
    try:
        delivery_id = UUID(report.delivery_id)
    except ValueError as error:
        message = f"the delivery_id {report.delivery_id!r} is no UUID"
        raise InvalidMessageError(message) from error
    attempted = Attempted(
        delivery_id=delivery_id,
        hand_over=report.hand_over,
        sent=report.sent,
        status_code=report.status_code,
        error=report.error,
        retry_after_seconds=report.retry_after_seconds,
    )
    with services.keeper.connection() as conn:
        status = webhook_deliveries.record(conn, attempted)
    logger().info(
        "webhook_recorded",
        extra={"delivery_id": report.delivery_id, "status": status, "status_code": report.status_code},
    )


def _dispatch_after_reports(services: Services) -> None:
    """The reports are recorded; a failure here must not bring them back, and the sweep does it again."""
    try:
        with services.keeper.connection() as conn:
            dispatch(conn, services)
    except (LedgerUnavailableError, DispatchError):
        logger().exception("dispatch_failed")


def _pass_on(due: Sequence[DueDelivery], services: Services) -> list[DueDelivery]:
    """Sends the messages; gives the deliveries whose message could not be signed or sent."""
    refused: list[DueDelivery] = []
    for delivery in due:
        try:
            # One by one: the emulator asks for a permission to send batches that IAM does not know.
            services.sqs.send_message(
                QueueUrl=services.settings.webhook_queue_url,
                MessageBody=_message(delivery, services.settings.webhook_key_arn).as_json(),
                DelaySeconds=delivery.delay_seconds,
            )
        except (BotoCoreError, ClientError, ValueError):
            logger().exception("webhook_not_handed_over", extra={"webhook_id": str(delivery.endpoint_id)})
            refused.append(delivery)
    return refused


def _message(delivery: DueDelivery, key_arn: str) -> Send:
    sent_at = datetime.now(UTC) + timedelta(seconds=delivery.delay_seconds)
    sealed = [delivery.sealed_secret, delivery.former_sealed_secret]
    keys = [unseal(text, delivery.endpoint_id, key_arn) for text in sealed if text is not None]
    headers = signed_headers(str(delivery.event_id), sent_at, delivery.body, keys)
    return Send(
        delivery_id=str(delivery.id),
        hand_over=delivery.hand_over,
        url=delivery.url,
        headers={**headers, "user-agent": _USER_AGENT},
        body=delivery.body,
        send_before=(sent_at + _SENT_WITHIN).timestamp(),
    )
