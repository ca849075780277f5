"""Publishes the outputs of one attempt under its own prefix: every object verified, the manifest last."""

import base64
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from s3transfer.manager import TransferManager

from ledger.states import ErrorCode
from processor.exchange.storage import (
    PART_BYTES,
    S3_ERRORS,
    TransferWatch,
    create_transfers,
    explain,
    percent_counter,
)
from processor.task.errors import AttemptError
from processor.task.stop import Stop, StoppedError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MANIFEST_NAME: Final = "manifest.json"
MANIFEST_CONTENT_TYPE: Final = "application/json"
_PARALLEL_FILES: Final = 4
_HASH_CHUNK_BYTES: Final = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """One file to publish: where it is, and its name under the prefix of the attempt."""

    path: Path
    name: str
    content_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedObject:
    """One object that S3 holds with the size and digest of its file."""

    key: str
    content_type: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Digest:
    size_bytes: int
    sha256: str
    s3_checksum: str


class Publisher:
    """Uploads into one prefix of the media bucket.

    Args:
        client: The S3 client.
        bucket: The media bucket.
        prefix: The key prefix of this hold on the job, with a trailing slash; no other worker writes there.
        stop: The switch of the attempt.
    """

    def __init__(self, client: "S3Client", bucket: str, prefix: str, stop: Stop) -> None:
        self._client = client
        self._bucket = bucket
        self._prefix = prefix
        self._stop = stop

    def publish(
        self, uploads: Sequence[Upload], report: Callable[[float], None]
    ) -> Mapping[str, PublishedObject]:
        """Upload files in parallel and verify every object; return them by name.

        Args:
            uploads: The files.
            report: Called with the percentage done.

        Raises:
            AttemptError: S3 denies access or fails, or holds other bytes than were sent.
            StoppedError: The attempt must stop.
        """
        add = percent_counter(sum(upload.path.stat().st_size for upload in uploads), report)
        with (
            create_transfers(self._client) as transfers,
            ThreadPoolExecutor(_PARALLEL_FILES, thread_name_prefix="publish") as pool,
        ):
            tasks = [pool.submit(self._publish_file, transfers, upload, add) for upload in uploads]
            wait(tasks, return_when=FIRST_EXCEPTION)
            failure = _first_failure(tasks)
            if failure is not None:
                for task in tasks:
                    task.cancel()
                raise failure
        return {upload.name: task.result() for upload, task in zip(uploads, tasks, strict=True)}

    def publish_manifest(self, manifest: Mapping[str, Any]) -> PublishedObject:
        """Upload the manifest, which must be the last object of the prefix.

        Raises:
            AttemptError: S3 denies access or fails, or holds other bytes than were sent.
            StoppedError: The attempt must stop.
        """
        self._stop.check()
        body = json.dumps(manifest, indent=2).encode()
        raw_digest = hashlib.sha256(body).digest()
        digest = _Digest(
            size_bytes=len(body), sha256=raw_digest.hex(), s3_checksum=base64.b64encode(raw_digest).decode()
        )
        key = self._prefix + MANIFEST_NAME
        try:
            self._client.put_object(
                Bucket=self._bucket,
                Key=key,
                Body=body,
                ContentType=MANIFEST_CONTENT_TYPE,
                ChecksumSHA256=digest.s3_checksum,
            )
        except S3_ERRORS as error:
            raise explain(error, f"upload {MANIFEST_NAME} to bucket {self._bucket}") from error
        return self._verify(key, MANIFEST_CONTENT_TYPE, digest)

    def _publish_file(
        self, transfers: TransferManager, upload: Upload, add: Callable[[int], None]
    ) -> PublishedObject:
        digest = _digest_file(upload.path, self._stop)
        key = self._prefix + upload.name
        watch = TransferWatch(add)
        try:
            future = transfers.upload(
                str(upload.path),
                self._bucket,
                key,
                extra_args={"ContentType": upload.content_type, "ChecksumAlgorithm": "SHA256"},
                subscribers=[watch],
            )
            watch.wait(future, self._stop)
        except S3_ERRORS as error:
            raise explain(error, f"upload {upload.name} to bucket {self._bucket}") from error
        return self._verify(key, upload.content_type, digest)

    def _verify(self, key: str, content_type: str, digest: _Digest) -> PublishedObject:
        self._stop.check()
        try:
            head = self._client.head_object(Bucket=self._bucket, Key=key, ChecksumMode="ENABLED")
        except S3_ERRORS as error:
            raise explain(error, f"verify {key} in bucket {self._bucket}") from error
        stored = (head["ContentLength"], head.get("ChecksumSHA256"), head.get("ContentType"))
        expected = (digest.size_bytes, digest.s3_checksum, content_type)
        if stored != expected:
            message = f"Object {key} has size, checksum and type {stored}; sent were {expected}."
            raise AttemptError(ErrorCode.INTERNAL, message, "No action needed: the workflow tries again.")
        return PublishedObject(
            key=key, content_type=content_type, size_bytes=digest.size_bytes, sha256=digest.sha256
        )


def _first_failure(tasks: Sequence["Future[PublishedObject]"]) -> BaseException | None:
    failures = [error for task in tasks if task.done() and (error := task.exception()) is not None]
    # A stop makes several transfers fail; what stopped them says more than what they ran into.
    return next((error for error in failures if isinstance(error, StoppedError)), next(iter(failures), None))


def _digest_file(path: Path, stop: Stop) -> _Digest:
    """Read the file once for its digest and for the checksum that S3 will compute from its parts."""
    whole = hashlib.sha256()
    part_digests: list[bytes] = []
    size_bytes = 0
    with path.open("rb") as stream:
        while True:
            stop.check()
            part = hashlib.sha256()
            part_bytes = 0
            while part_bytes < PART_BYTES and (
                chunk := stream.read(min(_HASH_CHUNK_BYTES, PART_BYTES - part_bytes))
            ):
                whole.update(chunk)
                part.update(chunk)
                part_bytes += len(chunk)
            size_bytes += part_bytes
            if part_bytes:
                part_digests.append(part.digest())
            if part_bytes < PART_BYTES:
                break
    return _Digest(
        size_bytes=size_bytes,
        sha256=whole.hexdigest(),
        s3_checksum=_s3_checksum(whole.digest(), part_digests, size_bytes),
    )


def _s3_checksum(whole: bytes, part_digests: Sequence[bytes], size_bytes: int) -> str:
    """Return what S3 reports: the digest of the bytes, or for a multipart object that of its part digests."""
    if size_bytes < PART_BYTES:
        return base64.b64encode(whole).decode()
    combined = hashlib.sha256(b"".join(part_digests)).digest()
    return f"{base64.b64encode(combined).decode()}-{len(part_digests)}"
