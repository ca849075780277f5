import json

import pytest

from ledger.jobs.failures import MAX_TEXT_CHARACTERS, failure, failure_from_workflow
from ledger.states import ErrorCode, TaskError, task_error_for


def test_a_workers_cause_is_taken_word_for_word() -> None:
    cause = json.dumps({"code": "OUT_OF_SPACE", "message": "Disk full.", "remedy": "More disk."})

    told = failure_from_workflow("Transient", cause)

    assert (told.code, told.message, told.remedy) == (ErrorCode.OUT_OF_SPACE, "Disk full.", "More disk.")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ("InvalidInput", ErrorCode.INPUT_UNREADABLE),
        ("LimitExceeded", ErrorCode.LIMIT_EXCEEDED),
        ("ProcessingFailed", ErrorCode.ENCODE_FAILED),
        ("Interrupted", ErrorCode.INTERRUPTED),
        ("Transient", ErrorCode.INTERNAL),
        ("States.Timeout", ErrorCode.TIMED_OUT),
        ("States.HeartbeatTimeout", ErrorCode.INTERRUPTED),
        ("ECS.AmazonECSException", ErrorCode.INTERNAL),
        ("", ErrorCode.INTERNAL),
    ],
)
@pytest.mark.parametrize(
    "cause", ["", "not json", "[1]", "null", '{"code": "ODD"}', '{"code": 5}', '{"code": []}']
)
def test_without_a_usable_cause_the_error_name_decides_and_internals_stay_hidden(
    error: str, code: ErrorCode, cause: str
) -> None:
    assert failure_from_workflow(error, cause) == failure(code)


@pytest.mark.parametrize("code", list(ErrorCode))
def test_every_code_has_words_for_people_and_an_error_name(code: ErrorCode) -> None:
    told = failure(code)

    assert told.message.endswith(".")
    assert told.remedy.endswith(".")
    assert task_error_for(code) in TaskError


def test_texts_are_cut_and_freed_of_what_the_database_cannot_store() -> None:
    told = failure(ErrorCode.INTERNAL, "\0" + "x" * 5000)

    assert told.message == "x" * MAX_TEXT_CHARACTERS


@pytest.mark.parametrize(
    ("code", "name"),
    [
        (ErrorCode.INPUT_NO_VIDEO, TaskError.INVALID_INPUT),
        (ErrorCode.INPUT_NO_AUDIO, TaskError.INVALID_INPUT),
        (ErrorCode.PASSTHROUGH_NOT_POSSIBLE, TaskError.INVALID_INPUT),
        (ErrorCode.SOURCE_MISSING, TaskError.INVALID_INPUT),
        (ErrorCode.LIMIT_EXCEEDED, TaskError.LIMIT_EXCEEDED),
        (ErrorCode.VERIFICATION_FAILED, TaskError.PROCESSING_FAILED),
        (ErrorCode.ACCESS_DENIED, TaskError.PROCESSING_FAILED),
        (ErrorCode.OUT_OF_SPACE, TaskError.TRANSIENT),
        (ErrorCode.INTERNAL, TaskError.TRANSIENT),
        (ErrorCode.INTERRUPTED, TaskError.INTERRUPTED),
    ],
)
def test_only_what_can_heal_is_reported_as_retryable(code: ErrorCode, name: TaskError) -> None:
    assert task_error_for(code) is name
