"""No failure enters the ledger in the machine's words, and none is lost because of them."""

import logging

import pytest

from ledger.jobs import wording
from ledger.jobs.failures import failure
from ledger.models import Failure
from ledger.states import ErrorCode
from tests import machine_words

MACHINE = {
    "an address": "The file cannot be read: [mov,mp4 @ 0x55d0c8a3b2c0] broken.",
    "a path": "The file cannot be read: /var/scratch/job-1/source.mp4 is broken.",
    "a scratch name": "0af7651916cd43dd8448eb211c80319c.source is broken.",
    "a tool's log line": "The file cannot be read: moov atom not found.",
}
FIT = (
    "The codec 'apac' is not accepted.",
    "The file is cut short: its index (the moov box) is missing.",
    "720p.mp4 lasts 3.9 seconds instead of 4.0.",
    "The pixels are not square (4/3); 30/1001 frames.",
    "Could not upload 720p.mp4 to bucket media-1234: S3 answered SlowDown (HTTP 503).",
    "Object videos/0af7651916cd/1/720p.mp4 has size 3.",
    "The step 'encode' ended with exit code 1.",
    "The task stopped: 123456789012.dkr.ecr.eu-west-1.amazonaws.com/video/processor cannot be pulled.",
)


@pytest.fixture
def in_production(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wording, "_strict", False)


@pytest.mark.parametrize(("trace", "message"), MACHINE.items())
def test_a_test_that_tells_a_failure_in_the_machines_words_fails(trace: str, message: str) -> None:
    with pytest.raises(wording.MachineWordsError, match=trace):
        wording.for_people(failure(ErrorCode.INPUT_UNREADABLE, message))


@pytest.mark.parametrize("message", MACHINE.values())
@pytest.mark.usefixtures("in_production")
def test_in_production_the_usual_words_take_their_place_and_the_log_has_the_original(
    message: str, caplog: pytest.LogCaptureFixture
) -> None:
    given = failure(ErrorCode.INPUT_UNREADABLE, message, "Ask the operator.")

    told = wording.for_people(given)

    assert told == Failure(
        code=ErrorCode.INPUT_UNREADABLE, message="The file cannot be read.", remedy="Ask the operator."
    )
    (record,) = caplog.records
    assert (record.levelno, record.getMessage()) == (logging.ERROR, "failure_message_replaced")
    assert vars(record)["original"] == message


@pytest.mark.parametrize("message", FIT)
def test_words_for_people_stay_as_they_are(message: str) -> None:
    assert wording.for_people(failure(ErrorCode.INTERNAL, message)).message == message


@pytest.mark.parametrize("code", list(ErrorCode))
def test_the_usual_words_of_every_code_are_fit_for_people(code: ErrorCode) -> None:
    assert wording.traces(failure(code).message) == []


def test_a_line_that_a_tool_wrote_in_this_process_is_recognised_as_such() -> None:
    from media.tools.output import LogTail

    log = LogTail()
    log.feed(b"a sentence that only a tool says\n")
    log.text()

    with pytest.raises(wording.MachineWordsError, match="the line"):
        machine_words.check("It failed: a sentence that only a tool says.")
