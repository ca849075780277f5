"""A control group with little memory, in version 1 or 2, where this user may make one."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

_GROUPS: Final = Path("/sys/fs/cgroup")
_LIMITS: Final = {"memory": "memory.limit_in_bytes", "": "memory.max"}


def _parent() -> tuple[Path, str] | None:
    """The group of this process in the hierarchy that counts memory, and the name of its limit."""
    for line in Path("/proc/self/cgroup").read_text(encoding="ascii").splitlines():
        _, controllers, name = line.split(":", 2)
        if controllers == "memory":
            return _GROUPS / "memory" / name.lstrip("/"), "memory.limit_in_bytes"
    own = _GROUPS / Path("/proc/self/cgroup").read_text(encoding="ascii").rpartition("::/")[2].strip()
    has_memory = "memory" in _read(own / "cgroup.subtree_control").split()
    return (own, "memory.max") if has_memory else None


def can_group() -> bool:
    """Whether a group can be made here."""
    parent = _parent()
    return parent is not None and os.access(parent[0], os.W_OK)


@contextmanager
def memory_group(mebibytes: int) -> Iterator[Path]:
    """Give the file by which a process joins a group of that much memory."""
    parent = _parent()
    if parent is None:
        message = "no control group for memory can be made here"
        raise OSError(message)
    group = parent[0] / f"fence-{os.getpid()}-{time.monotonic_ns()}"
    group.mkdir()
    try:
        (group / parent[1]).write_text(str(mebibytes * 2**20), encoding="ascii")
        yield group / "cgroup.procs"
    finally:
        for _ in range(100):
            with suppress(OSError):
                group.rmdir()
                break
            time.sleep(0.05)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except OSError:
        return ""
