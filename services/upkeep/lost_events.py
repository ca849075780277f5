"""Files in the ingest bucket whose event got lost: it is told again, in the words of the first time."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from ledger.buckets import resent_events, stored_objects
from ledger.buckets.stored_objects import StoredVersion
from ledger.database.connection import LedgerConnection
from runtime.arrival import UPLOAD_KEY, is_source, message_for
from runtime.logs import logger
from upkeep.sweeping import Page, Services, list_current, scan

if TYPE_CHECKING:
    from ledger.buckets.scans import Marker

_WALK: Final = "ingest"
_MOST_PAGES = 20  # listings of 1,000 versions
_BATCH: Final = 10  # most messages of one request to SQS


class ResendError(Exception):
    """The ingest queue refused messages; the next run sends them. The operator looks at role and key."""


def resend_events(services: Services, conn: LedgerConnection) -> int:
    """Tells `ingest` of the current version of each file that the ledger should know and does not.

    A message that is told twice changes nothing: the version gives its job its id. One that changes nothing
    however often it is told is told ever more rarely, and in the end no more.

    Returns:
        How many messages were sent.

    Raises:
        ResendError: The queue did not take all of them.
    """
    return scan(
        conn, _WALK, partial(_read, services), partial(_resend_missed, services, conn), pages=_MOST_PAGES
    )


def give_up_events(_services: Services, conn: LedgerConnection) -> int:
    """Reports each file once that got no job although its event was told as often as it is worth.

    It stays where it is. Dropped again, it is another version, and told of from the beginning.

    Returns:
        How many files.
    """
    given_up = resent_events.give_up(conn)
    for item in given_up:
        logger().error("event_given_up", extra={"key": item.key, "version_id": item.version_id})
    return len(given_up)


def _read(services: Services, marker: "Marker") -> Page[StoredVersion]:
    page = list_current(services.s3, services.settings.ingest_bucket, "", marker)
    items = [
        StoredVersion(key=item["Key"], version_id=item["VersionId"])
        for item in page.items
        if is_source(item["Key"]) and services.is_old(item["LastModified"])
    ]
    return Page(items=items, following=page.following)


def _resend_missed(services: Services, conn: LedgerConnection, found: Sequence[StoredVersion]) -> int:
    bucket = services.settings.ingest_bucket
    uploads = [item for item in found if UPLOAD_KEY.fullmatch(item.key)]
    dropped = [item for item in found if not UPLOAD_KEY.fullmatch(item.key)]
    unnoted = stored_objects.uploads_not_noted(conn, bucket, [item.key for item in uploads])
    missed = [
        *(item for item in uploads if item.key in unnoted),
        *stored_objects.dropped_without_job(conn, bucket, dropped),
    ]
    due = resent_events.due(conn, bucket, missed) if missed else []
    for start in range(0, len(due), _BATCH):
        batch = due[start : start + _BATCH]
        _send(services, batch)
        resent_events.note_sent(conn, bucket, batch)
    return len(due)


def _send(services: Services, versions: Sequence[StoredVersion]) -> None:
    bucket = services.settings.ingest_bucket
    answer = services.sqs.send_message_batch(
        QueueUrl=services.settings.ingest_queue_url,
        Entries=[
            {"Id": str(number), "MessageBody": message_for(bucket, item.key, item.version_id)}
            for number, item in enumerate(versions)
        ],
    )
    refused = answer.get("Failed", [])
    if refused:
        message = f"the ingest queue refused {len(refused)} of {len(versions)} messages: {refused[0]['Code']}"
        raise ResendError(message)
    for item in versions:
        logger().warning("event_resent", extra={"key": item.key, "version_id": item.version_id})
