"""New jobs: checked against this deployment first, then stored as video and job."""

from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from ledger.access import owners
from ledger.errors import QueueFullError
from ledger.models import ArchivedSource, NewJob
from ledger.overrides import NO_OVERRIDES
from ledger.states import JobStatus
from ledger.videos import sidecars, videos
from ledger.videos.sidecars import NewSidecar, TooManyTracksError
from ledger.videos.videos import VideoDraft
from metadata_api.access.access import Access
from metadata_api.environment import multipart
from metadata_api.http.problems import Problem, ProblemCode, field_problem, not_found
from metadata_api.jobs.again import find_earlier
from metadata_api.jobs.archived import refuse_archived, wait_if_restoring
from metadata_api.jobs.drafts import JobDraft, filename_of_key, new_job, new_video
from metadata_api.jobs.overrides import check_overrides
from metadata_api.jobs.sources import check_size, find_source, is_present, source_not_found
from metadata_api.models.jobs import AnyJobBody, SourceJobBody, UploadJobBody
from metadata_api.playback.subtitles import new_sidecar
from metadata_api.settings import CreationSettings
from runtime.archive import READABLE

if TYPE_CHECKING:
    from ledger.database.connection import LedgerConnection
    from ledger.jobs.job_queries import JobRow
    from profiles import Profile

# What checking and storing an draft can end with.
CREATION_PROBLEMS = (
    ProblemCode.VALIDATION_FAILED,
    ProblemCode.SOURCE_NOT_ALLOWED,
    ProblemCode.SOURCE_NOT_FOUND,
    ProblemCode.SOURCE_ARCHIVED,
    ProblemCode.SOURCE_GONE,
    ProblemCode.SOURCE_NOT_UPLOADED,
    ProblemCode.SUBTITLES_REFUSED,
    ProblemCode.VIDEO_NOT_FOUND,
    ProblemCode.IDEMPOTENT_RESULT_GONE,
    ProblemCode.BODY_TOO_LARGE,
    ProblemCode.UPLOAD_TOO_LARGE,
    ProblemCode.UNSUPPORTED_MEDIA_TYPE,
    ProblemCode.IDEMPOTENCY_KEY_REUSED,
    ProblemCode.QUEUE_FULL,
    ProblemCode.UPSTREAM_UNAVAILABLE,
)


def draft_job(body: AnyJobBody, access: Access, settings: CreationSettings) -> JobDraft:
    """What is ordered, if this deployment can do it.

    Args:
        body: What is asked for.
        access: Who asks.
        settings: Of this deployment.

    Raises:
        Problem: Names the field that this deployment cannot satisfy.
    """
    # The profile files are read at the first job only, not by every cold start.
    from profiles import version_of

    profile = _check_profile(body)
    if body.video_id is not None and body.metadata is not None:
        raise field_problem("metadata", "cannot be given with video_id; change the record with PATCH instead")
    if isinstance(body, UploadJobBody):
        check_size(body.size_bytes, settings)
        _check_single(body)
        if body.deduplicate and body.sha256 is None:
            raise field_problem("deduplicate", "needs sha256, by which the same bytes are known")
        source, filename, availability = None, body.filename, READABLE
    else:
        if isinstance(body, SourceJobBody):
            access.check_source(body.source.bucket, body.source.key, source_not_found(body.source.bucket))
            found, filename = find_source(body.source, settings), filename_of_key(body.source.key)
        else:
            found, filename = find_earlier(body, access, settings)
        source, availability = found.source, found.availability
    overrides = check_overrides(body, profile, settings)
    return JobDraft(
        access=access,
        body=body,
        source=source,
        filename=filename,
        overrides=overrides,
        availability=availability,
        profile_version=version_of(profile),
        subtitles=_clean_subtitles(body),
    )


def _clean_subtitles(body: AnyJobBody) -> tuple[NewSidecar, ...]:
    tracks = []
    for position, track in enumerate(body.subtitles):
        try:
            tracks.append(new_sidecar(track.name, track))
        except Problem as problem:
            raise problem.within(f"subtitles.{position}") from problem
    return tuple(tracks)


def make_job(
    conn: "LedgerConnection",
    draft: JobDraft,
    job_id: UUID,
    settings: CreationSettings,
    *,
    batch_id: UUID | None = None,
    execution_arn: str | None = None,
) -> "JobRow | None":
    """Stores video and job; inside a transaction unless the draft `is_one_statement`.

    Args:
        conn: An open connection.
        draft: What to make.
        job_id: Id of the new job.
        settings: Of this deployment.
        batch_id: The batch that it belongs to.
        execution_arn: The execution that it was ordered by, which will run it.

    Returns:
        The new job; None when it has its outputs already, from an earlier one.

    Raises:
        Problem: VIDEO_NOT_FOUND, NOT_YOURS, or SOURCE_ARCHIVED.
    """
    # Loads the database driver; by now the connection has done so.
    from ledger.jobs import jobs

    video_id, video = draft.body.video_id, None
    if video_id is None:
        video_id, video = uuid4(), new_video(draft)
    else:
        _hold_video(conn, draft.access, video_id)
    publish = video is not None or draft.overrides.trim is None or not videos.has_job(conn, video_id)
    new = new_job(job_id, video_id, draft, settings.ingest_bucket, batch_id, publish=publish)
    new = replace(new, execution_arn=execution_arn)
    made = None
    if draft.source is not None:
        place = ArchivedSource.at(draft.source.bucket, draft.source.key, draft.source.version_id)
        refuse_archived(conn, place, draft.availability)
        made = jobs.insert(conn, new, JobStatus.QUEUED, None, draft.source, video=video)
        wait_if_restoring(conn, job_id, place, draft.availability, settings)
    elif not _answer_with_known_outputs(conn, draft, new, settings.stack, video):
        upload_id = _begin_parts(draft.body, new)
        waiting = new if upload_id is None else replace(new, upload_id=upload_id)
        made = jobs.insert(conn, waiting, JobStatus.PENDING, jobs.UPLOAD_IDENTITY, None, video=video)
    jobs.store_overrides(conn, job_id, draft.overrides)
    for track in draft.subtitles:
        _put_subtitles(conn, new.video_id, track)
    return made


def _hold_video(conn: "LedgerConnection", access: Access, video_id: UUID) -> None:
    """Locks the record, so that it cannot be deleted before its job exists."""
    missing = not_found(ProblemCode.VIDEO_NOT_FOUND, str(video_id))
    access.check_owner(owners.of_video(conn, video_id), missing, changes=True)
    if videos.lock(conn, video_id) is None:
        raise missing


def _put_subtitles(conn: "LedgerConnection", video_id: UUID, track: NewSidecar) -> None:
    try:
        sidecars.put(conn, video_id, track)
    except TooManyTracksError as error:
        raise field_problem("subtitles", str(error), ProblemCode.SUBTITLES_REFUSED) from error


def is_one_statement(draft: JobDraft) -> bool:
    """Whether storing the draft is one statement: a transaction by itself, after which nothing is to be read.

    What starts at once has a place in the queue, and the like.
    """
    shared = isinstance(draft.body, UploadJobBody) and draft.body.deduplicate
    plain = draft.overrides == NO_OVERRIDES and not draft.subtitles
    return draft.body.video_id is None and draft.source is None and not shared and plain


def _answer_with_known_outputs(
    conn: "LedgerConnection", draft: JobDraft, new: NewJob, stack: str, video: VideoDraft | None
) -> bool:
    """Completes the job with the outputs of an earlier one on the same bytes, if asked for and possible."""
    if not (isinstance(draft.body, UploadJobBody) and draft.body.deduplicate and draft.body.sha256):
        return False
    from ledger.jobs import reuse

    known = reuse.find(
        conn,
        draft.body.sha256,
        new.profile,
        draft.profile_version,
        draft.overrides,
        client=draft.access.reuses_of,
    )
    # The ledger knows of every deletion of its own, but not of what somebody does in the bucket.
    if known is None or not is_present(known.output_bucket, known.manifest_key, None):
        return False
    if video is not None:
        videos.create(conn, new.video_id, video, new.owner)
    reuse.create_completed_job(conn, new, known, stack=stack)
    return True


def refuse_when_full(conn: "LedgerConnection", owner: str, adding: int, max_waiting_jobs: int) -> None:
    """Takes no more drafts of a client while too many of its jobs have not begun.

    Args:
        conn: An open connection.
        owner: The client.
        adding: How many jobs are about to be made.
        max_waiting_jobs: Most that may wait at a time.

    Raises:
        Problem: QUEUE_FULL.
    """
    from ledger.turns import admission

    try:
        admission.check_room(conn, owner, adding, max_waiting_jobs)
    except QueueFullError as error:
        raise Problem(ProblemCode.QUEUE_FULL, str(error)) from error


def _check_single(body: UploadJobBody) -> None:
    if body.upload == "single" and body.size_bytes > multipart.MAX_SINGLE_UPLOAD_BYTES:
        limit = multipart.MAX_SINGLE_UPLOAD_BYTES
        raise field_problem("upload", f"files of more than {limit} bytes have to be uploaded in parts")


def _begin_parts(body: AnyJobBody, new: NewJob) -> str | None:
    """Opens the multipart upload of a large file, once it is sure that the file is to be uploaded."""
    if not (isinstance(body, UploadJobBody) and _in_parts(body)):
        return None
    return multipart.begin(new.source_bucket, new.source_key, body.content_type)


def _in_parts(body: UploadJobBody) -> bool:
    if body.upload is not None:
        return body.upload == "multipart"
    return body.size_bytes >= multipart.MULTIPART_FROM_BYTES


def _check_profile(body: AnyJobBody) -> "Profile":
    from profiles import UnknownProfileError, get_profile

    try:
        return get_profile(body.profile)
    except UnknownProfileError as error:
        raise field_problem("profile", str(error)) from error
