"""Function `sweep`, every five minutes: deletes for good what was deleted, and heals what got lost in S3."""

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

from botocore.exceptions import ClientError

from ledger import deletion
from ledger.connection import ConnectionKeeper, LedgerConnection
from metadata_api import clients, database, metrics
from metadata_api.erasing import BudgetSpentError, Eraser, ErasingError
from metadata_api.logs import logger
from metadata_api.settings import SweepSettings
from metadata_api.steps import refuse_failures, run_steps

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_MOST_VIDEOS = 100
_MOST_PAGES = 200  # listings of 1,000 versions


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What the function works with."""

    settings: SweepSettings
    keeper: ConnectionKeeper
    s3: "S3Client"


def handler(_event: dict[str, Any], _context: Any) -> dict[str, int]:
    """Lambda entry point; the event's content does not matter."""
    settings = SweepSettings.from_environment()
    return sweep(Services(settings=settings, keeper=database.ledger(settings), s3=clients.s3()))


def sweep(services: Services) -> dict[str, int]:
    """Does every step, each within bounds; the next run goes on where this one stopped.

    Returns:
        How many things each step changed.

    Raises:
        LedgerUnavailableError: No step could be done.
        MaintenanceError: Names the steps that failed.
    """
    counts, failed = run_steps(services.keeper, {"videos_purged": partial(_purge_videos, services)})
    logger().info("swept", extra=counts)
    metrics.emit(counts, stack=services.settings.stack)
    refuse_failures(failed)
    return counts


def _purge_videos(services: Services, conn: LedgerConnection) -> int:
    settings = services.settings
    eraser = Eraser(s3=services.s3, pages=_MOST_PAGES)
    purged, failed = 0, 0
    for video_id in deletion.due(conn, settings.deleted_retention_days, limit=_MOST_VIDEOS):
        try:
            _purge_video(conn, eraser, settings.media_bucket, video_id)
        except BudgetSpentError:
            logger().info("purge_goes_on_later", extra={"video_id": str(video_id)})
            break
        except (ErasingError, ClientError):
            logger().exception("purge_failed", extra={"video_id": str(video_id)})
            failed += 1
            continue
        purged += 1
        logger().info("video_purged", extra={"video_id": str(video_id)})
    if failed:
        message = f"{failed} videos could not be purged; the log tells why"
        raise ErasingError(message)
    return purged


def _purge_video(conn: LedgerConnection, eraser: Eraser, media_bucket: str, video_id: UUID) -> None:
    """Objects first and rows last, so that nothing is forgotten when this ends on the way."""
    for bucket, key in (*deletion.sources(conn, video_id), *deletion.borrowed_outputs(conn, video_id)):
        eraser.erase_key(bucket, key)
    eraser.erase_below(
        media_bucket, f"videos/{video_id}/", lambda keys: deletion.named_by_others(conn, video_id, keys)
    )
    deletion.scrub(conn, video_id)
