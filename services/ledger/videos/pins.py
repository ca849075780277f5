"""People choose what a video plays: one completed job is pinned until somebody unpins it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final
from uuid import UUID

from ledger.access import record_events
from ledger.errors import LedgerError
from ledger.videos import videos
from ledger.videos.videos import Video

if TYPE_CHECKING:
    # Only named here: a route that never reaches the database must not load its driver.
    from ledger.database.connection import LedgerConnection

# The trigger of migration 0017 chooses what plays whenever the pin is written.
_PIN: Final = """
    UPDATE videos SET version = version + 1, updated_at = now(), pinned_job_id =
           (SELECT j.id FROM jobs j WHERE j.id = %(job_id)s AND j.video_id = %(video_id)s)
     WHERE id = %(video_id)s AND deleted_at IS NULL
       AND (%(versions)s::bigint[] IS NULL OR version = ANY (%(versions)s::bigint[]))"""


class NotPlayableError(LedgerError):
    """The job is not of this video, has not completed, or made nothing that plays."""


def pin(
    conn: "LedgerConnection", video_id: UUID, job_id: UUID, versions: Sequence[int] | None
) -> Video | None:
    """Has the video play this job from now on, whatever is ordered and completes later.

    Args:
        conn: An open connection.
        video_id: The video.
        job_id: What is to play.
        versions: The record must be at one of these versions; None means any.

    Returns:
        The record as it is now, or None when it does not exist or is at another version.

    Raises:
        NotPlayableError: The job cannot be played as this video; nothing was changed.
    """
    with conn.transaction():
        changed = _write(conn, video_id, job_id, versions)
        if changed is not None and changed.current_job_id != job_id:
            row = conn.execute(
                "SELECT status FROM jobs WHERE id = %s AND video_id = %s", [job_id, video_id]
            ).fetchone()
            raise NotPlayableError(_why_not(video_id, job_id, row[0] if row else None))
    return changed


def unpin(conn: "LedgerConnection", video_id: UUID, versions: Sequence[int] | None) -> Video | None:
    """Leaves it to the rule again what the video plays; arguments and answer are those of `pin`."""
    with conn.transaction():
        return _write(conn, video_id, None, versions)


def _write(
    conn: "LedgerConnection", video_id: UUID, job_id: UUID | None, versions: Sequence[int] | None
) -> Video | None:
    wanted = None if versions is None else list(versions)
    changed = conn.execute(_PIN, {"video_id": video_id, "job_id": job_id, "versions": wanted}).rowcount
    if not changed:
        return None
    what = "record.unpinned" if job_id is None else "record.pinned"
    record_events.record(conn, video_id, what, {} if job_id is None else {"job_id": str(job_id)})
    return videos.get(conn, video_id)


def _why_not(video_id: UUID, job_id: UUID, status: str | None) -> str:
    if status is None:
        return f"job {job_id} is none of video {video_id}; give one of GET /jobs?video_id={video_id}"
    if status != "COMPLETED":
        return f"job {job_id} is {status}; only a COMPLETED one can be played"
    return f"job {job_id} made neither picture nor sound to play; give one with a profile that does"
