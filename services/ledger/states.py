"""Words that the ledger, the API, the processor and the workflow share."""

from enum import StrEnum
from typing import Final

# Clients that no key belongs to: of files dropped in the bucket, unless their prefix is assigned to another,
# and of jobs that a person started as an execution in the Step Functions console.
BUCKET_OWNER: Final = "bucket"
CONSOLE_OWNER: Final = "console"
# Client of the stack's first key.
DEFAULT_CLIENT: Final = "default"
HIGHEST_PRIORITY: Final = 9
DEFAULT_PRIORITY: Final = 5


class JobStatus(StrEnum):
    """Where a job stands; COMPLETED, FAILED and CANCELLED are final for the attempt that reached them."""

    PENDING = "PENDING"
    QUEUED = "QUEUED"
    PROCESSING = "PROCESSING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


TERMINAL_STATUSES = frozenset({JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED})
ACTIVE_STATUSES = frozenset({JobStatus.QUEUED, JobStatus.PROCESSING})


class Stage(StrEnum):
    """Steps of one processing attempt, in order."""

    DOWNLOADING = "downloading"
    INSPECTING = "inspecting"
    ENCODING = "encoding"
    PACKAGING = "packaging"
    VERIFYING = "verifying"
    UPLOADING = "uploading"
    PUBLISHING = "publishing"


class ErrorCode(StrEnum):
    """Public, stable reasons why a job failed."""

    INPUT_EMPTY = "INPUT_EMPTY"
    INPUT_ENCRYPTED = "INPUT_ENCRYPTED"
    INPUT_IS_PICTURE = "INPUT_IS_PICTURE"
    INPUT_NOT_MEDIA = "INPUT_NOT_MEDIA"
    INPUT_NOT_SELF_CONTAINED = "INPUT_NOT_SELF_CONTAINED"
    INPUT_TRUNCATED = "INPUT_TRUNCATED"
    INPUT_UNREADABLE = "INPUT_UNREADABLE"
    INPUT_NO_VIDEO = "INPUT_NO_VIDEO"
    INPUT_NO_AUDIO = "INPUT_NO_AUDIO"
    PASSTHROUGH_NOT_POSSIBLE = "PASSTHROUGH_NOT_POSSIBLE"
    OVERRIDE_NOT_POSSIBLE = "OVERRIDE_NOT_POSSIBLE"
    CODEC_NOT_ALLOWED = "CODEC_NOT_ALLOWED"
    DOLBY_VISION_ONLY = "DOLBY_VISION_ONLY"
    LIMIT_EXCEEDED = "LIMIT_EXCEEDED"
    PICTURE_TOO_SMALL = "PICTURE_TOO_SMALL"
    SIZE_MISMATCH = "SIZE_MISMATCH"
    SOURCE_ARCHIVED = "SOURCE_ARCHIVED"
    CHECKSUM_MISMATCH = "CHECKSUM_MISMATCH"
    SOURCE_MISSING = "SOURCE_MISSING"
    ENCODE_FAILED = "ENCODE_FAILED"
    VERIFICATION_FAILED = "VERIFICATION_FAILED"
    ACCESS_DENIED = "ACCESS_DENIED"
    OUT_OF_MEMORY = "OUT_OF_MEMORY"
    OUT_OF_SPACE = "OUT_OF_SPACE"
    NO_CAPACITY = "NO_CAPACITY"
    TASK_REFUSED = "TASK_REFUSED"
    UPLOAD_EXPIRED = "UPLOAD_EXPIRED"
    INTERRUPTED = "INTERRUPTED"
    TIMED_OUT = "TIMED_OUT"
    INTERNAL = "INTERNAL"


class TaskError(StrEnum):
    """Error names that Step Functions is handed for a task: by its worker, or by whoever finds it dead.

    The workflow retries only TRANSIENT, INTERRUPTED and NOT_STARTED as they were, and OUT_OF_MEMORY in a
    larger task. No worker says NOT_STARTED.
    """

    INVALID_INPUT = "InvalidInput"
    LIMIT_EXCEEDED = "LimitExceeded"
    OUT_OF_MEMORY = "OutOfMemory"
    TRANSIENT = "Transient"
    INTERRUPTED = "Interrupted"
    PROCESSING_FAILED = "ProcessingFailed"
    NOT_STARTED = "TaskNotStarted"


_TASK_ERRORS: dict[ErrorCode, TaskError] = {
    ErrorCode.INPUT_EMPTY: TaskError.INVALID_INPUT,
    ErrorCode.INPUT_ENCRYPTED: TaskError.INVALID_INPUT,
    ErrorCode.INPUT_IS_PICTURE: TaskError.INVALID_INPUT,
    ErrorCode.INPUT_NOT_MEDIA: TaskError.INVALID_INPUT,
    ErrorCode.INPUT_NOT_SELF_CONTAINED: TaskError.INVALID_INPUT,
    ErrorCode.INPUT_TRUNCATED: TaskError.INVALID_INPUT,
    ErrorCode.INPUT_UNREADABLE: TaskError.INVALID_INPUT,
    ErrorCode.INPUT_NO_VIDEO: TaskError.INVALID_INPUT,
    ErrorCode.INPUT_NO_AUDIO: TaskError.INVALID_INPUT,
    ErrorCode.PASSTHROUGH_NOT_POSSIBLE: TaskError.INVALID_INPUT,
    ErrorCode.OVERRIDE_NOT_POSSIBLE: TaskError.INVALID_INPUT,
    ErrorCode.CODEC_NOT_ALLOWED: TaskError.INVALID_INPUT,
    ErrorCode.DOLBY_VISION_ONLY: TaskError.INVALID_INPUT,
    ErrorCode.SIZE_MISMATCH: TaskError.INVALID_INPUT,
    ErrorCode.CHECKSUM_MISMATCH: TaskError.INVALID_INPUT,
    ErrorCode.SOURCE_ARCHIVED: TaskError.INVALID_INPUT,
    ErrorCode.SOURCE_MISSING: TaskError.INVALID_INPUT,
    ErrorCode.PICTURE_TOO_SMALL: TaskError.INVALID_INPUT,
    ErrorCode.LIMIT_EXCEEDED: TaskError.LIMIT_EXCEEDED,
    ErrorCode.OUT_OF_MEMORY: TaskError.OUT_OF_MEMORY,
    ErrorCode.ENCODE_FAILED: TaskError.PROCESSING_FAILED,
    ErrorCode.VERIFICATION_FAILED: TaskError.PROCESSING_FAILED,
    ErrorCode.ACCESS_DENIED: TaskError.PROCESSING_FAILED,
    ErrorCode.INTERRUPTED: TaskError.INTERRUPTED,
}


def task_error_for(code: ErrorCode) -> TaskError:
    """The error name for `code`; whatever is not listed may heal by itself and is Transient."""
    return _TASK_ERRORS.get(code, TaskError.TRANSIENT)


class AnnouncementRoute(StrEnum):
    """Who still owes the announcement of a settled job."""

    NONE = "NONE"
    WORKFLOW = "WORKFLOW"
    OUTBOX = "OUTBOX"
    DONE = "DONE"


class Topic(StrEnum):
    """The two topics people subscribe to."""

    COMPLETION = "completion"
    ERROR = "error"
