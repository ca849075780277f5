"""How objects that arrive in the ingest bucket become queued jobs, whatever order their events come in."""

import json
from dataclasses import asdict, dataclass
from pathlib import PurePosixPath
from uuid import UUID, uuid4, uuid5

from ledger.database.connection import LedgerConnection
from ledger.errors import InvalidRecordError
from ledger.jobs import events, job_rows, jobs
from ledger.models import Job, NewJob, SourceObject
from ledger.states import BUCKET_OWNER, JobStatus
from ledger.videos import videos

DEFAULT_PROFILE = "web"
ASSET_PREFIX = "assets/"
"""Keys that begin like this hold what jobs use, for example watermarks, and are no sources of jobs."""
_BUCKET_JOBS = UUID("9c0c5a3b-6f0b-5f5e-9a4e-2f6d5d1f7c11")
_MAX_FILENAME_CHARACTERS = 255
_SEQUENCER_CHARACTERS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketJob:
    """The job of a dropped file, and whether this call made it."""

    job: Job
    created: bool


def create_bucket_job(
    conn: LedgerConnection,
    source: SourceObject,
    *,
    profile: str = DEFAULT_PROFILE,
    profile_version: str | None = None,
) -> BucketJob | None:
    """Makes the one QUEUED job of a file dropped into the bucket, and its video at the first version.

    Repeats of the event find the job that the first one made.

    Returns:
        The job, or None when a newer version of the key is known already.

    Raises:
        InvalidRecordError: The event tells neither a version nor an entity tag.
    """
    identity = _identity(source)
    job_id = uuid5(_BUCKET_JOBS, json.dumps([source.bucket, source.key, identity]))
    with conn.transaction():
        # All versions of a key wait here for each other, so that "newer" and "first" have a meaning.
        videos.lock_source(conn, source.bucket, source.key)
        known = job_rows.find(conn, job_id)
        if known is not None:
            return BucketJob(job=known, created=False)
        if _newer_version_known(conn, source):
            return None
        filename = _filename(source.key)
        new = NewJob(
            id=job_id,
            video_id=_video_of_key(conn, source, filename),
            owner=BUCKET_OWNER,
            profile=profile,
            profile_version=profile_version,
            filename=filename,
            source_bucket=source.bucket,
            source_key=source.key,
        )
        jobs.insert(conn, new, JobStatus.QUEUED, identity, source)
        return BucketJob(job=job_rows.lock(conn, job_id), created=True)


def mark_uploaded(conn: LedgerConnection, job_id: UUID, source: SourceObject) -> Job:
    """Takes note of the upload: PENDING becomes QUEUED.

    Until the first claim, a newer version replaces an older one. Repeats, older versions and uploads that
    come too late change nothing, except that an expired or cancelled job learns that its source is there and
    can be retried.

    Raises:
        JobNotFoundError: No such job.
        InvalidRecordError: The object is not this job's source.
    """
    with conn.transaction():
        job = job_rows.lock(conn, job_id)
        if (job.source_bucket, job.source_key) != (source.bucket, source.key):
            message = (
                f"job {job_id} expects {job.source_bucket}/{job.source_key}, got {source.bucket}/{source.key}"
            )
            raise InvalidRecordError(message)
        newer = _order(source.sequencer) > _order(job.source_sequencer)
        if job.uploaded_at is not None and not (job.status is JobStatus.QUEUED and job.fence == 0 and newer):
            return job
        conn.execute(
            """
            UPDATE jobs SET source_version_id = %(version_id)s, source_etag = %(etag)s,
                   source_sequencer = %(sequencer)s, source_size_bytes = %(size_bytes)s,
                   uploaded_at = coalesce(uploaded_at, now()), updated_at = now(),
                   restore_expected_at = NULL, source_readable_until = NULL,
                   queued_at = CASE WHEN status = 'PENDING' THEN now() ELSE queued_at END,
                   status = CASE WHEN status = 'PENDING' THEN 'QUEUED' ELSE status END
             WHERE id = %(job_id)s
            """,
            {**asdict(source), "job_id": job_id},
        )
        told = {"size_bytes": source.size_bytes, "version_id": source.version_id}
        events.record(
            conn, job_id=job_id, attempt=job.attempt, fence=job.fence, event_type="job.uploaded", data=told
        )
        return job_rows.lock(conn, job_id)


def _identity(source: SourceObject) -> str:
    if source.version_id and source.version_id != "null":
        return source.version_id
    if source.etag:
        return f"{source.etag}:{source.sequencer or ''}"
    message = (
        f"{source.bucket}/{source.key}: an event needs a version id or an entity tag to be told from others"
    )
    raise InvalidRecordError(message)


def _order(sequencer: str | None) -> str:
    """S3's rule: pad the shorter hexadecimal string on the right, then compare as text."""
    return sequencer.lower().ljust(_SEQUENCER_CHARACTERS, "0") if sequencer else ""


def _newer_version_known(conn: LedgerConnection, source: SourceObject) -> bool:
    rows = conn.execute(
        """
        SELECT source_sequencer FROM jobs
         WHERE source_bucket = %s AND source_key = %s AND source_identity <> ''
        """,
        (source.bucket, source.key),
    ).fetchall()
    known = max((_order(row[0]) for row in rows), default="")
    return bool(source.sequencer) and known > _order(source.sequencer)


def _video_of_key(conn: LedgerConnection, source: SourceObject, filename: str) -> UUID:
    row = conn.execute(
        # Locked, so that it cannot be deleted before its job exists.
        "SELECT id FROM videos WHERE source_bucket = %s AND source_key = %s AND deleted_at IS NULL"
        " FOR UPDATE",
        (source.bucket, source.key),
    ).fetchone()
    if row is not None:
        return UUID(str(row[0]))
    video_id = uuid4()
    conn.execute(
        "INSERT INTO videos (id, title, source_bucket, source_key) VALUES (%s, %s, %s, %s)",
        (video_id, PurePosixPath(filename).stem or filename, source.bucket, source.key),
    )
    return video_id


def _filename(key: str) -> str:
    name = "".join(char for char in key.rsplit("/", 1)[-1] if char.isprintable()).strip()
    return name[-_MAX_FILENAME_CHARACTERS:] or "unnamed"
