"""Function `sweep`, every five minutes: deletes what was deleted or left behind, and heals what got lost."""

from functools import partial
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from ledger.database.connection import LedgerConnection
from ledger.videos import deletion
from ledger.videos.deletion import DeletedVideo
from runtime import clients, database, metrics
from runtime.arrival import UPLOAD_KEY
from runtime.logs import logger
from runtime.steps import Step, refuse_failures, run_steps
from upkeep.erasing import BudgetSpentError, Eraser, ErasingError
from upkeep.lost_events import give_up_events, resend_events
from upkeep.orphans import tag_orphans
from upkeep.settings import SweepSettings
from upkeep.shared_files import remove_shared_files
from upkeep.stale_objects import abort_uploads, tag_stale_outputs
from upkeep.sweeping import Services

_MOST_VIDEOS = 100
_MOST_PAGES = 200  # listings of 1,000 versions


def handler(_event: dict[str, Any], _context: Any) -> dict[str, int]:
    """Lambda entry point; the event's content does not matter."""
    settings = SweepSettings.from_environment()
    return sweep(
        Services(settings=settings, keeper=database.ledger(settings), s3=clients.s3(), sqs=clients.sqs())
    )


def sweep(services: Services) -> dict[str, int]:
    """Does every step, each within bounds; the next run goes on where this one stopped.

    Returns:
        How many things each step changed.

    Raises:
        LedgerUnavailableError: No step could be done.
        MaintenanceError: Names the steps that failed.
    """
    steps: dict[str, Step] = {
        "videos_purged": partial(_purge_videos, services),
        "events_resent": partial(resend_events, services),
        "events_given_up": partial(give_up_events, services),
        "outputs_superseded": partial(tag_stale_outputs, services),
        "outputs_without_job": partial(tag_orphans, services),
        "uploads_aborted": partial(abort_uploads, services),
        "shared_files_removed": partial(remove_shared_files, Path(services.settings.shared_dir)),
    }
    counts, failed = run_steps(services.keeper, steps)
    logger().info("swept", extra=counts)
    metrics.emit(counts, stack=services.settings.stack)
    refuse_failures(failed)
    return counts


def _purge_videos(services: Services, conn: LedgerConnection) -> int:
    settings = services.settings
    eraser = Eraser(s3=services.s3, pages=_MOST_PAGES)
    purged, failed = 0, 0
    for video in deletion.due(conn, settings.deleted_retention_days, limit=_MOST_VIDEOS):
        try:
            if not deletion.begin(conn, video.id):
                continue  # somebody has taken it back this very moment
            _purge_video(conn, eraser, settings.media_bucket, video)
        except BudgetSpentError:
            logger().info("purge_goes_on_later", extra={"video_id": str(video.id)})
            break
        except (ErasingError, ClientError):
            logger().exception("purge_failed", extra={"video_id": str(video.id)})
            failed += 1
            continue
        purged += 1
        logger().info("video_purged", extra={"video_id": str(video.id)})
    if failed:
        message = f"{failed} videos could not be purged; the log tells why"
        raise ErasingError(message)
    return purged


def _purge_video(conn: LedgerConnection, eraser: Eraser, media_bucket: str, video: DeletedVideo) -> None:
    """Objects first and rows last, so that nothing is forgotten when this ends on the way."""
    for bucket, key in deletion.sources(conn, video.id):
        # What was dropped under the same key since is another video, whose event may still be on its way.
        eraser.erase_key(bucket, key, until=None if UPLOAD_KEY.fullmatch(key) else video.deleted_at)
    for bucket, key in deletion.borrowed_outputs(conn, video.id):
        eraser.erase_key(bucket, key)
    eraser.erase_below(
        media_bucket, f"videos/{video.id}/", lambda keys: deletion.named_by_others(conn, video.id, keys)
    )
    deletion.scrub(conn, video.id)
