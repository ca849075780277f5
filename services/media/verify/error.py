"""How a check says that an output is not what it must be."""

from typing import NoReturn

from media.tools.errors import ErrorCode, ProcessingFailedError


def failure(message: str) -> ProcessingFailedError:
    """The error of a failed check; `message` names the output, what was found and what was expected."""
    return ProcessingFailedError(
        ErrorCode.VERIFICATION_FAILED,
        message,
        "Nothing was published. Report this job to the operator; the same source would fail again.",
    )


def fail(message: str) -> NoReturn:
    """Raise `failure(message)`."""
    raise failure(message)
