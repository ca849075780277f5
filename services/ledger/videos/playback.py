"""The outputs that a player reads: those of a video's current job, or of one job that was current once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from ledger.states import JobStatus

if TYPE_CHECKING:
    # Only named here: a route that never reaches the database must not load its driver.
    from ledger.database.connection import LedgerConnection

_FILES: Final = """
    SELECT j.id, j.output_bucket, coalesce(
           (SELECT jsonb_agg(jsonb_build_object(
                   'name', o.name, 'kind', o.kind, 'key', o.key, 'content_type', o.content_type,
                   'width', o.width, 'height', o.height, 'codec', o.codec,
                   'bitrate_kbps', o.bitrate_kbps, 'frame_rate', o.frame_rate,
                   'duration_seconds', o.duration_seconds) ORDER BY o.height DESC NULLS LAST, o.name)
              FROM outputs o WHERE o.job_id = j.id), '[]')
      FROM videos v LEFT JOIN jobs j ON {which}
     WHERE v.id = %(video_id)s AND v.deleted_at IS NULL"""
_OF_VIDEO: Final = _FILES.format(which="j.id = v.current_job_id")
_OF_JOB: Final = _FILES.format(which="j.video_id = v.id AND j.id = %(job_id)s AND j.status = %(completed)s")


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

    @property
    def file_name(self) -> str:
        """What playlists call it."""
        return self.key.rsplit("/", 1)[-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Playable:
    """All outputs of one completed job, the largest picture first."""

    job_id: UUID
    bucket: str
    files: Sequence[PlayableFile]

    def named(self, name: str) -> PlayableFile | None:
        """The output with this name."""
        return next((file for file in self.files if file.name == name), None)

    def by_file_name(self) -> Mapping[str, PlayableFile]:
        """The outputs as playlists call them."""
        return {file.file_name: file for file in self.files}


class NothingToPlayError(LookupError):
    """The video exists and has no completed job."""


def of_video(conn: "LedgerConnection", video_id: UUID) -> Playable | None:
    """The outputs of a video's current job; None when there is no such video.

    Raises:
        NothingToPlayError: No job of the video has completed.
    """
    return _read(conn.execute(_OF_VIDEO, {"video_id": video_id}).fetchone())


def of_job(conn: "LedgerConnection", video_id: UUID, job_id: UUID) -> Playable | None:
    """The outputs of one completed job of a video; None when there is no such video.

    Raises:
        NothingToPlayError: The video has no such job, or it has not completed.
    """
    parameters = {"video_id": video_id, "job_id": job_id, "completed": JobStatus.COMPLETED}
    return _read(conn.execute(_OF_JOB, parameters).fetchone())


def _read(row: tuple[Any, ...] | None) -> Playable | None:
    if row is None:
        return None
    job_id, bucket, files = row
    if job_id is None:
        raise NothingToPlayError
    return Playable(job_id=job_id, bucket=bucket, files=[PlayableFile(**file) for file in files])
