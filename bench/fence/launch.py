"""What starting a tool costs: the fence around a program that does nothing, less that program alone."""

import os
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.fence.former import former_fence
from media.tools import isolation
from media.tools.command import Command, Tool
from media.tools.fence_status import FenceStatus
from media.tools.isolation import child_environment, fenced
from media.tools.limits import Allowance

_NOTHING = "/usr/bin/true"
_ALLOWANCE = Allowance.for_inspection(20, threads=2)


@dataclass(frozen=True, slots=True)
class Start:
    """Milliseconds for each start of a child, in the median."""

    wall_ms: float
    cpu_ms: float


def measure_starts(workdir: Path, rounds: int) -> dict[str, list[Start]]:
    """Start a program that does nothing bare, behind the former fence and behind this one, in turn.

    Args:
        workdir: Where it runs.
        rounds: Of 20 starts each.
    """
    command = Command(step="nothing", tool=Tool.FFMPEG, arguments=())
    locate = isolation.locate
    isolation.locate = lambda _: _NOTHING  # type: ignore[assignment]
    try:
        ways: dict[str, Callable[[int], list[str]]] = {
            "bare": lambda _: [_NOTHING],
            "former": lambda _: former_fence(command, _ALLOWANCE, workdir),
            "fence": lambda status: fenced(command, _ALLOWANCE, workdir, status=status),
        }
        found: dict[str, list[Start]] = {name: [] for name in ways}
        for _ in range(rounds):
            for name, build in ways.items():
                found[name].append(_start_many(build, workdir, 20))
    finally:
        isolation.locate = locate
    return found


def _start_many(build: Callable[[int], list[str]], workdir: Path, count: int) -> Start:
    before, started = os.times(), time.perf_counter()
    for _ in range(count):
        with FenceStatus() as status:
            _start(build(status.writer), workdir, status.writer)
    after, wall = os.times(), time.perf_counter() - started
    children = after.children_user + after.children_system - before.children_user - before.children_system
    own = after.user + after.system - before.user - before.system
    return Start(wall_ms=wall / count * 1e3, cpu_ms=(children + own) / count * 1e3)


def _start(argv: Sequence[str], workdir: Path, status: int) -> None:
    subprocess.run(
        argv,
        check=True,
        cwd=workdir,
        env=child_environment(workdir),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        pass_fds=(status,),
        start_new_session=True,
    )
