"""The user that tools run as where the worker is root; it owns the job's directory and nothing else."""

import os
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Final

IMAGE_USER: Final = 10001
"""The user of the container image."""

_FIRST_USER: Final = 1_900_000_000
"""Above every range that systems and container engines hand out; the worker's process id is added."""


@cache
def tools_user() -> int | None:
    """The user and group id that tools change to; None where the worker is an ordinary user already.

    Each worker has one of its own, so that the limit of processes counts one job and no job owns files of
    another.
    """
    if os.geteuid() != 0:
        return None
    wanted = _FIRST_USER + os.getpid()
    maps = Path("/proc/self/uid_map").read_text(encoding="ascii").splitlines()
    ranges = [(int(start), int(count)) for start, _, count in (line.split() for line in maps)]
    return wanted if any(start <= wanted < start + count for start, count in ranges) else IMAGE_USER


def give(directory: Path) -> None:
    """Make the tools' user the owner of a job's directory and of all that the worker has put there.

    Links are never followed: what is in the directory may have been made by a tool.
    """
    user = tools_user()
    if user is None:
        return
    _own(directory, user)
    directory.chmod(0o700)
    for parent, directories, files in os.walk(directory):
        for name in (*directories, *files):
            _own(Path(parent, name), user)


def let_through(directory: Path) -> None:
    """Let the tools' user pass a directory of the job that holds their own and the source.

    Only matters where there are no mounts of one's own, which lead past closed directories.
    """
    user = tools_user()
    if user is not None:
        os.chown(directory, -1, user)
        directory.chmod(0o710)


def _own(path: Path, user: int) -> None:
    with suppress(FileNotFoundError):  # other steps of the job come and go in the same directory
        found = path.lstat()
        if (found.st_uid, found.st_gid) != (user, user):
            os.chown(path, user, user, follow_symlinks=False)
