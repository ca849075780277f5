"""Originals on their way out of the archive: what `maintain` does where no event tells of them."""

from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from ledger.database.connection import LedgerConnection
from ledger.models import ArchivedSource
from ledger.turns import restores
from runtime import archive
from runtime.archive import Access, Availability, RestoreTerms
from runtime.logs import logger

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_MOST_LOOKS: Final = 100  # requests in one run, which has a minute
_GONE: Final = frozenset({"404", "405", "NoSuchKey", "NoSuchVersion", "MethodNotAllowed"})


class RestoresError(Exception):
    """S3 did not answer for some originals; the next run asks again, the log tells why."""


def follow_restores(conn: LedgerConnection, s3: "S3Client", terms: RestoreTerms) -> int:
    """Wakes jobs whose original can be read although no event said so, and asks again for what is needed.

    A copy that ends before a waiting job can have read it is asked for again: S3 keeps it longer, or brings
    it back while the job waits once more.

    Returns:
        How many jobs wait for their original no more.

    Raises:
        RestoresError: Some originals could not be looked at.
    """
    released, failed = 0, 0
    for source in (*restores.ending(conn, limit=_MOST_LOOKS), *restores.running(conn, limit=_MOST_LOOKS)):
        try:
            released += _follow(conn, s3, source, terms)
        except ClientError:
            logger().exception("restore_not_followed", extra={"key": source.key})
            failed += 1
    if failed:
        message = f"{failed} originals could not be looked at; the log tells why"
        raise RestoresError(message)
    return released


def _follow(conn: LedgerConnection, s3: "S3Client", source: ArchivedSource, terms: RestoreTerms) -> int:
    standing = _look(s3, source)
    if standing is None:
        return restores.release(conn, source, None)  # the worker says that it is gone
    if _ends_early(conn, standing):
        archive.ask(s3, source, terms)
        standing = _look(s3, source) or standing
    if standing.access is Access.READABLE:
        return restores.release(conn, source, standing.readable_until)
    expected_at = terms.expected_at(standing.storage_class)
    if standing.access is Access.RESTORING:
        restores.hold_all(conn, source, restores.expected(conn, source, expected_at))
        return 0
    if not restores.is_wanted(conn, source):
        restores.forget(conn, source)
        return 0
    # Its copy has ended before anybody read it, or somebody moved it into the archive while a job waited.
    archive.ask(s3, source, terms)
    restores.note(conn, source, expected_at)
    restores.hold_all(conn, source, expected_at)
    logger().warning("restore_repeated", extra={"key": source.key, "expected_at": expected_at.isoformat()})
    return 0


def _ends_early(conn: LedgerConnection, standing: Availability) -> bool:
    return standing.readable_until is not None and restores.ends_early(conn, standing.readable_until)


def _look(s3: "S3Client", source: ArchivedSource) -> Availability | None:
    try:
        return archive.look(s3, source)
    except ClientError as error:
        if error.response["Error"]["Code"] not in _GONE:
            raise
        return None
