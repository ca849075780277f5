"""Turns rows of the ledger into what callers see."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, cast
from urllib.parse import quote
from uuid import UUID

from ledger.access.record_events import RecordEvent
from ledger.jobs.job_queries import EventRow, JobDetail, JobRow
from ledger.states import ErrorCode, JobStatus
from ledger.videos.videos import NO_JOB, Video
from metadata_api.environment.live_progress import LiveProgress, Progress
from metadata_api.http.responses import optional_timestamp, timestamp
from metadata_api.models.access import ActorView, RecordEventView
from metadata_api.models.jobs import EventView, JobError, JobSummary, JobView, OutputView
from metadata_api.models.records import LatestJob, RecordView, SourceView, VideoState, WarningView

_NOT_STARTED = frozenset({JobStatus.PENDING, JobStatus.QUEUED})


def record_view(video: Video) -> RecordView:
    """A record as callers read it."""
    return RecordView(
        video_id=str(video.id),
        client=video.client,
        title=video.title,
        description=video.description,
        tags=video.tags,
        language=video.language,
        attributes=video.attributes,
        technical=video.technical,
        warnings=_warnings(video.warnings),
        source=cast(SourceView | None, video.source),
        state=_state(video),
        latest_job=cast(LatestJob, "NONE" if video.latest_status == NO_JOB else video.latest_status),
        version=video.version,
        latest_job_id=_optional_id(video.latest_job_id),
        current_job_id=_optional_id(video.current_job_id),
        pinned_job_id=_optional_id(video.pinned_job_id),
        created_at=timestamp(video.created_at),
        updated_at=timestamp(video.updated_at),
        deleted_at=optional_timestamp(video.deleted_at),
        purge_at=None,
    )


def deleted_record_view(video: Video, retention_days: int) -> RecordView:
    """A record that is deleted, with the time from which on its content can go.

    Args:
        video: The stored record.
        retention_days: How long the content of deleted videos is kept.
    """
    view = record_view(video)
    if video.deleted_at is not None:
        view["purge_at"] = timestamp(video.purge_after or video.deleted_at + timedelta(days=retention_days))
    return view


def live_progress(board: LiveProgress, jobs: Sequence[JobRow]) -> Mapping[UUID, Progress]:
    """What the workers of running jobs report; reports of superseded workers are left out."""
    running = {job.id: job.fence for job in jobs if job.status == JobStatus.PROCESSING}
    reports = board.read(list(running))
    return {job_id: report for job_id, report in reports.items() if report.fence == running[job_id]}


def job_summary(job: JobRow, live: Progress | None) -> JobSummary:
    """A job as lists show it."""
    return JobSummary(
        job_id=str(job.id),
        video_id=str(job.video_id),
        status=JobStatus(job.status),
        waiting_reason=None if job.restore_expected_at is None else "waiting_for_restore",
        waiting_until=optional_timestamp(job.restore_expected_at),
        stage=live.stage if live else job.stage,
        progress_percent=_percent(job, live),
        fps=live.fps if live else None,
        eta_seconds=live.eta_seconds if live else None,
        priority=job.priority,
        profile=job.profile,
        profile_version=job.profile_version,
        publish=job.publish,
        filename=job.filename,
        source=SourceView(
            bucket=job.source_bucket,
            key=job.source_key,
            version_id=job.source_version_id,
            etag=job.source_etag,
        ),
        size_bytes=job.declared_size_bytes if job.source_size_bytes is None else job.source_size_bytes,
        attempt=job.attempt,
        error=_error(job),
        created_at=timestamp(job.created_at),
        updated_at=timestamp(job.updated_at),
        uploaded_at=optional_timestamp(job.uploaded_at),
        started_at=optional_timestamp(job.started_at),
        finished_at=optional_timestamp(job.finished_at),
    )


def job_view(detail: JobDetail, live: Progress | None) -> JobView:
    """A job with everything that callers may know of it."""
    return JobView(
        **job_summary(detail.job, live),
        queue_position=detail.queue_position,
        reused_job_id=_optional_id(detail.job.reused_job_id),
        overrides=detail.overrides,
        warnings=_warnings(detail.warnings),
        stage_seconds=detail.job.stage_seconds,
        outputs=[_output_view(detail.job.id, output) for output in detail.outputs],
    )


def event_view(event: EventRow) -> EventView:
    """One entry of a job's history."""
    return EventView(
        event_id=event.id,
        type=event.type,
        attempt=event.attempt,
        at=timestamp(event.at),
        actor=cast(ActorView | None, event.actor),
        data=event.data,
    )


def record_event_view(event: RecordEvent) -> RecordEventView:
    """One entry of a record's history."""
    return RecordEventView(
        event_id=event.id,
        type=event.type,
        at=timestamp(event.at),
        actor=cast(ActorView | None, event.actor),
        data=event.data,
    )


def _output_view(job_id: UUID, output: dict[str, Any]) -> OutputView:
    path = f"/jobs/{job_id}/download/{quote(output['name'], safe='')}"
    return cast(OutputView, {**output, "download": path})


def _state(video: Video) -> VideoState:
    if video.deleted_at is not None:
        return "deleted"
    return "none" if video.current_job_id is None else "playable"


def _warnings(stored: Sequence[dict[str, Any]]) -> list[WarningView]:
    return [cast(WarningView, warning) for warning in stored]


def _percent(job: JobRow, live: Progress | None) -> float | None:
    if job.status == JobStatus.COMPLETED:
        return 100.0
    if job.status in _NOT_STARTED:
        return 0.0
    return round(live.percent, 1) if live else None


def _error(job: JobRow) -> JobError | None:
    if job.error_code is None:
        return None
    return JobError(code=ErrorCode(job.error_code), message=job.error_message or "", remedy=job.error_remedy)


def _optional_id(value: UUID | None) -> str | None:
    return None if value is None else str(value)
