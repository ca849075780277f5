"""Runs programs as users who own nothing of this machine and may pass no directory that is closed to them.

Interpreter, packages and staged image may lie below directories that only root passes, as in root's home.
A right to pass them all would also open what a test wants to see closed. So each program gets mounts of its
own, in which an open directory lies over each closed one and holds what is needed and nothing else.
"""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from local.paths import REPOSITORY_ROOT

_OTHERS_PASS: Final = 0o001
_SCRIPT: Final = """
place=$1; shift
while [ "$1" != over ]; do
    needed="$needed $1"; keep="$place/$(echo "$1" | tr / _)"
    mkdir -p "$keep"; mount --rbind "$1" "$keep"; shift
done
shift
while [ "$1" != run ]; do mount -t tmpfs -o mode=755 tmpfs "$1"; shift; done
shift
for path in $needed; do
    [ -e "$path" ] || { mkdir -p "$path"; mount --rbind "$place/$(echo "$path" | tr / _)" "$path"; }
done
exec "$@"
"""


def run_as(
    user: int,
    group: int,
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    place: Path,
    needed: Sequence[Path] = (),
    text: str = "",
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end, without capabilities; needs root and the right to mount.

    Args:
        user: Of the program.
        group: Its only one.
        command: The program and its arguments.
        environment: All of its variables.
        place: An open directory for the mounts.
        needed: Directories that the program reads beside interpreter, packages and checkout.
        text: Its standard input.
    """
    python = [Path(sys.base_prefix), Path(sys.prefix).resolve(), REPOSITORY_ROOT]
    directories = list(dict.fromkeys([*python, *needed]))
    closed = dict.fromkeys(str(path) for path in map(_closed, directories) if path is not None)
    return subprocess.run(
        [
            *("unshare", "--mount", "--propagation", "private", "sh", "-euc", f"needed=; {_SCRIPT}", "sh"),
            *(str(place), *map(str, directories), "over", *closed, "run"),
            *("setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups", "--inh-caps=-all", "--"),
            *command,
        ],
        env=dict(environment), input=text, capture_output=True, text=True, timeout=150, check=False, cwd="/",
    )  # fmt: skip


def is_closed(path: Path) -> bool:
    """Whether a directory on the way to it lets no other user pass."""
    return _closed(path) is not None


def _closed(path: Path) -> Path | None:
    """The topmost directory on the way that others may not pass."""
    above = [*reversed(path.parents), path]
    return next((each for each in above if not each.stat().st_mode & _OTHERS_PASS), None)
