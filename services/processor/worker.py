"""One attempt at one job, from the claim to the answer of its task token."""

import logging
import shutil
from collections.abc import Callable
from enum import IntEnum
from typing import Any, Final

from ledger.errors import FenceLostError
from processor.exchange.superseded import tag_superseded
from processor.failures import TaskFailure, describe, interrupted, unwanted
from processor.steps.assemble import assemble
from processor.steps.attempt import Attempt, WorkerContext
from processor.steps.encode_chunk import encode_step
from processor.steps.prepare import prepare
from processor.task.heartbeat import Heartbeat, reason_of
from processor.task.ledger_session import LedgerSession
from processor.task.settings import Settings
from processor.task.stages import StageTracker
from processor.task.stop import StopReason
from processor.task.token import TokenGoneError, TokenUnreachableError

logger = logging.getLogger(__name__)

_EARLY_ENDS: Final = {StopReason.INTERRUPTED: interrupted, StopReason.JOB_SETTLED: unwanted}
_STEPS: Final[dict[str, Callable[[Attempt], dict[str, Any]]]] = {
    "prepare": prepare,
    "encode": encode_step,
    "assemble": assemble,
}


class Exit(IntEnum):
    """Exit codes of the process: 0 when the workflow has its answer, another one when it has none."""

    ANSWERED = 0
    REFUSED_TO_START = 2
    TOKEN_GONE = 3
    FENCE_LOST = 4
    UNANSWERED = 5


class Worker:
    """Works on the job that the settings name.

    Args:
        settings: The checked settings.
        context: Clients and switches.
    """

    def __init__(self, settings: Settings, context: WorkerContext) -> None:
        self._settings = settings
        self._context = context
        self._stop = context.stop
        self._attempt: Attempt | None = None

    def run(self) -> Exit:
        """Do the attempt and answer the token; nothing of the scratch directory is left."""
        context = self._context
        attempt = Attempt(
            settings=self._settings,
            context=context,
            stages=StageTracker(context.board),
            session=context.open_session(),
            heartbeat_session=context.open_session(),
            heartbeat=Heartbeat(context.token, self._stop, interval_seconds=context.heartbeat_seconds),
        )
        self._attempt = attempt
        attempt.heartbeat.start()
        try:
            return self._answer(attempt)
        except TokenGoneError:
            logger.warning("workflow no longer waits for the answer")
            return Exit.TOKEN_GONE
        except TokenUnreachableError as error:
            logger.exception("answer not delivered", extra={"reason": str(error)})
            return Exit.UNANSWERED
        finally:
            attempt.heartbeat.end()
            attempt.heartbeat_session.close()
            context.board.close()
            # Last of all, so that nobody waits for it: neither the workflow nor whoever watches the job.
            self._tag_superseded(attempt)
            attempt.session.close()

    def abandon(self) -> Exit:
        """Give the attempt up from another thread, when the one that works does not come back in time."""
        try:
            self._report(self._context.open_session(), interrupted())
        except TokenGoneError:
            return Exit.TOKEN_GONE
        except TokenUnreachableError as error:
            logger.warning("answer not delivered", extra={"reason": str(error)})
            return Exit.UNANSWERED
        finally:
            if self._attempt is not None and self._attempt.scratch is not None:
                shutil.rmtree(self._attempt.scratch, ignore_errors=True)
        return Exit.ANSWERED

    def _answer(self, attempt: Attempt) -> Exit:
        try:
            answer = _STEPS[self._settings.step](attempt)
        except Exception as error:  # noqa: BLE001 (the entry point: every error becomes a typed answer)
            return self._answer_failure(attempt.session, error)
        self._context.token.succeed(answer)
        return Exit.ANSWERED

    def _tag_superseded(self, attempt: Attempt) -> None:
        if attempt.completed is not None:
            tag_superseded(self._context.s3, self._settings.media_bucket, attempt.completed, self._stop)

    def _answer_failure(self, session: LedgerSession, error: Exception) -> Exit:
        reason = self._stop.reason
        if reason is None and isinstance(error, FenceLostError):
            reason = reason_of(error)
        if reason is StopReason.TOKEN_GONE or isinstance(error, TokenGoneError):
            logger.warning("workflow no longer waits, nothing is published")
            return Exit.TOKEN_GONE
        if reason is StopReason.FENCE_LOST:
            # No answer: if the newer worker was handed the same token, a failure would end its work too.
            logger.warning("another worker holds the job, nothing is published")
            return Exit.FENCE_LOST
        self._report(session, describe(error) if reason is None else _EARLY_ENDS[reason](), error)
        return Exit.ANSWERED

    def _report(
        self, session: LedgerSession, task_failure: TaskFailure, error: Exception | None = None
    ) -> None:
        failure = task_failure.failure
        logger.error(
            "attempt failed",
            exc_info=error,
            extra={"error": task_failure.error.value, "code": failure.code.value, "reason": failure.message},
        )
        try:
            self._let_go(session, task_failure)
        except Exception as release_error:  # noqa: BLE001 (the workflow must get its answer all the same)
            logger.warning("attempt not released", extra={"reason": type(release_error).__name__})
        self._context.token.fail(
            task_failure.error.value,
            code=failure.code.value,
            message=failure.message,
            remedy=failure.remedy,
            needed_memory_mib=task_failure.needed_memory_mib,
        )

    def _let_go(self, session: LedgerSession, task_failure: TaskFailure) -> None:
        attempt, failure = self._attempt, task_failure.failure
        if attempt is None:
            return
        if attempt.chunk is not None:
            is_final = not task_failure.heals and self._stop.reason is None
            session.end_chunk(attempt.chunk, failure if is_final else None)
        if attempt.claim is not None and task_failure.heals:
            session.release(attempt.claim, failure.code, failure.message)
