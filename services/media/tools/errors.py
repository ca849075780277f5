"""Why media work stopped, split by who must act."""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Final, TypeVar

_DIRECTORIES = re.compile(r"(?:file:)?/(?:[^\s/'\"]+/)+")
_NOTED_LINES: Final = 12
Noted = TypeVar("Noted", bound=BaseException)


class ErrorCode(StrEnum):
    """Stable reasons why media work stops; the ledger's codes of the same names are what callers see."""

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
    ENCODE_FAILED = "ENCODE_FAILED"
    VERIFICATION_FAILED = "VERIFICATION_FAILED"
    OUT_OF_MEMORY = "OUT_OF_MEMORY"
    OUT_OF_SPACE = "OUT_OF_SPACE"
    INTERRUPTED = "INTERRUPTED"
    INTERNAL = "INTERNAL"


class MediaError(Exception):
    """Base of everything that media work raises on purpose.

    Attributes:
        code: Public, stable reason.
        message: What happened, with the value and the allowed range.
        remedy: What to do, and who must do it.
    """

    def __init__(self, code: ErrorCode, message: str, remedy: str) -> None:
        super().__init__(f"{code}: {message} {remedy}")
        self.code = code
        self.message = message
        self.remedy = remedy


class InvalidInputError(MediaError):
    """The source cannot be used; the person who uploaded it must act, a retry cannot help."""


class DamagedInputError(InvalidInputError):
    """A part of the source is missing or cannot be decoded; what is left can be used where that is wanted.

    Attributes:
        lost: How much is gone, with units in the names; JSON-serialisable.
    """

    def __init__(
        self, code: ErrorCode, message: str, remedy: str, lost: Mapping[str, int | float] | None = None
    ) -> None:
        super().__init__(code, message, remedy)
        self.lost = dict(lost or {})


class LimitExceededError(MediaError):
    """The source is larger than the platform allows; the uploader or the operator must act."""


class MemoryNeededError(LimitExceededError):
    """The plan needs more memory than the task has; known before any work is lost.

    Attributes:
        needed_bytes: The least that a task must have.
    """

    def __init__(self, message: str, remedy: str, *, needed_bytes: int) -> None:
        super().__init__(ErrorCode.OUT_OF_MEMORY, message, remedy)
        self.needed_bytes = needed_bytes


class ProcessingFailedError(MediaError):
    """The work failed on a usable source in a way that would repeat; the operator must act."""


class TransientError(MediaError):
    """Something outside the source failed and may heal; the same work may be tried again."""


class InterruptedWorkError(MediaError):
    """The work was told to stop; it must begin anew."""


class ToolFailedError(ProcessingFailedError):
    """A media tool ended with an error of its own.

    Attributes:
        exit_code: What the tool returned; negative when a crash signal ended it.
        log: The kept part of its standard error.
    """

    def __init__(self, step: str, exit_code: int, log: str) -> None:
        super().__init__(
            ErrorCode.ENCODE_FAILED,
            f"The step {step!r} ended with exit code {exit_code}.",
            "Report this job to the operator; the same source will fail again.",
        )
        self.exit_code = exit_code
        self.log = log
        noted(self, log)


def noted(error: Noted, log: str) -> Noted:
    """Attach a tool's words to an error: the traceback in the log shows them, the message never does."""
    error.add_note(f"The tool wrote: {last_lines(log, _NOTED_LINES) or 'nothing'}")
    return error


def last_lines(log: str, count: int = 3) -> str:
    """Give the last `count` non-empty lines of a tool's log as one line of at most 2,000 characters.

    Directories are left out: they are of no use to a reader and tell about the machine.
    """
    lines = [_DIRECTORIES.sub("", line.strip()) for line in log.splitlines() if line.strip()]
    return " | ".join(lines[-count:])[-2000:]
