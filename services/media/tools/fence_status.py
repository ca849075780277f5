"""How the worker learns that a fence did not start, which must never look like a tool that failed."""

import os
from contextlib import suppress
from types import TracebackType
from typing import Final, Self

from media.tools.errors import ErrorCode, TransientError

_MOST_BYTES: Final = 4096


class FenceStatus:
    """A pipe that the launcher has and the tool has not: what arrives there is the fence's trouble."""

    def __init__(self) -> None:
        self._reader, self.writer = os.pipe()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for descriptor in (self._reader, self.writer):
            with suppress(OSError):
                os.close(descriptor)

    def started(self) -> None:
        """Leave the pipe's end to the child."""
        os.close(self.writer)
        self.writer = -1

    def trouble(self) -> TransientError | None:
        """What kept the fence from starting; call it when the child has ended."""
        text = os.read(self._reader, _MOST_BYTES).decode("utf-8", "replace")
        if not text:
            return None
        error = TransientError(
            ErrorCode.INTERNAL,
            "The fence around the media tools does not start here; the task's log says where it stops.",
            "The operator must read 'When the fence does not start' in docs/security.md and retry the job.",
        )
        error.add_note(f"The fence cannot {text}")
        return error
