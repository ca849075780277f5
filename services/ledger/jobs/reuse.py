"""Jobs on bytes that were processed before: they complete at once with the outputs that exist.

The outputs' rows are copied and name the same objects. Every row is a claim on its object: whoever removes a
video deletes an object only when no other row names it.
"""

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from ledger.announcements import announcement, outbox
from ledger.database.connection import LedgerConnection
from ledger.jobs import events, job_rows, jobs
from ledger.models import JobWarning, NewJob, OutputRecord, SourceObject
from ledger.overrides import NO_OVERRIDES, Overrides
from ledger.states import JobStatus, Topic

MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reusable:
    """A completed job whose outputs serve another job as well.

    Attributes:
        source: The object that it was made of.
        manifest_key: The last object that its worker wrote, in the output bucket.
    """

    job_id: UUID
    video_id: UUID
    source: SourceObject
    output_bucket: str
    output_prefix: str

    @property
    def manifest_key(self) -> str:
        """The object that was written after all others."""
        return f"{self.output_prefix}{MANIFEST}"


def find(
    conn: LedgerConnection,
    sha256: str,
    profile: str,
    profile_version: str,
    overrides: Overrides = NO_OVERRIDES,
    *,
    client: str | None = None,
) -> Reusable | None:
    """The newest completed job on these bytes with this profile, unless its video is deleted.

    Its video cannot be deleted before this transaction ends. One that is being changed at this moment is
    passed over, because waiting for it could end in a deadlock.

    Args:
        conn: An open connection, inside a transaction.
        sha256: Digest of the source that the processor has checked.
        profile: The processing profile.
        profile_version: Of its settings; outputs of others, or of before versions were kept, do not serve.
        overrides: What the new job asks for beyond it; the earlier one must have asked for the same.
        client: Whose outputs may be taken over; None means anybody's.
    """
    row = conn.execute(
        """
        SELECT j.id, j.video_id, j.source_bucket, j.source_key, j.source_size_bytes, j.source_etag,
               j.source_version_id, j.source_sequencer, j.output_bucket, j.output_prefix
          FROM jobs j JOIN videos v ON v.id = j.video_id AND v.deleted_at IS NULL
         WHERE j.status = 'COMPLETED' AND j.declared_sha256 = %(sha256)s AND j.profile = %(profile)s
           AND j.profile_version = %(profile_version)s AND j.overrides = %(overrides)s
           AND (%(client)s::text IS NULL OR v.client = %(client)s)
         ORDER BY j.ordinal DESC LIMIT 1 FOR SHARE OF v SKIP LOCKED
        """,
        {
            "sha256": sha256,
            "profile": profile,
            "profile_version": profile_version,
            "overrides": Jsonb(overrides.as_dict()),
            "client": client,
        },
    ).fetchone()
    if row is None:
        return None
    source = SourceObject(
        bucket=row[2],
        key=row[3],
        size_bytes=row[4],
        etag=row[5],
        version_id=row[6],
        sequencer=row[7],
    )
    return Reusable(job_id=row[0], video_id=row[1], source=source, output_bucket=row[8], output_prefix=row[9])


def create_completed_job(conn: LedgerConnection, new: NewJob, known: Reusable, *, stack: str) -> None:
    """Stores a job that is COMPLETED from its first moment, with its outputs, event and announcement.

    Args:
        conn: An open connection, inside the transaction that found `known`.
        new: The job as it was ordered; its source is that of `known`.
        known: Where the outputs come from.
        stack: Name of the deployment, for the announcement.
    """
    taken = replace(new, source_bucket=known.source.bucket, source_key=known.source.key)
    jobs.insert(conn, taken, JobStatus.QUEUED, None, known.source)
    _copy_outputs(conn, known.job_id, new.id)
    job, warnings = job_rows.lock(conn, new.id), _warnings(conn, known.job_id)
    told = announcement.completion(
        job_rows.facts(conn, job, stack),
        _outputs(conn, new.id),
        {},
        f"s3://{known.output_bucket}/{known.output_prefix}",
        [JobWarning.from_dict(warning) for warning in warnings],
    )
    conn.execute(
        """
        UPDATE jobs SET status = 'COMPLETED', output_bucket = %s, output_prefix = %s, reused_job_id = %s,
               warnings = %s, announcement = %s, announcement_route = 'OUTBOX', finished_at = now(),
               updated_at = now()
         WHERE id = %s
        """,
        (
            known.output_bucket,
            known.output_prefix,
            known.job_id,
            Jsonb(warnings),
            Jsonb(told.as_dict()),
            new.id,
        ),
    )
    _copy_technical(conn, known.job_id, new.id)
    job_rows.choose_playing(conn, job.video_id)
    _describe_what_does_not_play(conn, new.id, job.video_id)
    told_event = {
        "output_prefix": known.output_prefix,
        "reused_job_id": str(known.job_id),
        "warnings": [warning["code"] for warning in warnings],
    }
    events.record(conn, job_id=new.id, attempt=1, fence=0, event_type="job.completed", data=told_event)
    outbox.enqueue(conn, new.id, Topic.COMPLETION, told)


def _copy_outputs(conn: LedgerConnection, from_job_id: UUID, to_job_id: UUID) -> None:
    conn.execute(
        """
        INSERT INTO outputs (job_id, fence, name, kind, key, content_type, size_bytes, sha256, width, height,
               codec, bitrate_kbps, duration_seconds, frame_rate, details)
        SELECT %s, 0, name, kind, key, content_type, size_bytes, sha256, width, height,
               codec, bitrate_kbps, duration_seconds, frame_rate, details
          FROM outputs WHERE job_id = %s
        """,
        (to_job_id, from_job_id),
    )


def _outputs(conn: LedgerConnection, job_id: UUID) -> list[OutputRecord]:
    with conn.cursor(row_factory=dict_row) as cursor:
        rows: list[dict[str, Any]] = cursor.execute(
            """
            SELECT name, kind, key, content_type, size_bytes, sha256, width, height, codec, bitrate_kbps,
                   duration_seconds, frame_rate, details
              FROM outputs WHERE job_id = %s ORDER BY name
            """,
            (job_id,),
        ).fetchall()
    return [OutputRecord(**row) for row in rows]


def _warnings(conn: LedgerConnection, job_id: UUID) -> list[dict[str, Any]]:
    """What was odd about the source is so in every job on the same bytes."""
    row = conn.execute("SELECT warnings FROM jobs WHERE id = %s", (job_id,)).fetchone()
    return row[0] if row else []


def _copy_technical(conn: LedgerConnection, from_job_id: UUID, to_job_id: UUID) -> None:
    conn.execute(
        """
        UPDATE jobs SET technical = known.technical
          FROM (SELECT coalesce(j.technical, v.technical) AS technical
                  FROM jobs j JOIN videos v ON v.id = j.video_id WHERE j.id = %s) known
         WHERE jobs.id = %s
        """,
        (from_job_id, to_job_id),
    )


def _describe_what_does_not_play(conn: LedgerConnection, job_id: UUID, video_id: UUID) -> None:
    """As a worker does once it has probed the source."""
    conn.execute(
        """
        UPDATE videos v SET technical = j.technical FROM jobs j
         WHERE j.id = %s AND v.id = %s AND v.current_job_id IS NULL AND j.technical IS NOT NULL
        """,
        (job_id, video_id),
    )
