"""What the kernel of this machine offers to fence a tool in, and the launcher that makes use of it."""

import logging
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Final

from media.tools.errors import ErrorCode, TransientError

logger = logging.getLogger(__name__)

LAUNCHER_NAME: Final = "media-fence"
_OFFER: Final = re.compile(r"network=(own|user|shared) landlock=(\d+)\n")
_OFFER_SECONDS: Final = 10


class Network(StrEnum):
    """How a tool can lose the network."""

    OWN = "own"
    """By a namespace that a privileged worker makes; it can make mounts as well."""
    USER = "user"
    """By a namespace below a user namespace, for an ordinary user."""
    SHARED = "shared"
    """Not by a namespace: Fargate refuses new ones. The tool cannot open sockets all the same."""


@dataclass(frozen=True, slots=True)
class Kernel:
    """What the fence may count on beside seccomp, which every kernel has.

    Attributes:
        network: How a tool loses the network.
        landlock: Version of Landlock's interface; 0 where there is none.
    """

    network: Network
    landlock: int


@cache
def this_kernel() -> Kernel:
    """Ask the kernel what it offers to this process; a missing Landlock is logged once.

    Raises:
        TransientError: The launcher is not installed or does not start.
    """
    try:
        asked = subprocess.run(  # the only process started outside the runner: it reads no media
            [launcher(), "--offer"],
            capture_output=True,
            check=True,
            timeout=_OFFER_SECONDS,
            stdin=subprocess.DEVNULL,
            text=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise _unusable(f"The program {LAUNCHER_NAME} does not start ({type(error).__name__}).") from error
    found = _OFFER.fullmatch(asked.stdout)
    if found is None:
        raise _unusable(f"The program {LAUNCHER_NAME} is of another version.")
    kernel = Kernel(network=Network(found[1]), landlock=int(found[2]))
    if not kernel.landlock:
        logger.warning("tools can open files outside of their directory", extra={"reason": "no Landlock"})
    return kernel


@cache
def launcher() -> str:
    """The absolute path of the launcher: on PATH, or beside the interpreter that runs this.

    Raises:
        TransientError: It is not installed.
    """
    beside = Path(sys.executable).with_name(LAUNCHER_NAME)
    found = shutil.which(LAUNCHER_NAME) or (str(beside) if os.access(beside, os.X_OK) else None)
    if found is None:
        raise _unusable(f"The program {LAUNCHER_NAME} is not installed.")
    return found


def _unusable(message: str) -> TransientError:
    return TransientError(
        ErrorCode.INTERNAL,
        message,
        "The operator must install it (make setup, or see services/processor/Dockerfile) and retry the job.",
    )
