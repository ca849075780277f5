"""Function `webhook-sender`, outside of the network: makes the calls, reports what came of them."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from runtime import clients
from runtime.logs import logger
from webhooks.messages import Report, Send
from webhooks.post import Answer, post
from webhooks.settings import WebhookSenderSettings

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

Post = Callable[[Send], Answer]


def handler(event: dict[str, Any], _context: Any) -> None:
    """Lambda entry point; the queue gives one message at a time, so a slow endpoint holds up nobody else."""
    settings = WebhookSenderSettings.from_environment()

    def call(message: Send) -> Answer:
        return post(message.url, message.headers, message.body, trusted_hosts=settings.webhook_trusted_hosts)

    for record in event["Records"]:
        send(record["body"], call, clients.sqs(), settings.webhook_report_queue_url)


def send(text: str, call: Post, sqs: "SQSClient", report_queue_url: str) -> None:
    """Makes the call that a message asks for, unless it is too late, and reports on it.

    Raises:
        InvalidMessageError: The message is of another kind.
        botocore.exceptions.ClientError: The report cannot be sent; the message is given again.
    """
    message = Send.from_json(text)
    report = _report(message, call)
    sqs.send_message(QueueUrl=report_queue_url, MessageBody=report.as_json())
    logger().info(
        "webhook_called" if report.sent else "webhook_too_late",
        extra={
            "delivery_id": report.delivery_id,
            "event_id": message.headers.get("webhook-id"),
            "status_code": report.status_code,
            "reason": report.error,
        },
    )


def _report(message: Send, call: Post) -> Report:
    if time.time() > message.send_before:
        return Report(
            delivery_id=message.delivery_id,
            hand_over=message.hand_over,
            sent=False,
            error="waited too long to be sent",
        )
    answer = call(message)
    return Report(
        delivery_id=message.delivery_id,
        hand_over=message.hand_over,
        sent=True,
        status_code=answer.status_code,
        error=answer.error,
        retry_after_seconds=answer.retry_after_seconds,
    )
