"""Brings the source of a job to a scratch file, and only the very bytes that the job names."""

import hashlib
import shutil
import sys
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from s3transfer.exceptions import S3DownloadFailedError
from s3transfer.futures import TransferFuture

from ledger.models import Claim
from ledger.states import ErrorCode
from processor.exchange.storage import (
    S3_ERRORS,
    TransferWatch,
    create_transfers,
    explain,
    http_status,
    percent_counter,
)
from processor.task.errors import AttemptError
from processor.task.stop import Stop

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import HeadObjectRequestTypeDef

# The renditions, the packaged files and the progressive file together stay below twice the source for
# every ordinary upload; a small source still needs some room for its ladder.
_SCRATCH_FACTOR: Final = 3
_SCRATCH_RESERVE_BYTES: Final = 64 * 1024 * 1024
_ABSENT_STATUSES: Final = frozenset({404, 405})
_GONE_STATUSES: Final = _ABSENT_STATUSES | {412}
_UPLOAD_AGAIN: Final = "Upload the file again as a new job."


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """The downloaded source.

    Attributes:
        path: Where it is; the name is made by the server and holds nothing of the user's.
        size_bytes: Its size, equal to that of the object.
        sha256: The hexadecimal digest when the client declared one, else None.
    """

    path: Path
    size_bytes: int
    sha256: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRules:
    """What a source must satisfy before it is fetched."""

    allowed_bucket: str
    max_source_bytes: int


class _KnownObject(TransferWatch):
    """Gives the transfer the size and ETag of our own HEAD, so that every ranged GET carries If-Match."""

    def __init__(self, size_bytes: int, etag: str, on_bytes: Callable[[int], None]) -> None:
        super().__init__(on_bytes)
        self._size_bytes = size_bytes
        self._etag = etag

    def on_queued(self, future: TransferFuture, **_: Any) -> None:
        """Hand over what is known of the object."""
        future.meta.provide_transfer_size(self._size_bytes)
        future.meta.provide_object_etag(self._etag)


def download_source(
    client: "S3Client",
    claim: Claim,
    directory: Path,
    rules: SourceRules,
    stop: Stop,
    report: Callable[[float], None],
) -> SourceFile:
    """Download the claimed source into `directory` and check it.

    Args:
        client: The S3 client.
        claim: The job; its version id and ETag, where known, pin the bytes.
        directory: An existing scratch directory.
        rules: Which bucket and how many bytes are allowed.
        stop: The switch of the attempt.
        report: Called with the percentage done.

    Raises:
        AttemptError: The object is missing, replaced, empty, larger than allowed, or not of the declared size
            or digest; it lies in a bucket that is not allowed; S3 denies access or fails; or there is not
            enough scratch space.
        StoppedError: The attempt must stop.
    """
    size_bytes, etag = _inspect_object(client, claim, rules)
    _check_size(claim, size_bytes, rules, shutil.disk_usage(directory).free)
    path = directory / f"{uuid.uuid4().hex}.source"
    watch = _KnownObject(size_bytes, etag, percent_counter(size_bytes, report))
    try:
        _fetch(client, claim, path, watch, stop)
    except (*S3_ERRORS, S3DownloadFailedError) as error:
        raise _download_error(error, claim) from error
    digest = _check_file(path, claim, size_bytes, stop)
    return SourceFile(path=path, size_bytes=size_bytes, sha256=digest)


def _fetch(client: "S3Client", claim: Claim, path: Path, watch: _KnownObject, stop: Stop) -> None:
    """Fetch the current object in parallel parts, each under If-Match; an older version in one piece.

    The ETag pins the bytes as well as a version id does, and unlike ranges of a version, ranges of the
    current object are honoured by every S3-compatible store. Small objects too are ranged: only ranged GETs
    send If-Match.
    """
    try:
        with create_transfers(client, threshold_bytes=1) as transfers:
            watch.wait(
                transfers.download(claim.source_bucket, claim.source_key, str(path), subscribers=[watch]),
                stop,
            )
    except (*S3_ERRORS, S3DownloadFailedError) as error:
        if claim.source_version_id is None or not _is_gone(error):
            raise
        version = {"VersionId": claim.source_version_id}
        with create_transfers(client, threshold_bytes=sys.maxsize) as transfers:
            watch.wait(
                transfers.download(
                    claim.source_bucket, claim.source_key, str(path), extra_args=version, subscribers=[watch]
                ),
                stop,
            )


def _inspect_object(client: "S3Client", claim: Claim, rules: SourceRules) -> tuple[int, str]:
    if claim.source_bucket != rules.allowed_bucket:
        message = f"The source lies in bucket {claim.source_bucket}; only {rules.allowed_bucket} is read."
        raise AttemptError(ErrorCode.ACCESS_DENIED, message, "Upload the file through this stack's API.")
    request: HeadObjectRequestTypeDef = {"Bucket": claim.source_bucket, "Key": claim.source_key}
    if claim.source_version_id:
        request["VersionId"] = claim.source_version_id
    if claim.source_etag:
        request["IfMatch"] = _quoted(claim.source_etag)
    try:
        head = client.head_object(**request)
    except S3_ERRORS as error:
        raise _download_error(error, claim) from error
    return head["ContentLength"], head["ETag"]


def _quoted(etag: str) -> str:
    """Return the ETag as HTTP writes it; S3 events carry it without quotes."""
    return etag if etag.startswith('"') else f'"{etag}"'


def _is_gone(error: Exception) -> bool:
    """Tell whether the bytes of the job are not there; a failed If-Match of a part is a class of its own."""
    return isinstance(error, S3DownloadFailedError) or http_status(error) in _GONE_STATUSES


def _download_error(error: Exception, claim: Claim) -> AttemptError:
    if _is_gone(error):
        missing = http_status(error) in _ABSENT_STATUSES
        what = "does not exist any more" if missing else "was replaced after the job was created"
        return AttemptError(ErrorCode.SOURCE_MISSING, f"The uploaded file {what}.", _UPLOAD_AGAIN)
    return explain(error, f"download the source from bucket {claim.source_bucket}")


def _check_size(claim: Claim, size_bytes: int, rules: SourceRules, free_bytes: int) -> None:
    if size_bytes == 0:
        raise AttemptError(ErrorCode.INPUT_EMPTY, "The uploaded file is empty (0 bytes).", _UPLOAD_AGAIN)
    if claim.declared_size_bytes is not None and size_bytes != claim.declared_size_bytes:
        message = f"The uploaded file has {size_bytes} bytes, but {claim.declared_size_bytes} were declared."
        raise AttemptError(ErrorCode.SIZE_MISMATCH, message, _UPLOAD_AGAIN)
    if size_bytes > rules.max_source_bytes:
        message = f"The uploaded file has {size_bytes} bytes; at most {rules.max_source_bytes} are allowed."
        remedy = "Upload a smaller file, or ask the operator to raise the limit."
        raise AttemptError(ErrorCode.LIMIT_EXCEEDED, message, remedy)
    needed_bytes = size_bytes * _SCRATCH_FACTOR + _SCRATCH_RESERVE_BYTES
    if free_bytes < needed_bytes:
        message = f"The work needs about {needed_bytes} bytes of scratch space; {free_bytes} are free."
        remedy = "The operator must give the processor's tasks more ephemeral storage if this persists."
        raise AttemptError(ErrorCode.OUT_OF_SPACE, message, remedy)


def _check_file(path: Path, claim: Claim, size_bytes: int, stop: Stop) -> str | None:
    fetched_bytes = path.stat().st_size
    if fetched_bytes != size_bytes:
        message = f"The download ended with {fetched_bytes} of {size_bytes} bytes."
        raise AttemptError(ErrorCode.INTERNAL, message, "No action needed: the workflow tries again.")
    if claim.declared_sha256 is None:
        return None
    stop.check()
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    if digest != claim.declared_sha256.lower():
        message = f"The uploaded file has SHA-256 {digest}, but {claim.declared_sha256} was declared."
        raise AttemptError(ErrorCode.CHECKSUM_MISMATCH, message, _UPLOAD_AGAIN)
    return digest
