"""What jobs in chunks left on the file system that their tasks share: one directory for each job."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Final
from uuid import UUID, uuid4

from ledger.chunks import chunk_files
from ledger.database.connection import LedgerConnection
from runtime.logs import logger

_MOST_JOBS: Final = 100
_MOST_FILES: Final = 5000  # a deletion over NFS takes some milliseconds, the function has four minutes
_REMOVED: Final = "removed-"
_OWNER_ONLY: Final = 0o700


def remove_shared_files(root: Path, conn: LedgerConnection) -> int:
    """Deletes the files of jobs that need them no more, however they ended.

    A directory gets another name while its job is held in the ledger, and only then loses its files. So a
    job that is taken up again finds either all of them or none, and a run that stops is finished by the next.

    Args:
        root: The shared file system.
        conn: An open connection.

    Returns:
        Of how many jobs files were found and given up.

    Raises:
        OSError: The file system cannot be reached or written.
    """
    found = {job_id: path for path in root.iterdir() if (job_id := _job_id(path)) is not None}
    kept = chunk_files.jobs_in_need(conn, list(found)) if found else set()
    left = sorted(found.keys() - kept)[:_MOST_JOBS]
    given_up = sum(_give_up(conn, job_id, found[job_id]) for job_id in left)
    files = _delete_given_up(root, most=_MOST_FILES)
    if given_up or files:
        logger().info("shared_files_removed", extra={"jobs": given_up, "files": files})
    return given_up


def _give_up(conn: LedgerConnection, job_id: UUID, directory: Path) -> int:
    with chunk_files.unneeded(conn, job_id) as unneeded:
        if not unneeded:
            return 0
        try:
            directory.rename(directory.with_name(f"{_REMOVED}{job_id}-{uuid4().hex}"))
        except FileNotFoundError:  # the task that completed the job has just deleted it
            return 0
    return 1


def _delete_given_up(root: Path, *, most: int) -> int:
    """Deletes up to so many files below the directories that were given up, now or by earlier runs.

    What cannot be deleted is told and passed over: one directory must not keep all others from going.
    """
    deleted = 0
    for given_up in sorted(root.glob(f"{_REMOVED}*")):
        if deleted >= most:
            break
        try:
            deleted += _delete_below(given_up, most=most - deleted)
        except OSError as error:
            extra = {"directory": given_up.name, "reason": error.strerror}
            logger().warning("shared_files_left_for_the_next_run", extra=extra)
    return deleted


def _delete_below(given_up: Path, *, most: int) -> int:
    if given_up.is_symlink() or not given_up.is_dir():  # no task makes that, but a tool can
        given_up.unlink(missing_ok=True)
        return 1
    deleted = 0
    for directory, _, names in os.walk(given_up, topdown=False, onerror=_open_up):
        for name in names:
            if deleted >= most:
                return deleted
            Path(directory, name).unlink(missing_ok=True)
            deleted += 1
        with suppress(FileNotFoundError):  # another run is at it as well
            Path(directory).rmdir()
    return deleted


def _open_up(error: OSError) -> None:
    """Lets the next run list a directory that a tool has made so that its own user cannot list it."""
    with suppress(OSError):
        Path(error.filename).chmod(_OWNER_ONLY)


def _job_id(path: Path) -> UUID | None:
    try:
        return UUID(path.name)
    except ValueError:
        return None
