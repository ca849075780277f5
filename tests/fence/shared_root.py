"""A shared file system as the probe finds it: the directory of another job below a root that hides it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from uuid import uuid4

from components.shared_root import SHARED_ROOT_OWNER_ID, SHARED_ROOT_PERMISSIONS, SWEEP_GROUP_ID

_OF_THIS_MACHINE: Final = 0o711
"""Local mode's, where a worker that is root has tools of other users (`local/apply/datastores.py`)."""

_WITHOUT_LISTING: Final = 0o300
"""Stands in where the tests are not root and cannot give the directory away."""


@contextmanager
def shared_root(directory: Path, user: int, *, is_closed: bool) -> Iterator[Path]:
    """Make the root as a worker of this user has it, with the source of another job below.

    Args:
        directory: To be made.
        user: Of the worker.
        is_closed: False makes the root the worker's own, as it was once.
    """
    source = directory / str(uuid4()) / "source"
    source.parent.mkdir(parents=True)
    source.write_bytes(b"another job's video")
    for path in (directory, source.parent, source):
        os.chown(path, user, -1)
    if is_closed:
        _close(directory, user)
    try:
        yield directory
    finally:
        directory.chmod(0o700)


def _close(directory: Path, user: int) -> None:
    if user == 0:
        directory.chmod(_OF_THIS_MACHINE)
    elif os.geteuid() == 0:
        os.chown(directory, SHARED_ROOT_OWNER_ID, SWEEP_GROUP_ID)
        directory.chmod(int(SHARED_ROOT_PERMISSIONS, 8))
    else:
        directory.chmod(_WITHOUT_LISTING)
