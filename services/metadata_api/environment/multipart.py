"""Uploads of large files in parts: how they are cut, and what the bucket knows of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from metadata_api.http.problems import Problem, ProblemCode
from runtime import clients
from runtime.multipart import OpenUpload

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

_MEBIBYTE: Final = 1024 * 1024
MULTIPART_FROM_BYTES: Final = 100 * _MEBIBYTE
MAX_SINGLE_UPLOAD_BYTES: Final = 5 * 1024 * _MEBIBYTE  # S3 takes no more in one request
# Uploads that are under way were cut by these two: other values void their links.
_MIN_PART_BYTES: Final = 16 * _MEBIBYTE
MAX_PARTS: Final = 250


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One piece of a file; numbers begin at 1."""

    number: int
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPart:
    """One piece that has arrived."""

    size_bytes: int
    etag: str


def part_size_bytes(size_bytes: int) -> int:
    """Size of all parts but the last: whole MiB, so that no file has more than MAX_PARTS."""
    return max(_MIN_PART_BYTES, -(-size_bytes // (MAX_PARTS * _MEBIBYTE)) * _MEBIBYTE)


def parts_of(size_bytes: int) -> list[Part]:
    """How a file of this size is cut; an empty file has one empty part."""
    part = part_size_bytes(size_bytes)
    count = max(1, -(-size_bytes // part))
    return [
        Part(number=number, size_bytes=min(part, size_bytes - (number - 1) * part))
        for number in range(1, count + 1)
    ]


def begin(bucket: str, key: str, content_type: str) -> str:
    """Opens an upload; S3 forgets it by the bucket's lifecycle rule if it is never completed."""
    made = clients.s3().create_multipart_upload(Bucket=bucket, Key=key, ContentType=content_type)
    return made["UploadId"]


def stored_parts(upload: OpenUpload) -> Mapping[int, StoredPart]:
    """What has arrived so far, by part number.

    Raises:
        Problem: UPLOAD_NOT_OPEN, when the upload was completed or aborted.
    """
    found: dict[int, StoredPart] = {}
    pages = clients.s3().get_paginator("list_parts")
    with _open_or_problem():
        for page in pages.paginate(Bucket=upload.bucket, Key=upload.key, UploadId=upload.upload_id):
            for item in page.get("Parts", []):
                stored = StoredPart(size_bytes=item["Size"], etag=item["ETag"].strip('"'))
                found[item["PartNumber"]] = stored
    return found


def complete(upload: OpenUpload, etags: Mapping[int, str]) -> None:
    """Makes one object of the parts.

    Raises:
        Problem: UPLOAD_NOT_OPEN, when the upload was completed or aborted.
    """
    parts: Sequence[CompletedPartTypeDef] = [
        {"PartNumber": number, "ETag": etag} for number, etag in sorted(etags.items())
    ]
    with _open_or_problem():
        clients.s3().complete_multipart_upload(
            Bucket=upload.bucket,
            Key=upload.key,
            UploadId=upload.upload_id,
            MultipartUpload={"Parts": parts},
        )


class _open_or_problem:  # noqa: N801 -- reads as the statement it is used as
    """Turns S3's word for an upload that has ended into ours."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        from botocore.exceptions import ClientError

        if isinstance(error, ClientError) and error.response["Error"]["Code"] == "NoSuchUpload":
            detail = "the upload is not open: it was completed, aborted or has expired; read the job"
            raise Problem(ProblemCode.UPLOAD_NOT_OPEN, detail) from error
