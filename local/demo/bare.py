"""Runs the commands of a finished job again, bare, to show what the platform adds to them."""

import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from local.errors import LocalModeError

# The processor runs these side by side; everything after them waits for their results.
_PARALLEL_PREFIX = "encode-"
_TIMEOUT_SECONDS = 1800.0
# What the platform may add: the ratio for verification and transfer, the seconds for task start and events.
ALLOWED_RATIO = 1.2
ALLOWED_EXTRA_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class BareRun:
    """The same commands without the platform around them.

    Attributes:
        seconds: Wall time of all commands, run as the processor ran them.
        steps: Wall time of each command.
        cores: CPU cores they were given, as many as the task had.
    """

    seconds: float
    steps: dict[str, float] = field(default_factory=dict)
    cores: int = 1


def run_bare(commands: Sequence[Mapping[str, Any]], source: Path, workdir: Path, *, cores: int) -> BareRun:
    """Run recorded commands in a directory of their own.

    Args:
        commands: ``commands`` of the job's manifest.json, with paths relative to the job's directory.
        source: The source file of the job.
        workdir: Directory to work in; emptied before and after.
        cores: CPU cores that the task had.

    Raises:
        LocalModeError: A command failed.
    """
    shutil.rmtree(workdir, ignore_errors=True)
    (workdir / "work" / "output").mkdir(parents=True)
    (workdir / _source_name(commands)).symlink_to(source.resolve())
    steps: dict[str, float] = {}
    started = time.monotonic()
    for group in _groups(commands):
        steps |= _run_group(group, workdir, cores)
    seconds = time.monotonic() - started
    shutil.rmtree(workdir, ignore_errors=True)
    return BareRun(round(seconds, 3), steps, cores)


def comparison(bare: BareRun, platform_seconds: float) -> dict[str, Any]:
    """Compare the platform's time from upload to notification with the bare commands.

    Args:
        bare: The bare run.
        platform_seconds: From the end of the upload to the published notification.
    """
    allowed = ALLOWED_RATIO * bare.seconds + ALLOWED_EXTRA_SECONDS
    return asdict(bare) | {
        "bare_seconds": bare.seconds,
        "platform_seconds": round(platform_seconds, 3),
        "ratio": round(platform_seconds / bare.seconds, 3),
        "allowed_seconds": round(allowed, 3),
        "within_allowance": platform_seconds <= allowed,
    }


def _source_name(commands: Sequence[Mapping[str, Any]]) -> str:
    argv = commands[0]["argv"]
    return str(argv[argv.index("-i") + 1]).removeprefix("file:")


def _groups(commands: Sequence[Mapping[str, Any]]) -> list[list[Mapping[str, Any]]]:
    parallel = [one for one in commands if one["step"].startswith(_PARALLEL_PREFIX)]
    return [parallel, *([one] for one in commands if one not in parallel)]


def _run_group(group: Sequence[Mapping[str, Any]], workdir: Path, cores: int) -> dict[str, float]:
    started = time.monotonic()
    running = {one["step"]: _start(one["argv"], workdir, cores) for one in group}
    seconds: dict[str, float] = {}
    try:
        for step, process in running.items():
            _, errors = process.communicate(timeout=_TIMEOUT_SECONDS)
            seconds[step] = round(time.monotonic() - started, 3)
            if process.returncode != 0:
                message = f"The bare command of step {step} failed: {errors[-500:]}"
                raise LocalModeError(
                    message, remedy="Compare it with the commands in the job's manifest.json."
                )
    finally:
        for process in running.values():
            process.kill()
    return seconds


def _start(argv: Sequence[str], workdir: Path, cores: int) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        ["taskset", "--cpu-list", f"0-{cores - 1}", *argv],
        cwd=workdir,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
