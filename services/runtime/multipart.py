"""Multipart uploads that S3 holds for us, and giving them up."""

from dataclasses import dataclass

from runtime import clients


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenUpload:
    """A multipart upload that S3 holds for us."""

    bucket: str
    key: str
    upload_id: str


def abort(upload: OpenUpload) -> None:
    """Throws the parts away; an upload that is gone already is no error."""
    from botocore.exceptions import ClientError  # not needed until a client is

    try:
        clients.s3().abort_multipart_upload(Bucket=upload.bucket, Key=upload.key, UploadId=upload.upload_id)
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchUpload":
            raise
