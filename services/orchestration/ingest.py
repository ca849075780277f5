"""Function `ingest`: turns objects that arrived in the ingest bucket into running jobs.

It also wakes the jobs that wait for an original when that has come out of the archive.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from botocore.exceptions import ClientError

from ledger.announcements.announcement import format_bytes
from ledger.database.connection import ConnectionKeeper, LedgerConnection
from ledger.errors import JobNotFoundError
from ledger.jobs import arrivals, failures, settlement
from ledger.models import ArchivedSource, Failure, Job, SourceObject
from ledger.states import ErrorCode, JobStatus
from ledger.turns import restores
from orchestration.originals import mark_original
from orchestration.settings import IngestSettings
from runtime import archive, clients, database
from runtime.archive import Access, Availability
from runtime.arrival import UPLOAD_KEY, Arrival, InvalidEventError, is_source, read_arrivals
from runtime.dispatch import Workflow, start_waiting
from runtime.logs import logger
from runtime.partial_batch import take_each

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What the function works with."""

    settings: IngestSettings
    keeper: ConnectionKeeper
    s3: "S3Client"
    workflow: Workflow


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Lambda entry point for a batch from the ingest queue."""
    settings = IngestSettings.from_environment()
    services = Services(
        settings=settings,
        keeper=database.ledger(settings),
        s3=clients.s3(),
        workflow=Workflow(
            client=clients.stepfunctions,
            state_machine_arn=settings.state_machine_arn,
            max_running_jobs=settings.max_running_jobs,
        ),
    )
    return take_batch(event["Records"], services)


def take_batch(records: list[dict[str, Any]], services: Services) -> dict[str, Any]:
    """Takes each message on its own; gives Lambda's partial batch response."""
    return take_each(records, lambda body: _take_message(body, services), failure="message_failed")


def _take_message(body: str, services: Services) -> None:
    for arrival in read_arrivals(body):
        if arrival.bucket != services.settings.ingest_bucket:
            message = f"expected bucket {services.settings.ingest_bucket}, got {arrival.bucket}"
            raise InvalidEventError(message)
        if not is_source(arrival.key):
            continue
        found = _inspect(services.s3, arrival)
        if found is not None:
            take = _take_restored if arrival.restored else _take_object
            with services.keeper.connection() as conn:
                take(conn, *found, services)


def _inspect(s3: "S3Client", arrival: Arrival) -> tuple[SourceObject, Availability] | None:
    """Looks at the object itself: events tell no reliable size, and it may be gone or replaced by now."""
    version = {"VersionId": arrival.version_id} if arrival.version_id else {}
    try:
        head = s3.head_object(Bucket=arrival.bucket, Key=arrival.key, **version)  # type: ignore[arg-type]
    except ClientError as error:
        if error.response["Error"]["Code"] in {"404", "NoSuchKey", "NoSuchVersion"}:
            logger().warning("object_gone", extra={"key": arrival.key, "version_id": arrival.version_id})
            return None
        raise
    etag = head["ETag"].strip('"')
    if arrival.etag and etag != arrival.etag:
        # Overwritten in an unversioned bucket: the newer object has an event of its own.
        logger().info("object_replaced", extra={"key": arrival.key})
        return None
    version_id = arrival.version_id or head.get("VersionId")  # a notification may leave it out
    source = SourceObject(
        bucket=arrival.bucket,
        key=arrival.key,
        size_bytes=head["ContentLength"],
        etag=etag,
        version_id=None if version_id == "null" else version_id,
        sequencer=arrival.sequencer,
    )
    return source, archive.availability(head)


def _take_object(
    conn: LedgerConnection, source: SourceObject, standing: Availability, services: Services
) -> None:
    job = _find_or_make_job(conn, source)
    if job is None:
        return
    refusal = _refusal(job, standing, services.settings)
    if job.status is not JobStatus.QUEUED:
        logger().info("event_already_taken", extra={"job_id": str(job.id), "status": job.status})
    elif refusal is not None:
        settlement.fail(conn, job.id, job.attempt, refusal, stack=services.settings.stack)
    else:
        started = start_waiting(conn, services.workflow)
        logger().info("job_dispatched" if job.id in started else "job_queued", extra={"job_id": str(job.id)})
    if refusal is None:
        # Last, because nobody waits for it; a message that fails here comes again.
        mark_original(services.s3, source)


def _take_restored(
    conn: LedgerConnection, source: SourceObject, standing: Availability, services: Services
) -> None:
    """Looks at the object and not at the event, which may come late or for another restore."""
    if standing.access is not Access.READABLE:
        logger().info("restore_not_over", extra={"key": source.key, "access": standing.access})
        return
    place = ArchivedSource.at(source.bucket, source.key, source.version_id)
    woken = restores.release(conn, place, standing.readable_until)
    logger().info("original_restored", extra={"key": source.key, "jobs": woken})
    start_waiting(conn, services.workflow, most=woken)


def _find_or_make_job(conn: LedgerConnection, source: SourceObject) -> Job | None:
    upload = UPLOAD_KEY.fullmatch(source.key)
    if upload is None:
        # The profile files are read at the first dropped file only, not by every cold start.
        from profiles import get_profile, version_of

        version = version_of(get_profile(arrivals.DEFAULT_PROFILE))
        made = arrivals.create_bucket_job(conn, source, profile_version=version)
        if made is None:
            logger().info("older_version_ignored", extra={"key": source.key, "version_id": source.version_id})
        return made.job if made else None
    try:
        return arrivals.mark_uploaded(conn, UUID(upload["job"]), source)
    except JobNotFoundError:
        # The API makes the job before it signs the upload, so trying again cannot help.
        logger().warning("upload_without_job", extra={"key": source.key})
        return None


def _refusal(job: Job, standing: Availability, settings: IngestSettings) -> Failure | None:
    """Why the file is not taken as it is; None when it is."""
    size_bytes = job.source_size_bytes or 0
    if size_bytes > settings.max_upload_bytes:
        text = (
            f"The file has {format_bytes(size_bytes)}; "
            f"the platform takes at most {format_bytes(settings.max_upload_bytes)}."
        )
        return failures.failure(ErrorCode.LIMIT_EXCEEDED, text)
    if standing.access is not Access.READABLE:
        remedy = f"Ask for it with POST /metadata/{job.video_id}/restore and retry the job."
        return failures.failure(ErrorCode.SOURCE_ARCHIVED, remedy=remedy)
    return None
