"""Hands each hostile source to the media work; `python -m tests.hostile` prints what came of it."""

import os
import resource
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from bench.measure import MemoryWatch, process_tree
from media.produce.produce import produce
from media.tools.errors import ErrorCode, MediaError
from media.tools.limits import Limits
from profiles import get_profile
from tests.hostile_sources import CASES
from tests.hostile_trap import Trap, trap_in
from tests.this_machine import THIS_MACHINE


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What handing a source to the media work led to.

    Attributes:
        peak_mib: Highest resident memory of this process and all that it started, above that at the start.
        left: Processes that were still there afterwards.
        touched: What reached the trap.
    """

    code: ErrorCode | None
    seconds: float
    peak_mib: float
    left: list[int]
    touched: list[str]


def run_case(source: Path, workdir: Path, trap: Trap, profile: str = "web") -> Outcome:
    """Do all media work on a source; an error that is not one of ours is raised."""
    workdir.mkdir()
    # Servers that other tests of this process use come and go with children of their own.
    others = process_tree(os.getpid())[1:]
    trap.touched()
    watch = MemoryWatch(os.getpid(), every_seconds=0.02)
    watch.start()
    started, code = time.monotonic(), None
    try:
        produce(
            source,
            profile=get_profile(profile),
            workdir=workdir,
            limits=Limits(),
            size=THIS_MACHINE,
            report=lambda _: None,
        )
    except MediaError as error:
        code = error.code
    seconds = time.monotonic() - started
    watch.end()
    return Outcome(
        code=code,
        seconds=seconds,
        peak_mib=(watch.peak_bytes - watch.first_bytes) / 2**20,
        left=sorted(process_tree(os.getpid(), without=others)[1:]),
        touched=trap.touched(),
    )


def main() -> int:
    """Print a table of all cases; 1 if one of them missed its bar."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    bad = 0
    sys.stdout.write("| source | answer | s | MiB | left | touched |\n|---|---|---|---|---|---|\n")
    with tempfile.TemporaryDirectory(prefix="hostile-") as scratch, trap_in(Path(scratch)) as trap:
        for case in CASES:
            directory = Path(scratch) / case.name
            directory.mkdir()
            seen = run_case(case.make(directory, trap), directory / "work", trap, case.profile)
            harmed = seen.code is not case.code or seen.seconds > 5 or seen.peak_mib > 1024
            bad += bool(harmed or seen.left or seen.touched)
            sys.stdout.write(
                f"| {case.name} | {seen.code or 'PROCESSED'} | {seen.seconds:.2f} | {seen.peak_mib:.0f} "
                f"| {len(seen.left)} | {len(seen.touched)} |{' MISSED' if harmed else ''}\n"
            )
    sys.stdout.write(f"\n{len(CASES)} hostile sources, {bad} of them outside the bar (5 s, 1024 MiB).\n")
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
