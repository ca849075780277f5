"""The metadata records of videos: make, read, find, change and remove them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from ledger.access import record_events
from ledger.access.actors import actor_of

if TYPE_CHECKING:
    # Only named here: a route that never reaches the database must not load its driver.
    from ledger.database.connection import LedgerConnection

_COLUMNS: Final = (
    "id, client, title, description, tags, language, attributes, technical, state, version,"
    " latest_job_id, current_job_id, pinned_job_id, created_at, updated_at, deleted_at, purge_after,"
    " coalesce((SELECT j.warnings FROM jobs j WHERE j.id = videos.current_job_id), '[]'),"
    " (SELECT jsonb_build_object('bucket', j.source_bucket, 'key', j.source_key,"
    " 'version_id', j.source_version_id, 'etag', j.source_etag)"
    " FROM jobs j WHERE j.id = coalesce(videos.current_job_id, videos.latest_job_id))"
)

NO_JOB: Final = "CREATED"
"""What the table says in place of a status while nothing was ordered."""

# As in the partial index, which serves this list alone.
_TO_TAKE_BACK: Final = "deleted_at IS NOT NULL AND purge_started_at IS NULL AND purged_at IS NULL"


@dataclass(frozen=True, slots=True)
class Video:
    """A stored record; the order of its fields is the order of the columns read.

    Attributes:
        deleted_at: None unless it was read among the deleted ones.
        purge_after: When its content goes, where that was asked for at the deletion.
        latest_status: Status of its latest job; NO_JOB when it has none.
        current_job_id: The job that plays.
        pinned_job_id: The job that somebody chose to play; None leaves the choice to the rule.
        warnings: What was odd about the source of its current job, as `JobWarning.as_dict` writes it.
        source: Where the file of its current job lies, else that of its latest; None when it has no job.
    """

    id: UUID
    client: str
    title: str
    description: str
    tags: list[str]
    language: str | None
    attributes: dict[str, Any]
    technical: dict[str, Any]
    latest_status: str
    version: int
    latest_job_id: UUID | None
    current_job_id: UUID | None
    pinned_job_id: UUID | None
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None
    purge_after: datetime | None
    warnings: list[dict[str, Any]]
    source: dict[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoDraft:
    """What a caller may write of a record."""

    title: str
    description: str = ""
    tags: Sequence[str] = ()
    language: str | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)

    def as_parameters(self) -> dict[str, Any]:
        """The fields as SQL parameters."""
        return {
            "title": self.title,
            "description": self.description,
            "tags": list(self.tags),
            "language": self.language,
            "attributes": json.dumps(dict(self.attributes)),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoFilter:
    """Which records a list shows; None and () mean any.

    Attributes:
        tags: All of them must be on the record.
        text: Words that title, description or tags must contain.
        created_after: Inclusive.
        created_before: Exclusive.
        playable: Whether there is something to play.
        latest_status: How the last order went; NO_JOB for those without any.
        deleted: Those that are deleted and can still be taken back, in place of those that are not deleted.
        client: Whose they are.
    """

    tags: Sequence[str] = ()
    text: str | None = None
    playable: bool | None = None
    latest_status: str | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None
    deleted: bool = False
    client: str | None = None


def create(conn: "LedgerConnection", video_id: UUID, draft: VideoDraft, client: str) -> Video:
    """Stores a new record of a client."""
    query = (
        "WITH made AS (INSERT INTO videos (id, client, title, description, tags, language, attributes)"  # noqa: S608
        " VALUES (%(id)s, %(client)s, %(title)s, %(description)s, %(tags)s, %(language)s,"
        " %(attributes)s::jsonb) RETURNING *), noted AS ("
        " INSERT INTO record_events (video_id, type, actor) SELECT id, 'record.created', %(actor)s::jsonb"
        f" FROM made) SELECT {_COLUMNS} FROM made videos"
    )
    told = {"id": video_id, "client": client, "actor": actor_of(conn), **draft.as_parameters()}
    row = conn.execute(query, told, prepare=True).fetchone()
    assert row is not None, "INSERT ... RETURNING always gives a row"  # noqa: S101 -- for the type checker
    return Video(*row)


def get(conn: "LedgerConnection", video_id: UUID) -> Video | None:
    """The record with this id, unless it never existed or was deleted."""
    query = f"SELECT {_COLUMNS} FROM videos WHERE id = %s AND deleted_at IS NULL"  # noqa: S608 -- constants
    row = conn.execute(query, [video_id], prepare=True).fetchone()
    return None if row is None else Video(*row)


def lock(conn: "LedgerConnection", video_id: UUID) -> Video | None:
    """Same as `get`, and nobody else changes or deletes the record before this transaction ends."""
    query = f"SELECT {_COLUMNS} FROM videos WHERE id = %s AND deleted_at IS NULL FOR UPDATE"  # noqa: S608
    row = conn.execute(query, [video_id]).fetchone()
    return None if row is None else Video(*row)


def lock_source(conn: "LedgerConnection", bucket: str, key: str) -> None:
    """Lets others who decide which video a dropped file belongs to wait until the transaction ends."""
    conn.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (json.dumps([bucket, key]),))


def replace(
    conn: "LedgerConnection", video_id: UUID, draft: VideoDraft, versions: Sequence[int] | None
) -> Video | None:
    """Writes all writable fields of a record.

    Args:
        conn: An open connection.
        video_id: The record.
        draft: Its new content.
        versions: The record must be at one of these versions; None means any.

    Returns:
        The record as it is now, or None when it does not exist or is at another version.
    """
    query = (
        "WITH changed AS (UPDATE videos SET title = %(title)s, description = %(description)s,"  # noqa: S608
        " tags = %(tags)s,"
        " language = %(language)s, attributes = %(attributes)s::jsonb,"
        " version = version + 1, updated_at = now()"
        " WHERE id = %(id)s AND deleted_at IS NULL"
        " AND (%(versions)s::bigint[] IS NULL OR version = ANY (%(versions)s::bigint[]))"
        " RETURNING *), noted AS (INSERT INTO record_events (video_id, type, actor, data)"
        " SELECT id, 'record.changed', %(actor)s::jsonb, jsonb_build_object('version', version) FROM changed)"
        f" SELECT {_COLUMNS} FROM changed videos"
    )
    wanted = None if versions is None else list(versions)
    told = {"id": video_id, "versions": wanted, "actor": actor_of(conn), **draft.as_parameters()}
    row = conn.execute(query, told).fetchone()
    return None if row is None else Video(*row)


def has_job(conn: "LedgerConnection", video_id: UUID) -> bool:
    """Whether anything was ever ordered for this video."""
    row = conn.execute("SELECT EXISTS (SELECT FROM jobs WHERE video_id = %s)", [video_id]).fetchone()
    return bool(row and row[0])


def has_unfinished_job(conn: "LedgerConnection", video_id: UUID) -> bool:
    """Whether a job of this video waits for its upload, is queued or runs."""
    query = (
        "SELECT EXISTS (SELECT FROM jobs"
        " WHERE video_id = %s AND status IN ('PENDING', 'QUEUED', 'PROCESSING'))"
    )
    row = conn.execute(query, [video_id]).fetchone()
    return bool(row and row[0])


def mark_deleted(conn: "LedgerConnection", video_id: UUID, *, purge_at_once: bool) -> None:
    """Hides the record and its jobs, and notes it in the history of each job.

    Args:
        conn: An open connection.
        video_id: The record; none of its jobs is unfinished.
        purge_at_once: Its content and objects go with the next sweep and not after the configured time.
    """
    conn.execute(
        "UPDATE videos SET deleted_at = now(), updated_at = now(),"
        " purge_after = CASE WHEN %s THEN now() END WHERE id = %s",
        [purge_at_once, video_id],
    )
    conn.execute(
        "INSERT INTO events (job_id, attempt, fence, type, actor, data)"
        " SELECT id, attempt, fence, 'video.deleted', %s::jsonb,"
        " jsonb_build_object('purge_at_once', %s::boolean) FROM jobs WHERE video_id = %s",
        [actor_of(conn), purge_at_once, video_id],
    )
    record_events.record(conn, video_id, "record.deleted", {"purge_at_once": purge_at_once})


def find(
    conn: "LedgerConnection", wanted: VideoFilter, *, after: tuple[datetime, UUID] | None, limit: int
) -> list[Video]:
    """Records that match, newest first.

    Args:
        conn: An open connection.
        wanted: The filters.
        after: Creation time and id of the last record of the page before.
        limit: Most records to return.
    """
    conditions = [_TO_TAKE_BACK if wanted.deleted else "deleted_at IS NULL", *_conditions(wanted)]
    if after is not None:
        conditions.append("(created_at, id) < (%(after_time)s, %(after_id)s)")
    query = (
        f"SELECT {_COLUMNS} FROM videos WHERE {' AND '.join(conditions)}"  # noqa: S608 -- constants of this file
        # As a number: for a limit that it does not know, the planner would expect a tenth of the table.
        f" ORDER BY created_at DESC, id DESC LIMIT {limit:d}"
    )
    after_time, after_id = after or (None, None)
    parameters = {
        "tags": list(wanted.tags),
        "text": wanted.text,
        "latest_status": wanted.latest_status,
        "created_after": wanted.created_after,
        "created_before": wanted.created_before,
        "client": wanted.client,
        "after_time": after_time,
        "after_id": after_id,
    }
    # How common a word, tag, state or client is decides how it is looked for: such a list is planned anew.
    alike = not wanted.tags and wanted.text is None and wanted.latest_status is None and wanted.client is None
    return [Video(*row) for row in conn.execute(query, parameters, prepare=alike)]


def _conditions(wanted: VideoFilter) -> list[str]:
    """Only the conditions asked for, so that the planner sees a plain query and can use its index."""
    possible = (
        (bool(wanted.tags), "tags @> %(tags)s::text[]"),
        (wanted.text is not None, "search @@ websearch_to_tsquery('pg_catalog.simple', %(text)s)"),
        (wanted.playable is True, "current_job_id IS NOT NULL"),
        (wanted.playable is False, "current_job_id IS NULL"),
        (wanted.latest_status is not None, "state = %(latest_status)s"),
        (wanted.created_after is not None, "created_at >= %(created_after)s"),
        (wanted.created_before is not None, "created_at < %(created_before)s"),
        (wanted.client is not None, "client = %(client)s"),
    )
    return [condition for asked, condition in possible if asked]
