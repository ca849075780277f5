"""The Step Functions task token: report success, failure and heartbeats of this attempt."""

import json
import logging
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

logger = logging.getLogger(__name__)

MAX_CAUSE_BYTES: Final = 8 * 1024
MAX_OUTPUT_BYTES: Final = 256 * 1024
_GONE_CODES: Final = frozenset({"TaskTimedOut", "TaskDoesNotExist", "InvalidToken"})
_ANSWER_DELAYS_SECONDS: Final = (0.5, 1.0, 2.0, 4.0, 8.0)


class TokenGoneError(Exception):
    """The workflow no longer waits for this token: stop the work and publish nothing."""


class TokenUnreachableError(Exception):
    """The workflow could not be reached, so it is unknown whether it still waits for this token."""


class TaskToken:
    """Answers one task token.

    Args:
        client: The Step Functions client.
        token: The token that the workflow handed to this task.
        sleep: Waits between tries of an answer; replaced in tests.
    """

    def __init__(
        self, client: "SFNClient", token: str, *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._client = client
        self._token = token
        self._sleep = sleep

    def send_heartbeat(self) -> None:
        """Tell the workflow that the task is alive; the next heartbeat is the retry of a lost one.

        Raises:
            TokenGoneError: The workflow no longer waits for this token.
            TokenUnreachableError: The call failed for another reason.
        """
        self._call(lambda: self._client.send_task_heartbeat(taskToken=self._token))

    def succeed(self, output: Mapping[str, Any]) -> None:
        """End the task with `output`.

        Raises:
            TokenGoneError: The workflow no longer waits for this token.
            TokenUnreachableError: The workflow could not be reached for about 15 seconds.
            ValueError: The output is larger than a workflow state may carry.
        """
        text = json.dumps(output, separators=(",", ":"))
        size_bytes = len(text.encode())
        if size_bytes > MAX_OUTPUT_BYTES:
            message = f"the task output has {size_bytes} bytes, allowed are {MAX_OUTPUT_BYTES}: shorten it"
            raise ValueError(message)
        self._answer(lambda: self._client.send_task_success(taskToken=self._token, output=text))

    def fail(
        self, error: str, *, code: str, message: str, remedy: str, needed_memory_mib: int | None = None
    ) -> None:
        """End the task with a named error and a JSON cause of at most 8 KiB.

        Raises:
            TokenGoneError: The workflow no longer waits for this token.
            TokenUnreachableError: The workflow could not be reached for about 15 seconds.
        """
        cause = failure_cause(code=code, message=message, remedy=remedy, needed_memory_mib=needed_memory_mib)
        self._answer(lambda: self._client.send_task_failure(taskToken=self._token, error=error, cause=cause))

    def _answer(self, call: Callable[[], object]) -> None:
        for delay_seconds in _ANSWER_DELAYS_SECONDS:
            try:
                self._call(call)
            except TokenUnreachableError as error:
                logger.warning("answer not delivered, trying again", extra={"reason": str(error)})
                self._sleep(delay_seconds)
            else:
                return
        self._call(call)

    def _call(self, call: Callable[[], object]) -> None:
        try:
            call()
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            if code in _GONE_CODES:
                message = f"the workflow no longer waits for this task ({code})"
                raise TokenGoneError(message) from error
            message = f"Step Functions refused the call ({code})"
            raise TokenUnreachableError(message) from error
        except BotoCoreError as error:
            message = f"Step Functions cannot be reached ({type(error).__name__})"
            raise TokenUnreachableError(message) from error


def failure_cause(*, code: str, message: str, remedy: str, needed_memory_mib: int | None = None) -> str:
    """Return the JSON cause of a failed task; long texts are shortened so that the cause stays valid JSON."""
    needs = {} if needed_memory_mib is None else {"needed_memory_mib": needed_memory_mib}
    cause = json.dumps({"code": code, "message": message, "remedy": remedy, **needs})
    if len(cause) <= MAX_CAUSE_BYTES:
        return cause
    # json.dumps writes ASCII and spends at most 12 bytes on a character (an escaped surrogate pair).
    shortened = {"code": code, "message": message[:500] + " [shortened]", "remedy": remedy[:100]}
    return json.dumps(shortened | needs)
