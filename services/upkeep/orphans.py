"""Objects in the media bucket that belong to no job at all: they are tagged, as other stale outputs are."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Final
from uuid import UUID

from ledger.buckets import stored_objects
from ledger.database.connection import LedgerConnection
from runtime.logs import logger
from upkeep.stale_objects import OUTPUT_KEY, tag_superseded
from upkeep.sweeping import Page, Services, list_current, scan

if TYPE_CHECKING:
    from ledger.buckets.scans import Marker

_WALK: Final = "media"
_PREFIX: Final = "videos/"
_MOST_PAGES: Final = 5  # listings of 1,000 versions
_MOST_TAGS: Final = 1000  # one request each
# Rows of jobs are never deleted, so only people, or a ledger that was restored, can make such objects.
_BETWEEN_STARTS: Final = "1 day"


def tag_orphans(services: Services, conn: LedgerConnection) -> int:
    """Tags outputs of jobs that the ledger never had, unless any row names them or they are young.

    Keys of another form than that of outputs are nobody's business here and stay.

    Returns:
        How many objects were tagged; until the lifecycle has deleted them, each round tags them again.
    """
    return scan(
        conn,
        _WALK,
        partial(_read, services),
        partial(_tag_unknown, services, conn),
        pages=_MOST_PAGES,
        most=_MOST_TAGS,
        between_starts=_BETWEEN_STARTS,
    )


def _read(services: Services, marker: "Marker") -> Page[str]:
    page = list_current(services.s3, services.settings.media_bucket, _PREFIX, marker)
    keys = [
        item["Key"]
        for item in page.items
        if OUTPUT_KEY.fullmatch(item["Key"]) and services.is_old(item["LastModified"])
    ]
    return Page(items=keys, following=page.following)


def _tag_unknown(services: Services, conn: LedgerConnection, keys: Sequence[str]) -> int:
    owners = {key: UUID(match["job"]) for key in keys if (match := OUTPUT_KEY.fullmatch(key))}
    known = stored_objects.known(conn, sorted(set(owners.values())))
    candidates = [key for key, job_id in owners.items() if job_id not in known]
    named = stored_objects.named_outputs(conn, candidates) if candidates else set()
    orphans = [key for key in candidates if key not in named]
    for key in orphans:
        tag_superseded(services, key)
    for job_id in sorted({owners[key] for key in orphans}):
        logger().warning("outputs_without_job", extra={"job_id": str(job_id)})
    return len(orphans)
