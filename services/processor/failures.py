"""The one table that says how each kind of error is reported to the workflow."""

import errno
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import psycopg

from ledger.errors import ClaimRefusedError, JobNotFoundError, LedgerUnavailableError
from ledger.models import Failure
from ledger.states import ErrorCode, TaskError, task_error_for
from media.tools.errors import MediaError, MemoryNeededError
from media.tools.limits import MEBIBYTE
from processor.exchange.storage import S3_ERRORS, explain
from processor.task.errors import AttemptError
from processor.task.stop import StoppedError
from profiles import UnknownProfileError

_RETRIED: Final = (
    "No action needed: the workflow tries again. If it persists, the operator reads the task's log."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFailure:
    """What a failed attempt tells the workflow.

    Attributes:
        error: The name that the workflow acts on.
        failure: The cause for people.
        needed_memory_mib: The least that a task must have for this work; None where only a try can tell.
    """

    error: TaskError
    failure: Failure
    needed_memory_mib: int | None = None

    @property
    def heals(self) -> bool:
        """Whether the workflow tries again, so that the job stays in progress."""
        return self.error in {TaskError.TRANSIENT, TaskError.INTERRUPTED}


def _of_media(error: MediaError) -> TaskFailure:
    return _coded(ErrorCode(error.code.value), error.message, error.remedy)


def _of_memory(error: MemoryNeededError) -> TaskFailure:
    return replace(_of_media(error), needed_memory_mib=-(-error.needed_bytes // MEBIBYTE))


def _of_attempt(error: AttemptError) -> TaskFailure:
    return _coded(error.code, error.message, error.remedy)


def _of_refused_claim(error: Exception) -> TaskFailure:
    # The job belongs to another attempt or is settled. A retry of this execution could never claim it, so the
    # error name is one that the workflow does not retry; the ledger ignores the failure of a stale attempt.
    failure = Failure(
        code=ErrorCode.INTERNAL,
        message=f"This attempt may not work on the job: {error}",
        remedy="No action needed: the job's current attempt goes on.",
    )
    return TaskFailure(error=TaskError.PROCESSING_FAILED, failure=failure)


def _of_unknown_profile(error: UnknownProfileError) -> TaskFailure:
    failure = Failure(
        code=ErrorCode.INTERNAL,
        message=f"The job cannot be processed: {error.args[0]}.",
        remedy="The operator must deploy the API and the processor from the same version and retry the job.",
    )
    return TaskFailure(error=TaskError.PROCESSING_FAILED, failure=failure)


def _of_operating_system(error: OSError) -> TaskFailure:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        remedy = "The operator must give the processor's tasks more ephemeral storage if this persists."
        return _coded(ErrorCode.OUT_OF_SPACE, "The scratch volume is full.", remedy)
    return _of_anything(error)


def _of_aws(error: Exception) -> TaskFailure:
    return _of_attempt(explain(error, "use an AWS service"))


def _of_database(error: Exception) -> TaskFailure:
    return _coded(ErrorCode.INTERNAL, f"The ledger database failed ({type(error).__name__}).", _RETRIED)


def _of_anything(error: BaseException) -> TaskFailure:
    return _coded(
        ErrorCode.INTERNAL, f"The processor failed unexpectedly ({type(error).__name__}).", _RETRIED
    )


# Looked up from the top; the first class that fits decides.
_TABLE: Final[tuple[tuple[type[BaseException], Callable[[Any], TaskFailure]], ...]] = (
    (MemoryNeededError, _of_memory),
    (MediaError, _of_media),
    (AttemptError, _of_attempt),
    (StoppedError, lambda _: interrupted()),
    (ClaimRefusedError, _of_refused_claim),
    (JobNotFoundError, _of_refused_claim),
    (UnknownProfileError, _of_unknown_profile),
    (LedgerUnavailableError, _of_database),
    (psycopg.Error, _of_database),
    *((kind, _of_aws) for kind in S3_ERRORS),
    (OSError, _of_operating_system),
    (BaseException, _of_anything),
)


def describe(error: BaseException) -> TaskFailure:
    """Return what to tell the workflow about `error`; unexpected errors heal or run out of retries."""
    return next(report(error) for kind, report in _TABLE if isinstance(error, kind))


def interrupted() -> TaskFailure:
    """Return what to tell the workflow when the task was told to stop."""
    message = "The task was stopped before the job was finished (SIGTERM)."
    return _coded(ErrorCode.INTERRUPTED, message, "No action needed: the workflow starts the job again.")


def unwanted() -> TaskFailure:
    """Return what to tell the workflow when the job was cancelled or has failed: end, and do not retry."""
    failure = Failure(
        code=ErrorCode.INTERNAL,
        message="The job was cancelled or has failed, so its work was stopped.",
        remedy="No action needed; a retry of the job starts it anew.",
    )
    return TaskFailure(error=TaskError.PROCESSING_FAILED, failure=failure)


def _coded(code: ErrorCode, message: str, remedy: str) -> TaskFailure:
    failure = Failure(code=code, message=message, remedy=remedy)
    return TaskFailure(error=task_error_for(code), failure=failure)
