"""Objects that callers name instead of uploading: allowed or not, there or not, readable or archived."""

from dataclasses import dataclass

from ledger.models import ArchivedSource, SourceObject
from metadata_api.http.problems import Problem, ProblemCode, field_problem
from metadata_api.models.overrides import SourceLocation
from metadata_api.settings import CreationSettings
from runtime import archive, clients
from runtime.archive import Availability

_ABSENT_STATUSES = frozenset({400, 403, 404})


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundSource:
    """An object that is there, and whether it can be read."""

    source: SourceObject
    availability: Availability


def find_source(location: SourceLocation, settings: CreationSettings) -> FoundSource:
    """The newest version of a named object.

    Raises:
        Problem: SOURCE_NOT_ALLOWED, SOURCE_NOT_FOUND or UPLOAD_TOO_LARGE.
    """
    if location.bucket != settings.ingest_bucket:
        message = f"only bucket {settings.ingest_bucket!r} may be read, got {location.bucket!r}"
        raise field_problem("source.bucket", message, ProblemCode.SOURCE_NOT_ALLOWED)
    # boto3 is needed by few calls only.
    from botocore.exceptions import ClientError

    try:
        head = clients.s3().head_object(Bucket=location.bucket, Key=location.key)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] not in _ABSENT_STATUSES:
            raise
        raise source_not_found(location.bucket) from error
    check_size(head["ContentLength"], settings)
    source = SourceObject(
        bucket=location.bucket,
        key=location.key,
        size_bytes=head["ContentLength"],
        etag=head["ETag"].strip('"'),
        version_id=head.get("VersionId"),
    )
    return FoundSource(source=source, availability=archive.availability(head))


def source_not_found(bucket: str) -> Problem:
    """The problem of an object that does not exist, or not for this caller."""
    message = f"there is no readable object with this key in {bucket!r}"
    return field_problem("source.key", message, ProblemCode.SOURCE_NOT_FOUND)


def is_present(bucket: str, key: str, version_id: str | None) -> bool:
    """Whether an object is still there."""
    return look_at(ArchivedSource.at(bucket, key, version_id)) is not None


def look_at(source: ArchivedSource) -> Availability | None:
    """How a job's source stands now; None when it is no longer where the job found it."""
    from botocore.exceptions import ClientError

    try:
        return archive.look(clients.s3(), source)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] not in _ABSENT_STATUSES:
            raise
        return None


def check_size(size_bytes: int, settings: CreationSettings) -> None:
    """Refuses sources that this deployment does not take.

    Raises:
        Problem: UPLOAD_TOO_LARGE.
    """
    if size_bytes > settings.max_upload_bytes:
        detail = f"the file has {size_bytes} bytes; at most {settings.max_upload_bytes} are accepted"
        raise Problem(ProblemCode.UPLOAD_TOO_LARGE, detail)
