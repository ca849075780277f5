"""`python -m bench.fence.once FENCE SOURCE WORKDIR ANSWER`: the media work once, behind one of two fences."""

import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

from bench.fence.former import former_fence
from media.produce.produce import produce
from media.tools import runner
from media.tools.limits import Limits
from processor.task.task_size import CGROUPS, measure
from profiles import get_profile


def main(fence: str, source: Path, workdir: Path, answer: Path) -> None:
    """Make the `web` outputs and write wall time, processor time of the children, and their number."""
    starter: Any = runner
    build: Any = former_fence if fence == "former" else starter.fenced
    children = 0

    def counted(*arguments: object, **options: object) -> list[str]:
        nonlocal children
        children += 1
        argv: list[str] = build(*arguments, **options)
        return argv

    starter.fenced = counted
    started = time.monotonic()
    produce(
        source,
        profile=get_profile("web"),
        workdir=workdir,
        limits=Limits(),
        size=measure(os.environ, CGROUPS),
        report=lambda _: None,
    )
    wall = time.monotonic() - started
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    facts = {"wall": wall, "cpu": used.ru_utime + used.ru_stime, "children": children}
    answer.write_text(json.dumps(facts), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], *(Path(argument) for argument in sys.argv[2:5]))
