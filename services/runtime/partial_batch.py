"""Takes the messages of an SQS batch one by one and tells Lambda which of them to deliver again."""

from collections.abc import Callable
from typing import Any

from ledger.errors import LedgerUnavailableError
from runtime.logs import logger


def take_each(records: list[dict[str, Any]], take: Callable[[str], None], *, failure: str) -> dict[str, Any]:
    """Takes each message on its own, so that a bad one does not make the queue repeat the good ones.

    Args:
        records: The batch as Lambda hands it over.
        take: Handles the body of one message.
        failure: What the log calls a message that could not be handled.

    Returns:
        Lambda's partial batch response: the messages to deliver again.
    """
    failed: list[str] = []
    for position, record in enumerate(records):
        try:
            take(record["body"])
        except LedgerUnavailableError as error:
            # The rest would only wait for the same connection timeout.
            logger().error("ledger_unavailable", extra={"reason": str(error)})
            failed += [later["messageId"] for later in records[position:]]
            break
        except Exception:  # noqa: BLE001 - whatever it is, this message alone goes back to the queue
            logger().exception(failure, extra={"message_id": record["messageId"]})
            failed.append(record["messageId"])
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}
