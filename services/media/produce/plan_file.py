"""`python -m media.produce.plan_file FILE`: what would be made of a video, as JSON on stdout."""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from media.plan.chunking import ChunkingRules, Decision, decide
from media.plan.task_size import TaskSize
from media.produce.produce import Work, begin
from media.tools.errors import MediaError
from media.tools.limits import MEBIBYTE, Limits
from profiles import LadderProfile, UnknownProfileError, get_profile

_REFUSED: Final = 1


def main(arguments: Sequence[str]) -> int:
    """Print the plan; the exit code is 1 when the video or the profile is refused."""
    options = _parser().parse_args(arguments)
    try:
        document = _plan(options)
    except MediaError as error:
        document = {"error": {"code": error.code.value, "message": error.message, "remedy": error.remedy}}
    except UnknownProfileError as error:
        remedy = "Choose one of the profiles of GET /profiles."
        document = {"error": {"code": "UNKNOWN_PROFILE", "message": str(error.args[0]), "remedy": remedy}}
    sys.stdout.write(json.dumps(document) + "\n")
    return _REFUSED if "error" in document else 0


def _plan(options: argparse.Namespace) -> dict[str, Any]:
    profile = get_profile(options.profile)
    if not isinstance(profile, LadderProfile):
        return {"profile": profile.name, "mode": "single", "reasons": ["only video ladders are ever cut"]}
    rules = ChunkingRules(
        mode=options.mode,
        window_seconds=options.window_seconds,
        concurrency=options.concurrency,
        task_seconds=options.task_seconds,
        workflow_seconds=options.workflow_seconds,
    )
    with tempfile.TemporaryDirectory(prefix="plan-") as directory:
        work = begin(
            options.file.absolute(),
            profile=profile,
            workdir=Path(directory),
            limits=Limits(max_duration_seconds=options.max_hours * 3600.0, work_seconds=options.task_seconds),
            report=lambda _: None,
            size=TaskSize(options.vcpus, options.memory_mib * MEBIBYTE),
        )
        decision = decide(work.source, work.plan, rules, str(profile.video.preset), options.vcpus)
    return _describe(work, decision)


def _describe(work: Work, decision: Decision) -> dict[str, Any]:
    rate = work.plan.frame_rate
    return {
        "profile": work.profile.name,
        **decision.facts(),
        "source": work.source.technical(),
        "frame_rate": round(float(rate), 3),
        "segment_seconds": round(float(work.plan.segment_seconds), 4),
        "renditions": [f"{rung.name} {rung.width}x{rung.height}" for rung in work.plan.rungs],
        "windows": [
            {
                "name": window.name,
                "start_seconds": round(float(window.start_seconds(rate)), 3),
                "first_frame": window.start_frame,
                "frames": window.frames,
            }
            for window in decision.windows
        ],
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m media.produce.plan_file", description=__doc__)
    parser.add_argument("file", type=Path, help="the video")
    parser.add_argument("--profile", default="web", help="the processing profile (default: web)")
    parser.add_argument("--max-hours", type=int, default=12, help="longest source (default 12)")
    parser.add_argument("--mode", choices=("auto", "always", "never"), default="auto")
    parser.add_argument("--window-seconds", type=float, default=60.0, help="length of a window (default 60)")
    parser.add_argument("--concurrency", type=int, default=10, help="tasks at once (default 10)")
    parser.add_argument("--vcpus", type=int, default=1, help="processors of a task (default 1)")
    parser.add_argument("--memory-mib", type=int, default=2048, help="memory of a task (default 2048)")
    parser.add_argument("--task-seconds", type=float, default=1620.0, help="limit of a task (default 1620)")
    parser.add_argument(
        "--workflow-seconds", type=float, default=1800.0, help="limit of a job (default 1800)"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
