"""Child processes with an identity that survives crashes: a pid alone may belong to a stranger."""

import contextlib
import fcntl
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from local.errors import AlreadyInUseError, MissingToolError

_POLL_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class ProcessIdentity:
    """One process, told from a later one with the same pid by its start time.

    Attributes:
        pid: The process id, which is also its process group for servers started here.
        start_ticks: Start time in clock ticks since boot, from ``/proc``.
        boot_id: The kernel's boot identifier, because ticks restart at every boot.
    """

    pid: int
    start_ticks: int
    boot_id: str

    @classmethod
    def of(cls, pid: int) -> "ProcessIdentity | None":
        """Give the identity of ``pid``, or None when there is no such live process."""
        try:
            stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            return None
        fields = stat.rpartition(")")[2].split()
        if fields[0] in {"Z", "X"}:
            return None
        return cls(pid=pid, start_ticks=int(fields[19]), boot_id=_boot_id())

    def is_alive(self) -> bool:
        """Say whether this very process still runs."""
        return ProcessIdentity.of(self.pid) == self


def _boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def write_identity(path: Path, identity: ProcessIdentity) -> None:
    """Record ``identity`` in ``path`` in one step, so that a crash leaves no half file."""
    temporary = path.with_suffix(f".{os.getpid()}.new")
    temporary.write_text(json.dumps(asdict(identity)), encoding="utf-8")
    temporary.replace(path)


def read_identity(path: Path) -> ProcessIdentity | None:
    """Read a recorded identity; None when the file is missing or unreadable."""
    try:
        return ProcessIdentity(**json.loads(path.read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def end_process(
    identity: ProcessIdentity, *, stop_signal: signal.Signals = signal.SIGTERM, grace_seconds: float = 5.0
) -> None:
    """Stop a process started here and its group: first ``stop_signal``, then KILL after the grace.

    A process that no longer matches its recorded identity is left alone.
    """
    if identity.is_alive():
        with contextlib.suppress(ProcessLookupError):
            os.kill(identity.pid, stop_signal)
        if not wait_until(lambda: not identity.is_alive(), grace_seconds) and identity.is_alive():
            _kill_group(identity.pid)
            wait_until(lambda: not identity.is_alive(), grace_seconds)


def kill_group_members(group_id: int) -> None:
    """KILL whatever is left of a process group whose leader was started here and has ended."""
    _kill_group(group_id)


def _kill_group(group_id: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group_id, signal.SIGKILL)


def wait_until(condition: Callable[[], bool], timeout_seconds: float) -> bool:
    """Wait until ``condition`` holds; False when the time is over first."""
    deadline = time.monotonic() + timeout_seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def spawn(
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    log_path: Path,
    directory: Path,
    death_signal: signal.Signals = signal.SIGTERM,
    user: str | None = None,
) -> subprocess.Popen[bytes]:
    """Start a server in its own process group that the kernel ends when the starter dies.

    The thread that calls this must live as long as the server: the kernel watches the thread.

    Args:
        command: Program and arguments.
        environment: The whole environment; nothing is inherited.
        log_path: Where both output streams are appended.
        directory: The working directory.
        death_signal: What the kernel sends when the starter dies, even by KILL.
        user: Run as this user (needs root).

    Raises:
        MissingToolError: ``setpriv`` (package util-linux) is not installed.
    """
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        message = "setpriv is not installed."
        raise MissingToolError(message, remedy="Install it with: apt-get install util-linux")
    switch = ["--reuid", user, "--regid", user, "--init-groups"] if user else []
    log_path.parent.mkdir(parents=True, exist_ok=True)
    with log_path.open("ab") as log:
        return subprocess.Popen(
            [setpriv, *switch, "--pdeathsig", death_signal.name.removeprefix("SIG"), "--", *command],
            env=dict(environment),
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def tail(path: Path, lines: int = 15) -> str:
    """Give the last lines of a log for an error message."""
    if not path.exists():
        return ""
    return "\n".join(path.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])


class DirectoryLock:
    """Keeps two live owners out of one directory; the kernel frees it when the owner dies."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle: IO[str] | None = None

    def acquire(self, timeout_seconds: float = 0.0) -> None:
        """Take the lock.

        Raises:
            AlreadyInUseError: Another process holds it.
        """
        self._path.parent.mkdir(parents=True, exist_ok=True)
        handle = self._path.open("a+", encoding="ascii")
        if not wait_until(lambda: _try_lock(handle), timeout_seconds):
            handle.seek(0)
            owner = handle.read().strip() or "unknown"
            handle.close()
            message = f"{self._path.parent} is in use by process {owner}."
            raise AlreadyInUseError(message, remedy="Stop that process or use another directory.")
        handle.truncate(0)
        handle.write(str(os.getpid()))
        handle.flush()
        self._handle = handle

    def release(self) -> None:
        """Give the lock back; harmless when it is not held."""
        if self._handle is not None:
            self._handle.close()
            self._handle = None


def _try_lock(handle: IO[str]) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
