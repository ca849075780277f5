"""The outputs that a player reads: those of a video's current job, or of any one that has completed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from ledger.states import JobStatus

if TYPE_CHECKING:
    # Only named here: a route that never reaches the database must not load its driver.
    from ledger.database.connection import LedgerConnection

_FILE: Final = """
    jsonb_build_object(
        'name', o.name, 'kind', o.kind, 'key', o.key, 'content_type', o.content_type,
        'width', o.width, 'height', o.height, 'codec', o.codec, 'bitrate_kbps', o.bitrate_kbps,
        'frame_rate', o.frame_rate, 'duration_seconds', o.duration_seconds,
        'language', o.details ->> 'language')"""
# Of each kind all that the job made itself, else those of the newest other job that shows the same: one on
# the same version of the source with the same trim.
_COMPANIONS: Final = f"""
    SELECT coalesce(jsonb_agg(shown.file ORDER BY shown.name), '[]') FROM (
        SELECT {_FILE} AS file, o.name, rank() OVER (
                   PARTITION BY o.kind ORDER BY (k.id = j.id) DESC, k.ordinal DESC) AS place
          FROM jobs k JOIN outputs o ON o.job_id = k.id
         WHERE k.video_id = j.video_id AND k.status = 'COMPLETED'
           AND o.kind IN ('poster', 'sprite', 'scrub', 'subtitles')
           AND (k.id = j.id
                OR (k.source_bucket, k.source_key) = (j.source_bucket, j.source_key)
               AND k.source_version_id IS NOT DISTINCT FROM j.source_version_id
               AND (k.source_version_id IS NOT NULL OR k.source_etag IS NOT DISTINCT FROM j.source_etag)
               AND k.overrides -> 'trim' IS NOT DISTINCT FROM j.overrides -> 'trim')) shown
     WHERE shown.place = 1"""  # noqa: S608 -- constants
_FILES: Final = f"""
    SELECT j.id, v.id, j.status, j.output_bucket, coalesce(
           (SELECT jsonb_agg({_FILE} ORDER BY o.height DESC NULLS LAST, o.name)
              FROM outputs o WHERE o.job_id = j.id), '[]'), ({_COMPANIONS})
      FROM videos v"""  # noqa: S608 -- constants
_OF_VIDEO: Final = _FILES + (
    " LEFT JOIN jobs j ON j.id = v.current_job_id WHERE v.id = %(video_id)s AND v.deleted_at IS NULL"
)
_OF_JOB: Final = _FILES + (
    " JOIN jobs j ON j.video_id = v.id WHERE j.id = %(job_id)s AND v.deleted_at IS NULL"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayableFile:
    """One output, with what a player or a person may want to know of it."""

    name: str
    kind: str
    key: str
    content_type: str
    width: int | None
    height: int | None
    codec: str | None
    bitrate_kbps: float | None
    frame_rate: float | None
    duration_seconds: float | None
    language: str | None

    @property
    def file_name(self) -> str:
        """What playlists call it."""
        return self.key.rsplit("/", 1)[-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Playable:
    """All outputs of one completed job, the largest picture first.

    Attributes:
        companions: Poster, sprite, scrub track and subtitles: its own, else those of the newest job that
            shows the same. All lie in the job's bucket.
    """

    job_id: UUID
    video_id: UUID
    bucket: str
    files: Sequence[PlayableFile]
    companions: Sequence[PlayableFile]

    def named(self, name: str) -> PlayableFile | None:
        """The output with this name."""
        return next((file for file in self.files if file.name == name), None)

    def companion(self, kind: str) -> PlayableFile | None:
        """The first companion of a kind, of which there is usually one."""
        return next((file for file in self.companions if file.kind == kind), None)

    def by_file_name(self) -> Mapping[str, PlayableFile]:
        """The outputs as playlists call them."""
        return {file.file_name: file for file in self.files}


class NothingToPlayError(LookupError):
    """The video exists and no job of it plays, or the job has not completed."""


def of_video(conn: "LedgerConnection", video_id: UUID) -> Playable | None:
    """The outputs of a video's current job; None when there is no such video.

    Raises:
        NothingToPlayError: No job of the video plays.
    """
    return _read(conn.execute(_OF_VIDEO, {"video_id": video_id}).fetchone())


def of_job(conn: "LedgerConnection", job_id: UUID) -> Playable | None:
    """The outputs of one completed job, whether it plays or not; None when there is no such job.

    Raises:
        NothingToPlayError: It has not completed.
    """
    return _read(conn.execute(_OF_JOB, {"job_id": job_id}).fetchone())


def _read(row: tuple[Any, ...] | None) -> Playable | None:
    if row is None:
        return None
    job_id, video_id, status, bucket, files, companions = row
    if status != JobStatus.COMPLETED:
        raise NothingToPlayError
    return Playable(
        job_id=job_id,
        video_id=video_id,
        bucket=bucket,
        files=[PlayableFile(**file) for file in files],
        companions=[PlayableFile(**file) for file in companions],
    )
