"""Messages that could not be handled: how many there are, and giving them back once the cause is mended."""

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from metadata_api.settings import ApiSettings

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

# Leaves room below the 28 s of the API; a second call goes on with the rest.
TIME_LIMIT_SECONDS: Final = 18.0
_TAKEN_AT_ONCE: Final = 10
# SQS asks only some of its servers at first; a second look finds what the first one missed.
_LOOK_SECONDS: Final = 1
_LOOKS: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetters:
    """A queue of dead letters and the queue that they came from, by URL."""

    url: str
    origin_url: str


def queues(settings: ApiSettings) -> dict[str, DeadLetters]:
    """The queues whose messages can be given back, by the names that callers use."""
    return {
        "ingest": DeadLetters(
            url=settings.ingest_dead_letter_queue_url, origin_url=settings.ingest_queue_url
        ),
        "webhooks": DeadLetters(
            url=settings.webhook_dead_letter_queue_url, origin_url=settings.webhook_queue_url
        ),
        "webhook-reports": DeadLetters(
            url=settings.webhook_report_dead_letter_queue_url, origin_url=settings.webhook_report_queue_url
        ),
    }


def waiting(sqs: "SQSClient", letters: DeadLetters) -> int:
    """About how many messages wait; SQS counts them a few seconds late."""
    answer = sqs.get_queue_attributes(QueueUrl=letters.url, AttributeNames=["ApproximateNumberOfMessages"])
    return int(answer["Attributes"]["ApproximateNumberOfMessages"])


def redrive(sqs: "SQSClient", letters: DeadLetters, *, time_limit_seconds: float = TIME_LIMIT_SECONDS) -> int:
    """Gives messages back to their queue, each one once.

    What fails again returns to the dead letters; no message is taken twice in one run, so it ends.

    Returns:
        How many were given back.

    Raises:
        botocore.exceptions.ClientError: A queue refuses; nothing is lost, what was taken comes back itself.
    """
    ends_at = time.monotonic() + time_limit_seconds
    expected, moved, looks = waiting(sqs, letters), 0, 0
    while moved < expected and looks < _LOOKS and time.monotonic() < ends_at:
        taken = sqs.receive_message(
            QueueUrl=letters.url,
            MaxNumberOfMessages=min(_TAKEN_AT_ONCE, expected - moved),
            WaitTimeSeconds=_LOOK_SECONDS,
        ).get("Messages", [])
        looks = looks + 1 if not taken else 0
        for message in taken:
            _give_back(sqs, letters, message)
            moved += 1
    return moved


def _give_back(sqs: "SQSClient", letters: DeadLetters, message: "MessageTypeDef") -> None:
    """Sent first, deleted afterwards: between the two it exists twice rather than never."""
    sqs.send_message(QueueUrl=letters.origin_url, MessageBody=message["Body"])
    sqs.delete_message(QueueUrl=letters.url, ReceiptHandle=message["ReceiptHandle"])
