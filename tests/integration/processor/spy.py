"""What a media tool could find out: a program that searches the processes of its container for secrets.

Run as `python spy.py WANTED REPORT`. WANTED is a JSON file: the secrets by name, and the pid of a process
beside the container that is searched too. REPORT gets one entry for each process: its command, and which
secrets were found in which place. The spy itself is left out, because it knows them all.
"""

import json
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

CONTAINER_PROGRAM = b"container.py"
_PROC = Path("/proc")
_CHUNK_BYTES = 1024 * 1024


def parents() -> dict[int, int]:
    """Give every process with its parent."""
    found = {}
    for directory in _PROC.iterdir():
        if directory.name.isdigit():
            try:
                stat = (directory / "stat").read_text()
            except OSError:
                continue
            found[int(directory.name)] = int(stat.rpartition(")")[2].split()[1])
    return found


def container(parent_of: Mapping[int, int]) -> set[int]:
    """Give the processes of the spy's container: all below the one that started it, and that one."""
    top = os.getpid()
    while CONTAINER_PROGRAM not in read(_PROC / str(top) / "cmdline"):
        top = parent_of[top]
    inside = {top}
    while more := {pid for pid, parent in parent_of.items() if parent in inside} - inside:
        inside |= more
    return inside


def read(path: Path) -> bytes:
    """Give what can be read of a file, which is nothing where it is refused."""
    try:
        return path.read_bytes()
    except OSError:
        return b""


def memory(pid: int) -> Iterator[bytes]:
    """Give what can be read of a process's memory; pieces overlap, so that no secret is cut."""
    try:
        descriptor = os.open(_PROC / str(pid) / "mem", os.O_RDONLY)
    except OSError:
        return
    for line in read(_PROC / str(pid) / "maps").splitlines():
        area, permissions = line.split()[:2]
        if not permissions.startswith(b"rw"):
            continue
        position, end = (int(number, 16) for number in area.split(b"-"))
        while position < end:
            try:
                yield os.pread(descriptor, min(_CHUNK_BYTES + 4096, end - position), position)
            except OSError:
                break
            position += _CHUNK_BYTES
    os.close(descriptor)


def anonymous_files(pid: int) -> Iterator[bytes]:
    """Give the contents of files without a name that a process has open."""
    try:
        paths = list((_PROC / str(pid) / "fd").iterdir())
    except OSError:
        return
    for path in paths:
        try:
            hidden = str(path.readlink()).startswith("/memfd:")
        except OSError:
            continue
        if hidden:
            yield read(path)


def search(pid: int, secrets: Mapping[str, str]) -> dict[str, list[str]]:
    """Give the names of the secrets that each place of a process shows."""
    places = {
        "environ": [read(_PROC / str(pid) / "environ")],
        "cmdline": [read(_PROC / str(pid) / "cmdline")],
        "memory": memory(pid),
        "files": anonymous_files(pid),
    }
    shown: dict[str, set[str]] = {place: set() for place in places}
    for place, pieces in places.items():
        for piece in pieces:
            shown[place] |= {name for name, secret in secrets.items() if secret.encode() in piece}
    return {place: sorted(names) for place, names in shown.items() if names}


def main(wanted_path: Path, report_path: Path) -> None:
    """Search, and write the report at once when it is complete."""
    wanted = json.loads(wanted_path.read_text())
    parent_of = parents()
    report = []
    for pid in sorted(container(parent_of) | {wanted["beside"]}):
        if pid != os.getpid():
            command = read(_PROC / str(pid) / "cmdline").replace(b"\0", b" ").decode()
            report.append({"pid": pid, "command": command, "found": search(pid, wanted["secrets"])})
    work = report_path.with_suffix(".part")
    work.write_text(json.dumps(report))
    work.rename(report_path)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
