"""Ships task output to CloudWatch Logs and to a file, as the awslogs driver would."""

import logging
import queue
import threading
import time
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.agent.plan import LogTarget, TaskStartError
from local.aws import AwsAccess

_LOGGER = logging.getLogger(__name__)
_BATCH_LINES = 500
_FLUSH_SECONDS = 0.5
_LINE_BYTES = 200_000


class LogShipper:
    """Takes lines from a task and sends them in batches from its own thread.

    Args:
        access: The emulator with the execution role's credentials.
        target: Group and stream, or None to write the file only.
        path: The local log file.

    Raises:
        TaskStartError: The stream cannot be created; ECS refuses to start such a task too.
    """

    def __init__(self, access: AwsAccess, target: LogTarget | None, path: Path) -> None:
        self._access = access
        self._target = target
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("a", encoding="utf-8")
        self._lines: queue.Queue[tuple[int, str] | None] = queue.Queue()
        if target is not None:
            self._create_stream(target)
        self._thread = threading.Thread(target=self._run, name="task-logs", daemon=True)
        self._thread.start()

    def write(self, line: str) -> None:
        """Take one line."""
        self._lines.put((int(time.time() * 1000), line[:_LINE_BYTES]))

    def close(self) -> None:
        """Send what is left and end."""
        self._lines.put(None)
        self._thread.join(timeout=10)
        self._file.close()

    def _create_stream(self, target: LogTarget) -> None:
        client = self._access.client("logs")
        try:
            client.create_log_stream(logGroupName=target.group, logStreamName=target.stream)
        except client.exceptions.ResourceAlreadyExistsException:
            return
        except ClientError as error:
            self._file.close()
            message = f"failed to create the log stream {target.stream} in {target.group}: {error}"
            raise TaskStartError(message, remedy="Give the execution role logs:CreateLogStream.") from error

    def _run(self) -> None:
        ended = False
        while not ended:
            batch, ended = self._next_batch()
            if batch:
                for _, line in batch:
                    self._file.write(f"{line}\n")
                self._file.flush()
                self._send(batch)

    def _next_batch(self) -> tuple[list[tuple[int, str]], bool]:
        batch: list[tuple[int, str]] = []
        deadline = time.monotonic() + _FLUSH_SECONDS
        while len(batch) < _BATCH_LINES:
            try:
                item = self._lines.get(timeout=max(0.01, deadline - time.monotonic()))
            except queue.Empty:
                return batch, False
            if item is None:
                return batch, True
            batch.append(item)
        return batch, False

    def _send(self, batch: list[tuple[int, str]]) -> None:
        if self._target is None:
            return
        events: list[dict[str, Any]] = [
            {"timestamp": timestamp, "message": line} for timestamp, line in batch if line
        ]
        try:
            if events:
                self._access.client("logs").put_log_events(
                    logGroupName=self._target.group, logStreamName=self._target.stream, logEvents=events
                )
        except (ClientError, BotoCoreError):
            _LOGGER.exception("task output could not be sent to %s", self._target.group)
