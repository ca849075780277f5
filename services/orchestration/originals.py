"""Marks accepted originals, so that the bucket's lifecycle archives them and nothing else."""

from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from ledger.models import SourceObject
from runtime.archive import ORIGINAL_TAG
from runtime.logs import logger

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import TagTypeDef

_MOST_TAGS: Final = (
    10  # that an object may have (S3 user guide, "Categorizing your storage using object tags")
)
_GONE: Final = frozenset({"404", "NoSuchKey", "NoSuchVersion", "MethodNotAllowed"})


def mark_original(s3: "S3Client", source: SourceObject) -> None:
    """Gives one version its tag beside those that it has; repeats change nothing.

    Writing tags replaces all of them, so those that came with a dropped file are read first. One that has as
    many as S3 allows stays out of the archive, which costs storage only.

    Raises:
        botocore.exceptions.ClientError: S3 refuses.
    """
    if source.version_id is None:
        return
    key, value = ORIGINAL_TAG
    bucket, object_key, version_id = source.bucket, source.key, source.version_id
    mine: TagTypeDef = {"Key": key, "Value": value}
    try:
        tags = s3.get_object_tagging(Bucket=bucket, Key=object_key, VersionId=version_id)["TagSet"]
        if mine in tags:
            return
        others = [tag for tag in tags if tag["Key"] != key]
        if len(others) == _MOST_TAGS:
            logger().warning("original_not_tagged", extra={"key": source.key, "tags": len(others)})
            return
        s3.put_object_tagging(
            Bucket=bucket, Key=object_key, VersionId=version_id, Tagging={"TagSet": [*others, mine]}
        )
    except ClientError as error:
        if error.response["Error"]["Code"] not in _GONE:
            raise
