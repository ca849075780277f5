"""How a child ended decides who must act, and whether the workflow tries again."""

import signal
from pathlib import Path

import pytest

from media.tools.diagnosis import diagnose
from media.tools.errors import (
    ErrorCode,
    LimitExceededError,
    MediaError,
    ToolFailedError,
    TransientError,
    last_lines,
)
from media.tools.limits import Budget


def _diagnose(exit_code: int, log: str, tmp_path: Path) -> MediaError | None:
    return diagnose("encode-video", exit_code, log, tmp_path, Budget(60))


def test_a_clean_end_is_no_error(tmp_path: Path) -> None:
    assert _diagnose(0, "some warning", tmp_path) is None


@pytest.mark.parametrize("exit_code", [0, 1])
def test_a_full_disk_is_transient_even_when_the_tool_calls_it_a_success(
    tmp_path: Path, exit_code: int
) -> None:
    error = _diagnose(exit_code, "av_interleaved_write_frame(): No space left on device", tmp_path)

    assert isinstance(error, TransientError)
    assert error.code is ErrorCode.OUT_OF_SPACE


def test_an_output_without_its_end_is_a_failure_even_with_exit_code_zero(tmp_path: Path) -> None:
    assert isinstance(
        _diagnose(0, "Error writing trailer of x: Input/output error", tmp_path), ToolFailedError
    )


@pytest.mark.parametrize("exit_code", [-signal.SIGKILL, -signal.SIGTERM, -signal.SIGHUP, 255])
def test_an_end_by_somebody_elses_signal_is_transient(tmp_path: Path, exit_code: int) -> None:
    error = _diagnose(exit_code, "", tmp_path)

    assert isinstance(error, TransientError)
    assert error.code is ErrorCode.INTERNAL


@pytest.mark.parametrize(
    "number", [signal.SIGSEGV, signal.SIGABRT, signal.SIGILL, signal.SIGFPE, signal.SIGBUS]
)
def test_a_crash_is_permanent(tmp_path: Path, number: signal.Signals) -> None:
    assert isinstance(_diagnose(-number, "", tmp_path), ToolFailedError)


@pytest.mark.parametrize("exit_code", [-signal.SIGXCPU, -signal.SIGXFSZ, 128 + signal.SIGXFSZ])
def test_an_exhausted_resource_is_a_limit(tmp_path: Path, exit_code: int) -> None:
    assert isinstance(_diagnose(exit_code, "", tmp_path), LimitExceededError)


def test_other_exit_codes_are_the_tools_own_failure_with_its_last_words_for_the_log_alone(
    tmp_path: Path,
) -> None:
    error = _diagnose(1, "first\nsecond\nthird\nfourth\n", tmp_path)

    assert isinstance(error, ToolFailedError)
    assert error.exit_code == 1
    assert error.__notes__ == ["The tool wrote: first | second | third | fourth"]
    assert "fourth" not in error.message


def test_the_last_words_are_short_and_name_no_directory() -> None:
    words = last_lines("x" * 5000 + "\nfile:/scratch/job/source: Invalid data\n'/scratch/job/v.mp4' failed")

    assert len(words) <= 2000
    assert "/scratch" not in words
    assert words.endswith("source: Invalid data | 'v.mp4' failed")
