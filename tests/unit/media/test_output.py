"""Logs stay bounded and progress is read as it comes."""

import pytest

from media.tools.errors import ToolFailedError
from media.tools.output import Answer, FaultCounter, LogTail, ProgressParser, ProgressSample, problems

REPORT = b"frame=30\nfps=29.5\nbitrate=N/A\nout_time_us=1000000\nspeed=0.98x\nprogress=continue\n"


def test_a_short_log_is_kept_whole() -> None:
    log = LogTail(10, 10)
    for part in (b"0123456", b"789", b"ab"):
        log.feed(part)

    assert log.text() == "0123456789ab"


def test_a_long_log_keeps_its_first_and_last_bytes_and_says_what_is_missing() -> None:
    log = LogTail(4, 4)
    for _ in range(100):
        log.feed(b"middle")
    log.feed(b"last")

    assert log.text() == "midd\n[596 bytes left out]\nlast"


def test_bytes_that_are_no_text_do_not_break_a_log() -> None:
    log = LogTail()
    log.feed(b"\xff\xfe ok")

    assert log.text().endswith(" ok")


def test_an_answer_is_kept_whole_up_to_its_ceiling_and_refused_above_it() -> None:
    answer = Answer("probe", 10)
    answer.feed(b"01234")
    answer.feed(b"56789")
    assert answer.data() == b"0123456789"

    with pytest.raises(ToolFailedError, match="longer than the allowed 10 bytes"):
        answer.feed(b"!")


def test_what_could_not_be_decoded_is_counted_by_stream_however_the_bytes_are_cut() -> None:
    log = (
        b"[h264 @ 0x1] [error] Error splitting the input into NAL units.\n"
        b"[error] Error while decoding stream #0:0: Invalid data found when processing input\n"
        b"[warning] file:/scratch/a.mp4: corrupt decoded frame in stream 0\n"
        b"Error while decoding stream #0:12: Invalid data found when processing input\n"
        b"[error] Error while decoding stream #1:0: Invalid data found when processing input\n"
    )
    counter = FaultCounter()
    for byte in log:
        counter.feed(bytes([byte]))

    assert counter.by_stream == {0: 2, 12: 1}


def test_a_line_without_end_does_not_fill_the_memory_of_the_counter() -> None:
    counter = FaultCounter()
    for _ in range(100):
        counter.feed(b"x" * 10_000)

    assert len(counter._rest) <= 16 * 1024


def test_progress_is_read_however_the_bytes_are_cut() -> None:
    samples: list[ProgressSample] = []
    parser = ProgressParser(samples.append)
    for byte in REPORT:
        parser.feed(bytes([byte]))

    assert samples == [ProgressSample(frames=30, fps=29.5, out_seconds=1.0, speed=0.98)]


def test_values_that_are_not_known_yet_become_neutral() -> None:
    samples: list[ProgressSample] = []
    ProgressParser(samples.append).feed(b"out_time_us=N/A\nspeed=N/A\nprogress=end\n")

    assert samples == [ProgressSample(frames=0, fps=None, out_seconds=0.0, speed=None)]


def test_only_errors_are_taken_from_a_log_with_levels() -> None:
    log = """[info] Input #0, mov, from 'file:/s/x':
[info]     title           : [error] No space left on device
                    : [error] second line of the title
[h264 @ 0x55ab] [warning] left block unavailable
[mov @ 0x55ab] [h264 @ 0x55ac] [error] Codec (magicyuv) not on whitelist
[fatal] Error writing trailer of x
"""

    assert problems(log) == (
        "[mov @ 0x55ab] [h264 @ 0x55ac] Codec (magicyuv) not on whitelist\nError writing trailer of x"
    )
