"""Runs the media work once, in a process of its own that the benchmark can measure."""

import json
import os
import sys
from pathlib import Path

from media.produce.produce import produce
from media.produce.production import Production
from media.tools.limits import Limits
from processor.task.task_size import CGROUPS, measure
from profiles import get_profile


def main(source: Path, workdir: Path, stages: Path) -> None:
    """Make the `web` outputs of `source` in `workdir` and write how long each stage took."""
    production = produce(
        source,
        profile=get_profile("web"),
        workdir=workdir,
        limits=Limits(),
        size=measure(os.environ, CGROUPS),
        report=lambda _: None,
    )
    stages.write_text(json.dumps(took(production)), encoding="utf-8")


def took(production: Production) -> dict[str, dict[str, float]]:
    """What the benchmark reads: times of each stage, and the likeness that the encoder told per rendition."""
    likeness = {
        file.name: float(file.details["ssim"]) for file in production.files if file.kind == "rendition"
    }
    return {
        "wall": production.stage_seconds,
        "cpu": production.stage_cpu_seconds,
        "likeness": likeness,
    }


if __name__ == "__main__":
    main(*(Path(argument) for argument in sys.argv[1:4]))
