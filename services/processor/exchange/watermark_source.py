"""Brings a job's watermark to a scratch file, and only the very picture that was ordered."""

import uuid
from pathlib import Path
from typing import TYPE_CHECKING

from ledger import overrides as stored
from ledger.states import ErrorCode
from media.pictures.watermark import MAX_WATERMARK_BYTES
from media.plan.overrides import Overrides, Trim, Watermark
from processor.exchange.storage import S3_ERRORS, explain, http_status
from processor.task.errors import AttemptError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import GetObjectRequestTypeDef

_GONE_STATUSES = frozenset({404, 405, 412})


def fetch_overrides(
    client: "S3Client", overrides: stored.Overrides, directory: Path, allowed_bucket: str
) -> Overrides:
    """Turn what the ledger keeps of a job's overrides into files and values.

    Args:
        client: The S3 client.
        overrides: What the job asks for.
        directory: An existing scratch directory.
        allowed_bucket: The only bucket that is read.

    Raises:
        AttemptError: The watermark is missing, was replaced or is larger than allowed; it lies in a bucket
            that is not allowed; or S3 denies access or fails.
    """
    path = directory / f"{uuid.uuid4().hex}.watermark"
    if overrides.watermark is not None:
        _fetch(client, overrides.watermark, path, allowed_bucket)
    return media_overrides(overrides, path)


def media_overrides(overrides: stored.Overrides, watermark_path: Path) -> Overrides:
    """The overrides of a job whose watermark, if it has one, was fetched to `watermark_path`."""
    wanted, watermark = overrides.watermark, None
    if wanted is not None:
        watermark = Watermark(
            path=watermark_path,
            position=wanted.position,
            opacity=wanted.opacity,
            width_percent=wanted.width_percent,
        )
    trim = None
    if overrides.trim is not None:
        trim = Trim(start_seconds=overrides.trim.start_seconds, end_seconds=overrides.trim.end_seconds)
    return Overrides(trim=trim, watermark=watermark, max_height=overrides.max_height, damage=overrides.damage)


def _fetch(client: "S3Client", wanted: stored.Watermark, path: Path, allowed_bucket: str) -> None:
    if wanted.bucket != allowed_bucket:
        message = f"The watermark lies in bucket {wanted.bucket}; only {allowed_bucket} is read."
        raise AttemptError(ErrorCode.ACCESS_DENIED, message, "Put it into the ingest bucket.")
    request: GetObjectRequestTypeDef = {"Bucket": wanted.bucket, "Key": wanted.key}
    if wanted.version_id:
        request["VersionId"] = wanted.version_id
    if wanted.etag:
        request["IfMatch"] = f'"{wanted.etag}"'
    try:
        answer = client.get_object(**request)
        if answer["ContentLength"] > MAX_WATERMARK_BYTES:
            size_bytes = answer["ContentLength"]
            message = f"The watermark has {size_bytes} bytes; at most {MAX_WATERMARK_BYTES} are allowed."
            raise AttemptError(ErrorCode.LIMIT_EXCEEDED, message, "Order a new job with a smaller picture.")
        data = answer["Body"].read()
    except S3_ERRORS as error:
        if http_status(error) in _GONE_STATUSES:
            message = "The watermark does not exist any more, or was replaced after the job was ordered."
            raise AttemptError(ErrorCode.SOURCE_MISSING, message, "Order a new job.") from error
        raise explain(error, f"download the watermark from bucket {wanted.bucket}") from error
    path.write_bytes(data)
