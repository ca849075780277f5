"""Every error an attempt can end with has exactly one answer for the workflow."""

import errno
from typing import Any

import psycopg
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from ledger.errors import ClaimRefusedError, LedgerUnavailableError
from ledger.states import ErrorCode, TaskError
from media.tools import errors
from processor.failures import describe, interrupted
from processor.task.errors import AttemptError
from processor.task.stop import StoppedError
from profiles import UnknownProfileError

EXPECTED = {
    ErrorCode.INPUT_EMPTY: "InvalidInput",
    ErrorCode.INPUT_ENCRYPTED: "InvalidInput",
    ErrorCode.INPUT_NOT_MEDIA: "InvalidInput",
    ErrorCode.INPUT_NOT_SELF_CONTAINED: "InvalidInput",
    ErrorCode.INPUT_TRUNCATED: "InvalidInput",
    ErrorCode.INPUT_UNREADABLE: "InvalidInput",
    ErrorCode.INPUT_NO_VIDEO: "InvalidInput",
    ErrorCode.INPUT_NO_AUDIO: "InvalidInput",
    ErrorCode.PASSTHROUGH_NOT_POSSIBLE: "InvalidInput",
    ErrorCode.OVERRIDE_NOT_POSSIBLE: "InvalidInput",
    ErrorCode.CODEC_NOT_ALLOWED: "InvalidInput",
    ErrorCode.INPUT_IS_PICTURE: "InvalidInput",
    ErrorCode.PICTURE_TOO_SMALL: "InvalidInput",
    ErrorCode.DOLBY_VISION_ONLY: "InvalidInput",
    ErrorCode.SIZE_MISMATCH: "InvalidInput",
    ErrorCode.CHECKSUM_MISMATCH: "InvalidInput",
    ErrorCode.SOURCE_ARCHIVED: "InvalidInput",
    ErrorCode.SOURCE_MISSING: "InvalidInput",
    ErrorCode.LIMIT_EXCEEDED: "LimitExceeded",
    ErrorCode.ENCODE_FAILED: "ProcessingFailed",
    ErrorCode.VERIFICATION_FAILED: "ProcessingFailed",
    ErrorCode.ACCESS_DENIED: "ProcessingFailed",
    ErrorCode.OUT_OF_MEMORY: "OutOfMemory",
    ErrorCode.OUT_OF_SPACE: "Transient",
    # Of the workflow: no worker says these.
    ErrorCode.NO_CAPACITY: "Transient",
    ErrorCode.TASK_REFUSED: "Transient",
    ErrorCode.UPLOAD_EXPIRED: "Transient",
    ErrorCode.TIMED_OUT: "Transient",
    ErrorCode.INTERNAL: "Transient",
    ErrorCode.INTERRUPTED: "Interrupted",
}


def client_error(code: str, status: int) -> ClientError:
    answer: Any = {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "HeadObject")


def test_the_table_knows_every_code_of_the_ledger() -> None:
    assert set(EXPECTED) == set(ErrorCode)


@pytest.mark.parametrize("code", list(ErrorCode))
def test_a_coded_error_is_reported_under_its_one_name(code: ErrorCode) -> None:
    told = describe(AttemptError(code, "what happened", "what to do"))
    assert told.error == EXPECTED[code]
    assert (told.failure.code, told.failure.message, told.failure.remedy) == (
        code,
        "what happened",
        "what to do",
    )


@pytest.mark.parametrize(
    ("error", "name", "code"),
    [
        (StoppedError("interrupted"), TaskError.INTERRUPTED, ErrorCode.INTERRUPTED),
        (ClaimRefusedError("stale"), TaskError.PROCESSING_FAILED, ErrorCode.INTERNAL),
        (LedgerUnavailableError("away"), TaskError.TRANSIENT, ErrorCode.INTERNAL),
        (psycopg.OperationalError("away"), TaskError.TRANSIENT, ErrorCode.INTERNAL),
        (client_error("AccessDenied", 403), TaskError.PROCESSING_FAILED, ErrorCode.ACCESS_DENIED),
        (client_error("InvalidObjectState", 403), TaskError.INVALID_INPUT, ErrorCode.SOURCE_ARCHIVED),
        (client_error("SlowDown", 503), TaskError.TRANSIENT, ErrorCode.INTERNAL),
        (EndpointConnectionError(endpoint_url="x"), TaskError.TRANSIENT, ErrorCode.INTERNAL),
        (OSError(errno.ENOSPC, "full"), TaskError.TRANSIENT, ErrorCode.OUT_OF_SPACE),
        (OSError(errno.EIO, "disk"), TaskError.TRANSIENT, ErrorCode.INTERNAL),
        (UnknownProfileError("profile 'x' does not exist"), TaskError.PROCESSING_FAILED, ErrorCode.INTERNAL),
        (MemoryError(), TaskError.TRANSIENT, ErrorCode.INTERNAL),
        (KeyError("surprise"), TaskError.TRANSIENT, ErrorCode.INTERNAL),
    ],
)
def test_an_uncoded_error_is_reported_by_its_kind(error: Exception, name: TaskError, code: ErrorCode) -> None:
    told = describe(error)
    assert (told.error, told.failure.code) == (name, code)
    assert told.failure.message
    assert told.failure.remedy


def test_only_errors_that_the_workflow_retries_count_as_healing() -> None:
    assert interrupted().heals
    assert describe(errors.TransientError(errors.ErrorCode.OUT_OF_SPACE, "m", "r")).heals
    assert not describe(errors.InvalidInputError(errors.ErrorCode.INPUT_EMPTY, "m", "r")).heals
    assert not describe(ClaimRefusedError("stale")).heals


def test_every_reason_of_media_work_is_a_public_code_of_the_same_name() -> None:
    for code in errors.ErrorCode:
        assert describe(errors.MediaError(code, "m", "r")).failure.code is ErrorCode[code.name]


def test_a_plan_that_does_not_fit_says_in_whole_mebibytes_what_would_do() -> None:
    told = describe(errors.MemoryNeededError("m", "r", needed_bytes=3 * 1024**3 + 1))
    assert (told.error, told.failure.code) == (TaskError.OUT_OF_MEMORY, ErrorCode.OUT_OF_MEMORY)
    assert told.needed_memory_mib == 3 * 1024 + 1
    killed = errors.LimitExceededError(errors.ErrorCode.OUT_OF_MEMORY, "m", "r")
    assert describe(killed).needed_memory_mib is None


def test_unexpected_errors_do_not_leak_their_text() -> None:
    told = describe(RuntimeError("connection to 10.0.0.1 with password hunter2"))
    assert "hunter2" not in told.failure.message
