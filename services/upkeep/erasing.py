"""Deletes objects for good: all their versions, in batches, within a bounded number of requests."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef

Kept = Callable[[Sequence[str]], set[str]]


class BudgetSpentError(Exception):
    """This run has made as many requests as it may; the next one goes on."""


class ErasingError(Exception):
    """S3 kept objects that were to be deleted; the operator looks at the role and the bucket."""


@dataclass(slots=True, kw_only=True)
class Eraser:
    """Deletes versions of objects until its budget is spent.

    Attributes:
        pages: Most listings of up to 1,000 versions that are still to be made.
    """

    s3: "S3Client"
    pages: int

    def erase_key(self, bucket: str, key: str, *, until: datetime | None = None) -> None:
        """Deletes every version of one object.

        Args:
            bucket: Where.
            key: The object.
            until: Later versions stay; None deletes them as well.

        Raises:
            BudgetSpentError: Not all of it is gone yet.
            ErasingError: S3 refused.
        """
        self._erase(
            bucket, key, lambda keys: {found for found in keys if found != key}, only=key, until=until
        )

    def erase_below(self, bucket: str, prefix: str, kept: Kept) -> None:
        """Deletes every version of the objects below a prefix.

        Args:
            bucket: Where.
            prefix: With a trailing slash.
            kept: Tells which of these keys stay.

        Raises:
            BudgetSpentError: Not all of them are gone yet.
            ErasingError: S3 refused.
        """
        self._erase(bucket, prefix, kept)

    def _erase(
        self,
        bucket: str,
        prefix: str,
        kept: Kept,
        only: str | None = None,
        until: datetime | None = None,
    ) -> None:
        listing = self.s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix)
        for page in listing:
            self._spend()
            found = (*page.get("Versions", []), *page.get("DeleteMarkers", []))
            staying = kept(sorted({item["Key"] for item in found}))
            self._delete(
                bucket,
                [
                    {"Key": item["Key"], "VersionId": item["VersionId"]}
                    for item in found
                    if item["Key"] not in staying and (until is None or item["LastModified"] <= until)
                ],
            )
            if only is not None and _is_past(only, (item["Key"] for item in found)):
                return

    def _spend(self) -> None:
        if self.pages == 0:
            raise BudgetSpentError
        self.pages -= 1

    def _delete(self, bucket: str, versions: "Sequence[ObjectIdentifierTypeDef]") -> None:
        # A page may hold 1,000 versions and as many markers; one request takes 1,000.
        for start in range(0, len(versions), 1000):
            batch = versions[start : start + 1000]
            answer = self.s3.delete_objects(Bucket=bucket, Delete={"Objects": list(batch), "Quiet": True})
            refused = answer.get("Errors", [])
            if refused:
                first = refused[0]
                message = (
                    f"S3 kept {len(refused)} of {len(batch)} versions in {bucket}, first"
                    f" {first.get('Key')!r}: {first.get('Code')}; the operator must correct role or bucket"
                )
                raise ErasingError(message)


def _is_past(key: str, found: Iterable[str]) -> bool:
    """Whether a listing in the order of keys has left this key behind."""
    return any(other > key for other in found)
