"""Runs the programs that build the image, and says which one failed and why."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tools.image.layout import RUN_STORAGE, STORAGE

_LAST_LINES = 25


class ImageError(Exception):
    """The image cannot be built or run; the message says why, the remedy what to do."""

    def __init__(self, message: str, *, remedy: str) -> None:
        super().__init__(message)
        self.remedy = remedy


def output_of(*command: str | Path) -> str:
    """Run a program and give what it wrote.

    Raises:
        ImageError: it is missing or failed; the message ends with its last words.
    """
    try:
        done = subprocess.run(
            [str(part) for part in command],
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except FileNotFoundError as error:
        message = f"{command[0]} is not installed"
        raise ImageError(message, remedy="Run make test-image, which installs it.") from error
    if done.returncode != 0:
        words = "\n".join((done.stdout + done.stderr).strip().splitlines()[-_LAST_LINES:])
        message = f"{' '.join(str(part) for part in command[:3])} ended with {done.returncode}:\n{words}"
        raise ImageError(message, remedy="The last lines above say why.")
    return done.stdout


def buildah(command: str, *arguments: str | Path) -> str:
    """Run one of buildah's commands on the storage of this checkout and give what it wrote, stripped.

    Raises:
        ImageError: it failed.
    """
    # vfs copies every layer, so overlay is the better choice; it does not stand on another overlay.
    driver = os.environ.get("STORAGE_DRIVER", "overlay")
    places: Sequence[str | Path] = ("--storage-driver", driver, "--root", STORAGE, "--runroot", RUN_STORAGE)
    return output_of("buildah", *places, command, *arguments).strip()
