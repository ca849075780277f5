"""What the steps of the sweep share: clients, the age of objects, scans through long listings."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from ledger.buckets import scans
from ledger.buckets.scans import Marker
from ledger.database.connection import ConnectionKeeper, LedgerConnection
from upkeep.settings import SweepSettings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ObjectVersionTypeDef
    from mypy_boto3_sqs import SQSClient

# Events, workers and clients that are merely slow have had their turn by then.
REST: Final = timedelta(hours=1)
_PAGE_ITEMS = 1000  # the most that S3 lists at once

Item = TypeVar("Item")


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What the function works with."""

    settings: SweepSettings
    keeper: ConnectionKeeper
    s3: "S3Client"
    sqs: "SQSClient"
    clock: Callable[[], datetime] = _now

    def is_old(self, since: datetime) -> bool:
        """Whether something of that time has been left alone for long enough."""
        return self.clock() - since >= REST


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[Item]):
    """A piece of a listing, and where the next one begins; None after the last."""

    items: Sequence[Item]
    following: Marker | None


def scan(
    conn: LedgerConnection,
    name: str,
    read: Callable[[Marker], Page[Item]],
    heal: Callable[[Sequence[Item]], int],
    *,
    pages: int,
    most: int | None = None,
    between_starts: str = scans.BETWEEN_STARTS,
) -> int:
    """Heals what a long listing shows, page by page, and goes on in the next run where this one stops.

    A page that could not be healed is read again by the next run.

    Args:
        conn: An open connection.
        name: The listing's name in the ledger.
        read: Reads one page.
        heal: Mends what is wrong on a page, and tells how much that was.
        pages: Most pages that one run may read.
        most: A run that has mended as many reads no further page.
        between_starts: Least time between the beginnings of two scans.
    """
    marker = scans.begin(conn, name, between_starts=between_starts)
    healed = 0
    for _ in range(pages):
        if marker is None or (most is not None and healed >= most):
            break
        page = read(marker)
        healed += heal(page.items)
        marker = page.following
        if marker is None:
            scans.end(conn, name)
        else:
            scans.proceed(conn, name, marker)
    return healed


def list_current(s3: "S3Client", bucket: str, prefix: str, marker: Marker) -> "Page[ObjectVersionTypeDef]":
    """Up to 1,000 versions, of which those that are current and no deletion."""
    found = s3.list_object_versions(
        Bucket=bucket,
        Prefix=prefix,
        MaxKeys=_PAGE_ITEMS,
        **({"KeyMarker": marker.key_marker} if marker.key_marker else {}),  # type: ignore[arg-type]
        **({"VersionIdMarker": marker.id_marker} if marker.id_marker else {}),  # type: ignore[arg-type]
    )
    following = (
        Marker(key_marker=found["NextKeyMarker"], id_marker=found.get("NextVersionIdMarker", ""))
        if found["IsTruncated"]
        else None
    )
    return Page(items=[item for item in found.get("Versions", []) if item["IsLatest"]], following=following)
