"""Deleted videos: taken back in time, or their end, when what nobody else needs goes and the trail stays.

Objects are found through the rows, so the rows go last: a sweep that dies on the way is simply repeated.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ledger.access import record_events
from ledger.access.actors import actor_of
from ledger.database.connection import LedgerConnection
from ledger.errors import PurgeBegunError
from ledger.videos import videos

# A cancelled worker stops at its next heartbeat; what it uploads until then must be there to be found.
_STOPPING_TIME = "10 minutes"

_TAKE_BACK = (
    """
    UPDATE videos v SET source_bucket = NULL, source_key = NULL
     WHERE id = %(id)s AND EXISTS (
           SELECT FROM videos o WHERE o.source_bucket = v.source_bucket AND o.source_key = v.source_key
              AND o.deleted_at IS NULL)""",
    "UPDATE videos SET deleted_at = NULL, purge_after = NULL, updated_at = now() WHERE id = %(id)s",
    """
    INSERT INTO events (job_id, attempt, fence, type, actor)
    SELECT id, attempt, fence, 'video.undeleted', %(actor)s::jsonb FROM jobs WHERE video_id = %(id)s""",
)


@dataclass(frozen=True, slots=True)
class DeletedVideo:
    """A video whose content has to go, and since when it is deleted."""

    id: UUID
    deleted_at: datetime


def due(conn: LedgerConnection, retention_days: int, *, limit: int) -> list[DeletedVideo]:
    """Deleted videos whose content has to go now, the one that waited longest first.

    Videos with a job that has only just ended, or with an announcement that is still to be delivered, wait.
    """
    rows = conn.execute(
        """
        SELECT id, deleted_at FROM (
            (SELECT id, deleted_at FROM videos
              WHERE deleted_at <= now() - make_interval(days => %(days)s) AND purged_at IS NULL
              ORDER BY deleted_at LIMIT %(limit)s)
            UNION
            (SELECT id, deleted_at FROM videos WHERE purge_after <= now() AND purged_at IS NULL
              ORDER BY purge_after LIMIT %(limit)s)) waiting
         WHERE NOT EXISTS (
               SELECT FROM jobs j WHERE j.video_id = waiting.id
                  AND (j.finished_at IS NULL OR j.finished_at > now() - %(stopping)s::interval
                       OR EXISTS (SELECT FROM outbox o WHERE o.job_id = j.id AND o.delivered_at IS NULL)))
         ORDER BY deleted_at LIMIT %(limit)s
        """,
        {"days": retention_days, "limit": limit, "stopping": _STOPPING_TIME},
    ).fetchall()
    return [DeletedVideo(*row) for row in rows]


def begin(conn: LedgerConnection, video_id: UUID) -> bool:
    """Notes that the content of a deleted video goes from now on; repeats change nothing.

    Returns:
        False when somebody has taken the video back meanwhile.
    """
    row = conn.execute(
        """
        UPDATE videos SET purge_started_at = coalesce(purge_started_at, now())
         WHERE id = %s AND deleted_at IS NOT NULL RETURNING id
        """,
        (video_id,),
    ).fetchone()
    return row is not None


def take_back(conn: LedgerConnection, video_id: UUID) -> bool:
    """Shows a deleted video again, with its jobs as they are; one that is not deleted stays as it is.

    Where another video was made of a file under the same key since, later files under it stay with that one.

    Returns:
        False when there never was such a video.

    Raises:
        PurgeBegunError: Its content is going or gone.
    """
    with conn.transaction():
        # In the order of all others: the key, the jobs, the record.
        source = conn.execute(
            "SELECT source_bucket, source_key FROM videos WHERE id = %s AND source_key IS NOT NULL",
            (video_id,),
        ).fetchone()
        if source is not None:
            videos.lock_source(conn, *source)
        conn.execute("SELECT FROM jobs WHERE video_id = %s ORDER BY id FOR KEY SHARE", (video_id,))
        row = conn.execute(
            """
            SELECT deleted_at IS NOT NULL, purge_started_at IS NOT NULL OR purged_at IS NOT NULL
              FROM videos WHERE id = %s FOR UPDATE
            """,
            (video_id,),
        ).fetchone()
        if row is None:
            return False
        deleted, purging = row
        if purging:
            message = f"the content of video {video_id} is being deleted for good, or is gone already"
            raise PurgeBegunError(message)
        if deleted:
            for statement in _TAKE_BACK:
                conn.execute(statement, {"id": video_id, "actor": actor_of(conn)})
            record_events.record(conn, video_id, "record.undeleted")
    return True


def sources(conn: LedgerConnection, video_id: UUID) -> list[tuple[str, str]]:
    """Bucket and key of the sources of a video's jobs that no other video's job was made of."""
    return conn.execute(
        """
        SELECT DISTINCT j.source_bucket, j.source_key FROM jobs j
         WHERE j.video_id = %s
           AND NOT EXISTS (SELECT FROM jobs o WHERE o.source_key = j.source_key
                              AND o.source_bucket = j.source_bucket AND o.video_id <> j.video_id)
        """,
        (video_id,),
    ).fetchall()


def borrowed_outputs(conn: LedgerConnection, video_id: UUID) -> list[tuple[str, str]]:
    """Bucket and key of outputs that jobs of other videos made, and that this video alone still names."""
    return conn.execute(
        """
        SELECT DISTINCT j.output_bucket, p.key
          FROM jobs j JOIN outputs p ON p.job_id = j.id
         WHERE j.video_id = %(video_id)s AND j.reused_job_id IS NOT NULL
           AND NOT EXISTS (SELECT FROM outputs q JOIN jobs o ON o.id = q.job_id
                            WHERE q.key = p.key AND o.video_id <> %(video_id)s)
        """,
        {"video_id": video_id},
    ).fetchall()


def named_by_others(conn: LedgerConnection, video_id: UUID, keys: Sequence[str]) -> set[str]:
    """Which of these objects are outputs of another video as well."""
    rows = conn.execute(
        """
        SELECT DISTINCT p.key FROM outputs p JOIN jobs o ON o.id = p.job_id
         WHERE p.key = ANY (%s) AND o.video_id <> %s
        """,
        (list(keys), video_id),
    ).fetchall()
    return {row[0] for row in rows}


def scrub(conn: LedgerConnection, video_id: UUID) -> None:
    """Empties the rows of a video whose objects are gone, and notes it in the history of each job.

    Ids, states, times, sizes and profiles stay for the audit trail, which refers to them.
    """
    blank = """'{"subject": "", "message": "", "attributes": {}}'::jsonb"""
    jobs_of_video = "(SELECT id FROM jobs WHERE video_id = %(video_id)s)"
    statements = (
        "DELETE FROM sidecars WHERE video_id = %(video_id)s",
        """
        DELETE FROM restores r USING jobs j WHERE j.video_id = %(video_id)s
           AND (r.bucket, r.key) = (j.source_bucket, j.source_key)
           AND NOT EXISTS (SELECT FROM jobs o WHERE o.source_key = r.key AND o.source_bucket = r.bucket
                              AND o.video_id <> j.video_id)""",
        f"DELETE FROM outputs WHERE job_id IN {jobs_of_video}",  # noqa: S608 -- constants
        f"UPDATE outbox SET announcement = {blank} WHERE job_id IN {jobs_of_video}",  # noqa: S608 -- constants
        f"""
        UPDATE jobs SET filename = '(deleted)', source_key = 'purged/' || id, source_etag = NULL,
               declared_sha256 = NULL, upload_id = NULL, overrides = '{{}}', warnings = '[]',
               technical = NULL,
               error_message = CASE WHEN error_message IS NOT NULL THEN '' END,
               announcement = CASE WHEN announcement IS NOT NULL THEN {blank} END
         WHERE video_id = %(video_id)s""",  # noqa: S608 -- constants
        """
        INSERT INTO events (job_id, attempt, fence, type)
        SELECT id, attempt, fence, 'video.purged' FROM jobs WHERE video_id = %(video_id)s""",
        """
        UPDATE videos SET title = '(deleted)', description = '', tags = '{}', language = NULL,
               attributes = '{}', technical = '{}', source_bucket = NULL, source_key = NULL,
               purged_at = now(), updated_at = now()
         WHERE id = %(video_id)s AND deleted_at IS NOT NULL""",
    )
    with conn.transaction():
        for statement in statements:
            conn.execute(statement, {"video_id": video_id})
