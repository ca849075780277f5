"""The fence before the launcher: three programs of util-linux in a row, and a network namespace."""

import os
from pathlib import Path
from typing import Any

from media.tools.command import Command
from media.tools.isolation import bare
from media.tools.limits import Allowance


def network_namespace() -> tuple[str, ...]:
    """The prefix that takes a child's network away."""
    return ("unshare", "--net") if os.geteuid() == 0 else ("unshare", "--user", "--map-current-user", "--net")


def former_fence(command: Command, allowance: Allowance, *_: Path, **__: Any) -> list[str]:
    """Put the former fence in front of a command; arguments are those of `media.tools.isolation.fenced`."""
    soft, hard = allowance.cpu_seconds, allowance.cpu_seconds + 5
    return [
        *network_namespace(),
        *("setpriv", "--no-new-privs", "--pdeathsig", "KILL", "--"),
        "prlimit",
        f"--as={allowance.address_space_bytes}",
        f"--fsize={allowance.file_bytes}",
        f"--cpu={soft}:{hard}",
        f"--nproc={allowance.processes}",
        *("--core=0", "--"),
        *bare(command),
    ]
