"""Runs the media work once, in a process of its own that the benchmark can measure."""

import json
import sys
from pathlib import Path

from processor.limits import Limits
from processor.produce import produce
from profiles import get_profile


def main(source: Path, workdir: Path, stages: Path) -> None:
    """Make the `web` outputs of `source` in `workdir` and write how long each stage took."""
    production = produce(
        source, profile=get_profile("web"), workdir=workdir, limits=Limits(), report=lambda _: None
    )
    took = {"wall": production.stage_seconds, "cpu": production.stage_cpu_seconds}
    stages.write_text(json.dumps(took), encoding="utf-8")


if __name__ == "__main__":
    main(*(Path(argument) for argument in sys.argv[1:4]))
