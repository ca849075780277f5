"""Objects in S3's archive: which can be read, and asking for one that cannot.

S3 answers HEAD for an archived object as for any other; only its storage class and `x-amz-restore` tell that
GET would end with InvalidObjectState (S3 API reference, HeadObject and RestoreObject; S3 user guide, "Working
with archived objects"). Intelligent-Tiering, which the bucket does not use, is not looked at.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from ledger.models import ArchivedSource

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.literals import TierType

ORIGINAL_TAG: Final = ("content", "original")
"""Key and value that an accepted original carries: the lifecycle archives nothing else."""

# Longest times that S3 names: user guide, "Understanding archive retrieval options".
_HOURS: Final[Mapping[str, Mapping[str, int]]] = {
    "GLACIER": {"Standard": 5, "Bulk": 12},
    "DEEP_ARCHIVE": {"Standard": 12, "Bulk": 48},
}
_EXPIRY: Final = re.compile(r'expiry-date="(?P<date>[^"]+)"')
_READABLE_ALREADY: Final = "ObjectAlreadyInActiveTierError"
_UNDER_WAY: Final = "RestoreAlreadyInProgress"


class Access(StrEnum):
    """Whether an object can be read."""

    READABLE = "READABLE"
    RESTORING = "RESTORING"
    ARCHIVED = "ARCHIVED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Availability:
    """How an object stands.

    Attributes:
        storage_class: S3's word, `STANDARD` where it says none.
        readable_until: When a restored copy ends; None for an object that is not archived.
    """

    access: Access
    storage_class: str = "STANDARD"
    readable_until: datetime | None = None


READABLE: Final = Availability(access=Access.READABLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreTerms:
    """How originals are asked for.

    Attributes:
        days: How long a restored copy stays; S3 rounds its end up to the next midnight, UTC.
        tier: `Standard` or `Bulk`, which takes longer and costs less.
    """

    days: int
    tier: str

    def expected_at(self, storage_class: str) -> datetime:
        """By when a restore that begins now is over, as S3 promises it."""
        hours = _HOURS.get(storage_class, _HOURS["DEEP_ARCHIVE"])[self.tier]
        return datetime.now(UTC) + timedelta(hours=hours)


def availability(head: Mapping[str, Any]) -> Availability:
    """What the answer to a HEAD says.

    Args:
        head: As boto3 gives it.
    """
    storage_class = head.get("StorageClass") or "STANDARD"
    if storage_class not in _HOURS:
        return Availability(access=Access.READABLE, storage_class=storage_class)
    restore = head.get("Restore") or ""
    if 'ongoing-request="true"' in restore:
        return Availability(access=Access.RESTORING, storage_class=storage_class)
    expiry = _EXPIRY.search(restore)
    if expiry is None:
        return Availability(access=Access.ARCHIVED, storage_class=storage_class)
    ends_at = parsedate_to_datetime(expiry["date"])
    return Availability(access=Access.READABLE, storage_class=storage_class, readable_until=ends_at)


def look(s3: "S3Client", source: ArchivedSource) -> Availability:
    """How an original stands now.

    Raises:
        botocore.exceptions.ClientError: It is gone, or S3 refuses.
    """
    version = {"VersionId": source.version_id} if source.version_id else {}
    return availability(s3.head_object(Bucket=source.bucket, Key=source.key, **version))  # type: ignore[arg-type]


def ask(s3: "S3Client", source: ArchivedSource, terms: RestoreTerms) -> None:
    """Asks S3 for a readable copy of this very version; of a copy that is there, for a later end.

    Asking for what is under way, or was never archived, changes nothing.

    Raises:
        botocore.exceptions.ClientError: It is gone, or S3 refuses.
    """
    from botocore.exceptions import ClientError  # not needed until a client is

    version = {"VersionId": source.version_id} if source.version_id else {}
    tier: TierType = "Bulk" if terms.tier == "Bulk" else "Standard"
    try:
        s3.restore_object(
            Bucket=source.bucket,
            Key=source.key,
            RestoreRequest={"Days": terms.days, "GlacierJobParameters": {"Tier": tier}},
            **version,  # type: ignore[arg-type]
        )
    except ClientError as error:
        if error.response["Error"]["Code"] not in {_READABLE_ALREADY, _UNDER_WAY}:
            raise
