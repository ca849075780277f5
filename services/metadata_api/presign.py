"""Links to private objects that carry their own, narrow permission."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from metadata_api.models.jobs import DownloadLink, UploadTicket
from metadata_api.multipart import OpenUpload
from metadata_api.responses import timestamp

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

UPLOAD_EXPIRY_SECONDS: Final = 900
DOWNLOAD_EXPIRY_SECONDS: Final = 3_600
# Quotes and backslashes end or escape the quoted form, controls end the header, and slashes would look like
# a path to some clients. Names of files dropped into the bucket have passed no check of ours.
_CONTROLS: Final = "".join(map(chr, (*range(0x20), *range(0x7F, 0xA0))))
_REPLACED: Final = str.maketrans(dict.fromkeys('"\\/%;' + _CONTROLS, "_"))
_UNRESERVED: Final = "!#$&+-.^_`|~"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredObject:
    """Which object a download link is for, and how it is offered.

    Args:
        filename: What the caller's disk shall call it.
    """

    bucket: str
    key: str
    filename: str
    content_type: str
    size_bytes: int | None
    version_id: str | None = None


class Presigner:
    """The one client that signs links: SigV4, bucket in the host name, regional endpoint."""

    @cached_property
    def _client(self) -> "S3Client":
        # boto3 costs a quarter of a second to import; most calls never sign anything.
        import boto3
        from botocore.config import Config

        config = Config(
            signature_version="s3v4",
            s3={"addressing_style": "virtual", "us_east_1_regional_endpoint": "regional"},
            # A default checksum would be signed as a header that the uploader knows nothing about.
            request_checksum_calculation="when_required",
        )
        return boto3.client("s3", config=config)

    def upload(
        self, *, bucket: str, key: str, size_bytes: int, content_type: str, sha256: str | None
    ) -> UploadTicket:
        """A link that stores exactly one object of exactly this size, type and (if given) content."""
        params: dict[str, Any] = {
            "Bucket": bucket,
            "Key": key,
            "ContentLength": size_bytes,
            "ContentType": content_type,
        }
        headers = {"Content-Type": content_type, "Content-Length": str(size_bytes)}
        if sha256 is not None:
            digest = base64.b64encode(bytes.fromhex(sha256)).decode()
            params["ChecksumSHA256"] = digest
            headers["x-amz-checksum-sha256"] = digest
        url, expires_at = self._sign("put_object", params, UPLOAD_EXPIRY_SECONDS)
        return UploadTicket(method="PUT", url=url, headers=headers, expires_at=expires_at)

    def download(self, stored: StoredObject) -> DownloadLink:
        """A link that reads one object for an hour and saves it under a safe name."""
        params: dict[str, Any] = {
            "Bucket": stored.bucket,
            "Key": stored.key,
            "ResponseContentType": stored.content_type,
            "ResponseContentDisposition": content_disposition(stored.filename),
        }
        if stored.version_id is not None:
            params["VersionId"] = stored.version_id
        url, expires_at = self._sign("get_object", params, DOWNLOAD_EXPIRY_SECONDS)
        return DownloadLink(
            download_url=url,
            expires_at=expires_at,
            filename=stored.filename,
            content_type=stored.content_type,
            size_bytes=stored.size_bytes,
        )

    def part(self, upload: OpenUpload, number: int, size_bytes: int) -> str:
        """A URL that stores exactly one part of exactly this size."""
        params = {
            "Bucket": upload.bucket,
            "Key": upload.key,
            "UploadId": upload.upload_id,
            "PartNumber": number,
            "ContentLength": size_bytes,
        }
        url, _ = self._sign("upload_part", params, UPLOAD_EXPIRY_SECONDS)
        return url

    def upload_end(self) -> str:
        """When links signed from now on end at the earliest."""
        return timestamp(datetime.now(UTC) + timedelta(seconds=UPLOAD_EXPIRY_SECONDS))

    def media(self, bucket: str, key: str, seconds: int) -> str:
        """A URL that a player reads one object from, in ranges if it likes."""
        url, _ = self._sign("get_object", {"Bucket": bucket, "Key": key}, seconds)
        return url

    def _sign(self, method: str, params: Mapping[str, Any], seconds: int) -> tuple[str, str]:
        # Taken before signing, so that the promise is never longer than the signature.
        expires_at = datetime.now(UTC) + timedelta(seconds=seconds)
        url = self._client.generate_presigned_url(method, Params=dict(params), ExpiresIn=seconds)
        return url, timestamp(expires_at)


def content_disposition(filename: str) -> str:
    """An attachment header that every client reads alike, whatever the file is called (RFC 6266)."""
    cleaned = filename.translate(_REPLACED)
    plain = cleaned.encode("ascii", "replace").decode().replace("?", "_")
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(cleaned, safe=_UNRESERVED)}"
