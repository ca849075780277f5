"""Links to private objects that carry their own, narrow permission."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from ledger.errors import SettingsError
from metadata_api.http.responses import timestamp
from metadata_api.models.jobs import DownloadLink, UploadTicket
from runtime.multipart import OpenUpload

if TYPE_CHECKING:
    from botocore.credentials import Credentials
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
    """Signs all links: SigV4, bucket in the host name, regional endpoint.

    The client says where a bucket is; the links are then signed by botocore's signer itself. The client's own
    `generate_presigned_url` gives the same links and takes ten times as long for each.
    """

    def __init__(self) -> None:
        self._addresses: dict[str, str] = {}

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

    @cached_property
    def _credentials(self) -> "Credentials":
        import boto3

        found = boto3.session.Session().get_credentials()
        if found is None:
            message = "there are no AWS credentials to sign links with; the function's role gives them"
            raise SettingsError(message)
        return found

    def upload(
        self, *, bucket: str, key: str, size_bytes: int, content_type: str, sha256: str | None
    ) -> UploadTicket:
        """A link that stores exactly one object of exactly this size, type and (if given) content."""
        headers = {"Content-Type": content_type, "Content-Length": str(size_bytes)}
        if sha256 is not None:
            headers["x-amz-checksum-sha256"] = base64.b64encode(bytes.fromhex(sha256)).decode()
        expires_at = self.upload_end()
        url = self._sign("PUT", bucket, key, UPLOAD_EXPIRY_SECONDS, headers=headers)
        return UploadTicket(method="PUT", url=url, headers=headers, expires_at=expires_at)

    def download(self, stored: StoredObject) -> DownloadLink:
        """A link that reads one object for an hour and saves it under a safe name."""
        query = {
            "response-content-type": stored.content_type,
            "response-content-disposition": content_disposition(stored.filename),
        }
        if stored.version_id is not None:
            query["versionId"] = stored.version_id
        expires_at = timestamp(datetime.now(UTC) + timedelta(seconds=DOWNLOAD_EXPIRY_SECONDS))
        url = self._sign("GET", stored.bucket, stored.key, DOWNLOAD_EXPIRY_SECONDS, query=query)
        return DownloadLink(
            download_url=url,
            expires_at=expires_at,
            filename=stored.filename,
            content_type=stored.content_type,
            size_bytes=stored.size_bytes,
        )

    def part(self, upload: OpenUpload, number: int, size_bytes: int) -> str:
        """A URL that stores exactly one part of exactly this size."""
        query = {"uploadId": upload.upload_id, "partNumber": str(number)}
        headers = {"Content-Length": str(size_bytes)}
        return self._sign(
            "PUT", upload.bucket, upload.key, UPLOAD_EXPIRY_SECONDS, query=query, headers=headers
        )

    def upload_end(self) -> str:
        """When links signed from now on end at the earliest."""
        return timestamp(datetime.now(UTC) + timedelta(seconds=UPLOAD_EXPIRY_SECONDS))

    def media(self, bucket: str, key: str, seconds: int) -> str:
        """A URL that a player reads one object from, in ranges if it likes."""
        return self._sign("GET", bucket, key, seconds)

    def _sign(
        self,
        method: str,
        bucket: str,
        key: str,
        seconds: int,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> str:
        from botocore.auth import S3SigV4QueryAuth
        from botocore.awsrequest import AWSRequest
        from botocore.utils import percent_encode, percent_encode_sequence

        place = self._address(bucket)
        address = f"{place}/{percent_encode(key, safe='/~')}"
        if query:
            address += f"?{percent_encode_sequence(dict(query))}"
        request = AWSRequest(method=method, url=address, headers=dict(headers or {}))
        # Otherwise the signer takes the address apart for it, twice.
        request.headers["Host"] = place.split("/")[2]
        region = self._client.meta.region_name
        S3SigV4QueryAuth(self._credentials, "s3", region, expires=seconds).add_auth(request)
        return str(request.url)

    def _address(self, bucket: str) -> str:
        """Where the client would send a request for this bucket: everything that comes before the key."""
        if bucket not in self._addresses:
            url = self._client.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "k"})
            self._addresses[bucket] = url.partition("?")[0].removesuffix("/k")
        return self._addresses[bucket]


def content_disposition(filename: str) -> str:
    """An attachment header that every client reads alike, whatever the file is called (RFC 6266)."""
    cleaned = filename.translate(_REPLACED)
    plain = cleaned.encode("ascii", "replace").decode().replace("?", "_")
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(cleaned, safe=_UNRESERVED)}"
