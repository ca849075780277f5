"""What callers may see of jobs, their outputs and events. Jobs of deleted videos are not seen."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

if TYPE_CHECKING:
    # Only named here: a route that never reaches the database must not load its driver.
    from ledger.database.connection import LedgerConnection

# Of `JobRow`, from a table called j.
COLUMNS: Final = (
    "j.id, j.video_id, j.status, j.stage, j.profile, j.filename, j.content_type, j.declared_size_bytes,"
    " j.declared_sha256, j.source_size_bytes, j.source_bucket, j.source_key, j.source_version_id,"
    " j.attempt, j.fence, j.stage_seconds, j.error_code, j.error_message, j.error_remedy,"
    " j.created_at, j.updated_at, j.uploaded_at, j.started_at, j.finished_at, j.upload_id, j.priority,"
    " j.reused_job_id, j.source_etag, j.publish, j.profile_version,"
    " CASE WHEN j.status = 'QUEUED' THEN j.restore_expected_at END"
)
_VISIBLE: Final = "jobs j JOIN videos v ON v.id = j.video_id AND v.deleted_at IS NULL"
_OUTPUTS: Final = """
    (SELECT coalesce(jsonb_agg(jsonb_build_object(
            'name', o.name, 'kind', o.kind, 'content_type', o.content_type, 'size_bytes', o.size_bytes,
            'sha256', o.sha256, 'width', o.width, 'height', o.height, 'codec', o.codec,
            'bitrate_kbps', o.bitrate_kbps, 'duration_seconds', o.duration_seconds,
            'frame_rate', o.frame_rate, 'details', o.details)
            ORDER BY o.height DESC NULLS LAST, o.name), '[]')
       FROM outputs o WHERE o.job_id = j.id)"""

MAX_QUEUE_POSITION: Final = 1_000
# Two ranges of the index that admission reads, each no longer than what is shown.
_AHEAD: Final = f"""
    (SELECT count(*) FROM (
        SELECT FROM jobs w WHERE w.status = 'QUEUED' AND w.dispatched_at IS NULL
           AND w.restore_expected_at IS NULL AND w.owner = j.owner
           AND {{which}} LIMIT {MAX_QUEUE_POSITION + 1}) ahead)"""  # noqa: S608 -- constants
_QUEUE_POSITION: Final = f"""
    CASE WHEN j.status = 'QUEUED' AND j.dispatched_at IS NULL AND j.restore_expected_at IS NULL THEN
        {_AHEAD.format(which="w.priority > j.priority")}
      + {_AHEAD.format(which="w.priority = j.priority AND (w.queued_at, w.id) <= (j.queued_at, j.id)")}
    END"""


@dataclass(frozen=True, slots=True)
class JobRow:
    """A job as stored; the order of its fields is the order of the columns read.

    Attributes:
        restore_expected_at: While it waits for its source to come out of the archive: when that is expected.
    """

    id: UUID
    video_id: UUID
    status: str
    stage: str | None
    profile: str
    filename: str
    content_type: str | None
    declared_size_bytes: int | None
    declared_sha256: str | None
    source_size_bytes: int | None
    source_bucket: str
    source_key: str
    source_version_id: str | None
    attempt: int
    fence: int
    stage_seconds: dict[str, float]
    error_code: str | None
    error_message: str | None
    error_remedy: str | None
    created_at: datetime
    updated_at: datetime
    uploaded_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    upload_id: str | None
    priority: int
    reused_job_id: UUID | None
    source_etag: str | None
    publish: bool
    profile_version: str | None
    restore_expected_at: datetime | None


@dataclass(frozen=True, slots=True)
class JobDetail:
    """A job with its outputs, each as a plain JSON object.

    Attributes:
        queue_position: Its place among the jobs of its owner that wait for their turn, from 1; None when it
            does not, or when more than MAX_QUEUE_POSITION are ahead.
        overrides: What it asks for beyond its profile, as `Overrides.as_dict` writes it.
        warnings: What was odd about its source, as `JobWarning.as_dict` writes it.
    """

    job: JobRow
    queue_position: int | None
    overrides: dict[str, Any]
    warnings: Sequence[dict[str, Any]]
    outputs: Sequence[dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFilter:
    """Which jobs a list shows; None means any.

    Attributes:
        client: Only those of this client's records.
        profile_version: Only those whose outputs were made, or are ordered, with this version of the profile.
    """

    status: str | None = None
    video_id: UUID | None = None
    client: str | None = None
    profile: str | None = None
    profile_version: str | None = None


@dataclass(frozen=True, slots=True)
class OutputLocation:
    """Where a named output of a job is; key is None when the job has no such output.

    The order of the fields is the order of the columns read.
    """

    status: str
    filename: str
    bucket: str | None
    key: str | None
    content_type: str | None
    size_bytes: int | None


@dataclass(frozen=True, slots=True)
class EventRow:
    """One entry of a job's history; the order of its fields is the order of the columns read."""

    id: int
    type: str
    attempt: int
    at: datetime
    actor: dict[str, Any] | None
    data: dict[str, Any]


def get(conn: "LedgerConnection", job_id: UUID) -> JobDetail | None:
    """A job with its outputs, in one round trip."""
    wanted = f"{COLUMNS}, {_QUEUE_POSITION}, j.overrides, j.warnings, {_OUTPUTS}"
    query = f"SELECT {wanted} FROM {_VISIBLE} WHERE j.id = %s"  # noqa: S608 -- constants
    row = conn.execute(query, [job_id], prepare=True).fetchone()
    if row is None:
        return None
    position = row[-4]
    shown = position if position is not None and position <= MAX_QUEUE_POSITION else None
    return JobDetail(JobRow(*row[:-4]), shown, *row[-3:])


def find(
    conn: "LedgerConnection", wanted: JobFilter, *, after: tuple[datetime, UUID] | None, limit: int
) -> list[JobRow]:
    """Jobs that match, newest first.

    Args:
        conn: An open connection.
        wanted: The filters.
        after: Creation time and id of the last job of the page before.
        limit: Most jobs to return.
    """
    possible = (
        (wanted.status is not None, "j.status = %(status)s"),
        (wanted.video_id is not None, "j.video_id = %(video_id)s"),
        (wanted.profile is not None, "j.profile = %(profile)s"),
        (wanted.profile_version is not None, "j.profile_version = %(profile_version)s"),
        (after is not None, "(j.created_at, j.id) < (%(after_time)s, %(after_id)s)"),
    )
    # Asked of one job after the other in the order of the list, until the page is full. As a join the planner
    # may match all videos with all jobs first and sort the result.
    theirs = "" if wanted.client is None else " AND v.client = %(client)s"
    visible = f"(SELECT v.deleted_at IS NULL{theirs} FROM videos v WHERE v.id = j.video_id)"  # noqa: S608
    conditions = [condition for asked, condition in possible if asked] + [visible]
    query = (
        f"SELECT {COLUMNS} FROM jobs j WHERE {' AND '.join(conditions)}"  # noqa: S608 -- constants
        " ORDER BY j.created_at DESC, j.id DESC LIMIT %(limit)s"
    )
    after_time, after_id = after or (None, None)
    told = {**asdict(wanted), "after_time": after_time, "after_id": after_id, "limit": limit}
    return [JobRow(*row) for row in conn.execute(query, told)]


def of_batch(conn: "LedgerConnection", batch_id: UUID) -> list[JobRow]:
    """The jobs of a batch in the order in which they were given."""
    query = f"SELECT {COLUMNS} FROM {_VISIBLE} WHERE j.batch_id = %s ORDER BY j.ordinal"  # noqa: S608 -- constants
    return [JobRow(*row) for row in conn.execute(query, [batch_id])]


def with_file(conn: "LedgerConnection", video_id: UUID, *, limit: int = 100) -> list[JobRow]:
    """The jobs of a video whose file has arrived: first the one that plays, then from the newest on."""
    query = (
        f"SELECT {COLUMNS} FROM {_VISIBLE} WHERE j.video_id = %s AND j.uploaded_at IS NOT NULL"  # noqa: S608 -- constants
        " ORDER BY (j.id = v.current_job_id) IS TRUE DESC, j.ordinal DESC LIMIT %s"
    )
    return [JobRow(*row) for row in conn.execute(query, [video_id, limit])]


def newest_with_file(conn: "LedgerConnection", video_id: UUID) -> JobRow | None:
    """The newest job of a video whose file has arrived."""
    query = (
        f"SELECT {COLUMNS} FROM jobs j WHERE j.video_id = %s"  # noqa: S608 -- constants
        " AND j.uploaded_at IS NOT NULL ORDER BY j.ordinal DESC LIMIT 1"
    )
    row = conn.execute(query, [video_id]).fetchone()
    return None if row is None else JobRow(*row)


def unfinished_of(conn: "LedgerConnection", video_id: UUID) -> list[JobRow]:
    """The jobs of a video that wait for their upload, are queued or run, held until the transaction ends.

    All at once: who changes a job goes on to its video, and must not be met there with another job to lock.
    """
    query = (
        f"SELECT {COLUMNS} FROM jobs j WHERE j.video_id = %s"  # noqa: S608 -- constants
        " AND j.status IN ('PENDING', 'QUEUED', 'PROCESSING') ORDER BY j.id FOR UPDATE"
    )
    return [JobRow(*row) for row in conn.execute(query, [video_id])]


def find_output(conn: "LedgerConnection", job_id: UUID, name: str) -> OutputLocation | None:
    """Where an output is, with the state of its job; None when there is no such job."""
    query = (
        "SELECT j.status, j.filename, j.output_bucket, o.key, o.content_type, o.size_bytes"  # noqa: S608 -- constants
        f" FROM {_VISIBLE} LEFT JOIN outputs o ON o.job_id = j.id AND o.name = %s WHERE j.id = %s"
    )
    row = conn.execute(query, [name, job_id]).fetchone()
    return None if row is None else OutputLocation(*row)


def events(conn: "LedgerConnection", job_id: UUID, *, after_id: int, limit: int) -> list[EventRow] | None:
    """The history of a job, oldest first; None when there is no such job.

    Args:
        conn: An open connection.
        job_id: The job.
        after_id: Id of the last event of the page before, or 0.
        limit: Most events to return.
    """
    query = (
        f"SELECT e.id, e.type, e.attempt, e.at, e.actor, e.data FROM {_VISIBLE} LEFT JOIN LATERAL ("  # noqa: S608 -- constants
        " SELECT * FROM events WHERE job_id = j.id AND id > %s ORDER BY id LIMIT %s) e ON true"
        " WHERE j.id = %s ORDER BY e.id"
    )
    rows = conn.execute(query, [after_id, limit, job_id]).fetchall()
    if not rows:
        return None
    return [EventRow(*row) for row in rows if row[0] is not None]
