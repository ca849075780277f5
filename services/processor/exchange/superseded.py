"""Tags what earlier holds on a completed job left in the media bucket, so that its lifecycle deletes it."""

import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from ledger.models import Claim
from processor.task.stop import Stop, StopReason

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

logger = logging.getLogger(__name__)

TAG_KEY: Final = "attempt"
TAG_VALUE: Final = "superseded"
_FIRST_FENCE: Final = 1


def tag_superseded(client: "S3Client", bucket: str, completed: Claim, stop: Stop) -> None:
    """Tag every object of the job that does not lie under the prefix of the hold that completed it.

    The first hold on a job has nothing before it, so it asks S3 for nothing. A failure is logged and ends the
    tagging: the job is complete either way, and an object without the tag costs storage only.

    Args:
        client: The S3 client; its retries are the only ones.
        bucket: The media bucket.
        completed: The hold whose outputs the ledger refers to. Only a completed one may be given: the
            outputs of every other hold are void from then on.
        stop: The switch of the attempt; a task that is being ended leaves the rest untagged.
    """
    if completed.fence == _FIRST_FENCE:
        return
    tagged = 0
    try:
        for key in _superseded_keys(client, bucket, completed):
            # Other reasons say that the hold or the token is over, which after the completion they are.
            if stop.reason is StopReason.INTERRUPTED:
                logger.warning("superseded outputs not all tagged", extra={"reason": "task is being ended"})
                return
            client.put_object_tagging(
                Bucket=bucket, Key=key, Tagging={"TagSet": [{"Key": TAG_KEY, "Value": TAG_VALUE}]}
            )
            tagged += 1
    except Exception as error:  # noqa: BLE001 (nothing that happens here may change a completed job's end)
        logger.warning(
            "superseded outputs not all tagged",
            extra={"reason": f"{type(error).__name__}: {error}", "objects": tagged},
        )
        return
    logger.info("superseded outputs tagged", extra={"objects": tagged})


def _superseded_keys(client: "S3Client", bucket: str, completed: Claim) -> Iterator[str]:
    job_prefix = completed.output_prefix.removesuffix(f"{completed.fence}/")
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=job_prefix):
        for item in page.get("Contents", []):
            if not item["Key"].startswith(completed.output_prefix):
                yield item["Key"]
