"""What ended jobs left in the buckets: outputs of void holds are tagged, unfinished uploads aborted."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final
from uuid import UUID

from botocore.exceptions import ClientError

from ledger.buckets import scans, stored_objects
from ledger.buckets.scans import Marker
from ledger.buckets.stored_objects import EndedJob
from ledger.database.connection import LedgerConnection
from runtime import multipart
from runtime.arrival import UPLOAD_KEY
from runtime.logs import logger
from runtime.multipart import OpenUpload
from runtime.uuid_pattern import UUID_PATTERN
from upkeep.sweeping import Page, Services, list_current, scan

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import ObjectVersionTypeDef, TagTypeDef

# The media bucket's lifecycle deletes what carries this tag (ADR 0010).
_TAG: "Final[TagTypeDef]" = {"Key": "attempt", "Value": "superseded"}
_MOST_JOBS = 50
_MOST_TAGS = 1000  # one request each
_MOST_PAGES = 5  # listings of 1,000 uploads
_TAGGING: Final = "stale-outputs"
OUTPUT_KEY: Final = re.compile(rf"videos/{UUID_PATTERN}/(?P<job>{UUID_PATTERN})/(?P<fence>[0-9]+)/.+")
"""Where the worker of a job puts its outputs, by the hold that it has on the job."""


class StaleOutputsError(Exception):
    """Some objects could not be tagged or uploads aborted; the next run tries again, the log tells why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Upload:
    """A multipart upload that was begun a while ago."""

    key: str
    upload_id: str
    job_id: UUID


def tag_stale_outputs(services: Services, conn: LedgerConnection) -> int:
    """Tags what holds that are over left in the media bucket and no job names as its output.

    A hold that runs, or runs again after a retry, has a higher fence than the job had when it ended, so its
    objects are never touched.

    Returns:
        How many objects were tagged.

    Raises:
        StaleOutputsError: The objects of some jobs could not be tagged.
    """
    tagged, failed = 0, 0
    for job in stored_objects.with_stale_outputs(conn, limit=_MOST_JOBS):
        if tagged >= _MOST_TAGS:
            break
        try:
            tagged += _tag_job(services, conn, job, most=_MOST_TAGS - tagged)
        except ClientError:
            logger().exception("tagging_failed", extra={"job_id": str(job.id)})
            failed += 1
    if failed:
        message = f"stale outputs of {failed} jobs could not be tagged; the log tells why"
        raise StaleOutputsError(message)
    return tagged


def tag_superseded(services: Services, key: str) -> None:
    """Has the lifecycle of the media bucket delete an object."""
    bucket = services.settings.media_bucket
    services.s3.put_object_tagging(Bucket=bucket, Key=key, Tagging={"TagSet": [_TAG]})


def _tag_job(services: Services, conn: LedgerConnection, job: EndedJob, *, most: int) -> int:
    """Tags the objects of one job; a run that has tagged enough leaves its place to the next one."""
    bucket, prefix = services.settings.media_bucket, f"videos/{job.video_id}/{job.id}/"
    marker: Marker | None = scans.position(conn, _TAGGING)
    if marker is not None and not marker.key_marker.startswith(prefix):
        marker = Marker()
    tagged, young = 0, 0
    while marker is not None:
        page = list_current(services.s3, bucket, prefix, marker)
        void = _void_keys(conn, job, page.items)
        old = [
            item["Key"]
            for item in page.items
            if item["Key"] in void and services.is_old(item["LastModified"])
        ]
        for key in old:
            tag_superseded(services, key)
        tagged, young = tagged + len(old), young + len(void) - len(old)
        marker = page.following
        if marker is not None and tagged >= most:
            scans.proceed(conn, _TAGGING, marker)
            return tagged
    if not young:
        stored_objects.note_stale_outputs_seen(conn, job)
    logger().info("stale_outputs_tagged", extra={"job_id": str(job.id), "objects": tagged, "young": young})
    return tagged


def _void_keys(conn: LedgerConnection, job: EndedJob, found: "Sequence[ObjectVersionTypeDef]") -> set[str]:
    """Those of holds up to the last one known, without what the completed one made and what any job names."""
    void = {item["Key"] for item in found if _fence(item["Key"]) <= job.fence}
    if job.output_prefix is not None:
        void = {key for key in void if not key.startswith(job.output_prefix)}
    return void - stored_objects.named_outputs(conn, sorted(void))


def _fence(key: str) -> float:
    """The hold that an object belongs to; a key of another form is nobody's."""
    match = OUTPUT_KEY.fullmatch(key)
    return int(match["fence"]) if match else math.inf


def abort_uploads(services: Services, conn: LedgerConnection) -> int:
    """Aborts multipart uploads into both buckets that jobs began which are over.

    Others, also those of unknown jobs, are left to the bucket's lifecycle, which aborts them after a day.

    Returns:
        How many uploads were aborted.
    """
    settings = services.settings
    return sum(
        scan(
            conn,
            f"uploads-{role}",
            partial(_read_uploads, services, bucket, job_of),
            partial(_abort_ended, conn, bucket),
            pages=_MOST_PAGES,
        )
        for role, bucket, job_of in (
            ("ingest", settings.ingest_bucket, UPLOAD_KEY),
            ("media", settings.media_bucket, OUTPUT_KEY),
        )
    )


def _read_uploads(services: Services, bucket: str, keys: re.Pattern[str], marker: Marker) -> Page[_Upload]:
    markers = (
        {"KeyMarker": marker.key_marker, "UploadIdMarker": marker.id_marker} if marker.key_marker else {}
    )
    found = services.s3.list_multipart_uploads(Bucket=bucket, **markers)  # type: ignore[arg-type]
    items = [
        _Upload(key=item["Key"], upload_id=item["UploadId"], job_id=UUID(match["job"]))
        for item in found.get("Uploads", [])
        if (match := keys.fullmatch(item["Key"])) and services.is_old(item["Initiated"])
    ]
    following = (
        Marker(key_marker=found["NextKeyMarker"], id_marker=found["NextUploadIdMarker"])
        if found["IsTruncated"]
        else None
    )
    return Page(items=items, following=following)


def _abort_ended(conn: LedgerConnection, bucket: str, uploads: Sequence[_Upload]) -> int:
    ended = stored_objects.ended(conn, sorted({item.job_id for item in uploads}))
    aborted = 0
    for item in uploads:
        if item.job_id not in ended:
            continue
        multipart.abort(OpenUpload(bucket=bucket, key=item.key, upload_id=item.upload_id))
        aborted += 1
    return aborted
