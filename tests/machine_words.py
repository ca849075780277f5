"""In every suite: no error may tell people an address, a scratch name, a path or a line that a tool wrote.

The ledger looks for traces in whatever comes to it; here it raises instead of mending. Beside it every error
of the media work is looked at when it is made, also by suites without a ledger, and there against the very
lines that tools have written in this process.
"""

import os
from collections import deque

from ledger.jobs import wording
from ledger.jobs.wording import MachineWordsError
from media.tools.errors import MediaError
from media.tools.output import LogTail

_SHORTEST_LINE = 16
"""A shorter line may be a word that a message has for itself."""

_lines: deque[str] = deque(maxlen=2000)


def watch() -> None:
    """Raise MachineWordsError from now on wherever a failure would be told in the machine's words."""
    wording.refuse()
    make, text = MediaError.__init__, LogTail.text

    def made(self: MediaError, code: object, message: str, remedy: str) -> None:
        check(message)
        make(self, code, message, remedy)  # type: ignore[arg-type]

    def read(self: LogTail) -> str:
        log = text(self)
        _lines.extend(line for line in map(str.strip, log.splitlines()) if len(line) >= _SHORTEST_LINE)
        return log

    MediaError.__init__, LogTail.text = made, read  # type: ignore[method-assign]


def check(message: str) -> None:
    """Raise when people must not be told this.

    Raises:
        MachineWordsError: It holds a trace of the machine, or a line that a tool has written in this process.
    """
    found = wording.traces(message) + [f"the line {line!r}" for line in tuple(_lines) if line in message]
    if found:
        told = f"pid {os.getpid()}: an error tells {' and '.join(found)}: {message!r}"
        raise MachineWordsError(told)
