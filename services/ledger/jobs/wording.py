"""Keeps the machine's words out of what people read about a failure.

Every failure passes here on its way into the ledger. Texts are written by us, but they may quote: a decoder's
address, a scratch file or a tool's log line means nothing to a person who has only the file, and tells about
the machine. The log of the task has all of it.
"""

import logging
import re
from dataclasses import replace
from typing import Final

from ledger.jobs.failures import failure as usual
from ledger.models import Failure

logger = logging.getLogger(__name__)

_TRACES: Final[dict[str, re.Pattern[str]]] = {
    "an address": re.compile(r"\b0x[0-9a-f]{3,}", re.IGNORECASE),
    "a path": re.compile(r"(?<![\w/:.~-])(?:file:)?/(?:[\w.@+-]+/)+[\w.@+-]*"),
    "a scratch name": re.compile(
        r"\bfile:|\b[0-9a-f]{32}\.\w+|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}-\d+-\d+-\w+"
    ),
    "a tool's log line": re.compile(
        r"\[[^\]\n]{1,80} @ |\[(?:error|fatal|panic|warning|info|debug)\]|\[(?:in|out|[av]ist|[av]ost)#\d|"
        r"\bx26[45] \[|(?:^|[^:]): (?:Invalid data found|No such file or directory|Permission denied)|"
        r"Invalid data found when processing input|Error while (?:decoding|opening|processing)|"
        r"moov atom not found|Could not find codec parameters|Error (?:initializing|opening|submitting) |"
        r"Conversion failed!|Invalid argument\b|non monotonically increasing|Stream #\d+:\d+|"
        r"Traceback \(most recent call last\)"
    ),
}
_strict = False


class MachineWordsError(AssertionError):
    """A failure was to be told in the machine's words; only where `refuse` was called."""


def refuse() -> None:
    """Raise from now on where a text would be replaced; every suite of tests does so."""
    global _strict  # noqa: PLW0603 -- the switch of this process
    _strict = True


def traces(text: str) -> list[str]:
    """What a text holds that people must not be told; empty when it is fit for them."""
    return [name for name, pattern in _TRACES.items() if pattern.search(text)]


def for_people(failure: Failure) -> Failure:
    """Give the failure with a message that people may read.

    A message with a trace of the machine is replaced by the usual one of its code, and the error is logged
    with the original: the failure itself is never lost.

    Raises:
        MachineWordsError: The message holds a trace and this process is a test.
    """
    found = traces(failure.message)
    if not found:
        return failure
    if _strict:
        message = f"{failure.code} is told with {' and '.join(found)}: {failure.message!r}"
        raise MachineWordsError(message)
    logger.error(
        "failure_message_replaced",
        extra={"code": failure.code.value, "found": found, "original": failure.message},
    )
    return replace(failure, message=usual(failure.code).message)
