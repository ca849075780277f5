"""`python -m bench.api`: our API function beside a FastAPI twin, over the same PostgreSQL and rows."""

import argparse
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from bench.api.report import Figures, Hidden, check_same, render, render_hidden
from bench.api.side import Call, Side
from bench.api.stage import CALLERS, STRANGER, Stage, running

_ROOT = Path(__file__).parents[2]
_RESULTS = _ROOT / "bench" / "results"
_ENVIRONMENT = _ROOT / ".venv-bench"
_FEW_VIDEOS = 1_000
_WORDS = 500
_LEAST_WARM_UP = 100
_HIDDEN_REQUESTS = 1_000


def main(arguments: Sequence[str]) -> int:
    """Measures, prints the table, writes it to the results; 1 when a bar is missed."""
    parser = argparse.ArgumentParser(prog="python -m bench.api", description=__doc__)
    parser.add_argument("--videos", type=int, default=100_000, help="videos in the ledger")
    parser.add_argument("--starts", type=int, default=9, help="fresh starts of each side")
    parser.add_argument("--seconds", type=float, default=3.0, help="CPU seconds for each operation and round")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each operation")
    parser.add_argument("--requests", type=int, default=5_000, help="requests over HTTP for each operation")
    options = parser.parse_args(arguments)
    sizes = (_FEW_VIDEOS, options.videos)
    with (
        tempfile.TemporaryDirectory(prefix="bench-api-") as directory,
        running(Path(directory), sizes) as stages,
    ):
        sides = _sides(stages[-1])
        operations = operations_of(stages[-1])
        few, many = _latencies(stages, sides, options.requests)
        check_same(sides, operations)
        figures = {side.name: Figures(few=few[side.name], many=many[side.name]) for side in sides}
        _measure_starts(sides, operations, options.starts, figures)
        _measure_rates(sides, operations, options, figures)
        hidden = _measure_hidden(sides[0], stages[-1])
    report, good = render(figures, options.videos)
    report += render_hidden(hidden)
    sys.stdout.write(report)
    _RESULTS.mkdir(exist_ok=True)
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    (_RESULTS / f"api-{stamp}.md").write_text(report, encoding="utf-8")
    return 0 if good else 1


def _sides(stage: Stage) -> list[Side]:
    requirements = _ROOT / "bench" / "api" / "requirements.txt"
    uv = _ROOT / ".venv" / "bin" / "uv"
    if not (_ENVIRONMENT / "bin" / "python").exists():
        subprocess.run([str(uv), "venv", "--quiet", str(_ENVIRONMENT)], check=True)
    python = _ENVIRONMENT / "bin" / "python"
    install = [str(uv), "pip", "install", "--quiet", "--python", str(python), "-r", str(requirements)]
    subprocess.run(install, check=True)
    ours = Side("ours", Path(sys.executable), stage.environment)
    return [ours, Side("twin", python, stage.environment)]


def operations_of(stage: Stage) -> dict[str, list[Call]]:
    """The five operations, each as calls that differ as those of different callers do."""
    record = {
        "title": "Harbour at night",
        "description": "Boats, lights and a long exposure.",
        "tags": ["boats", "night"],
        "language": "en",
        "attributes": {"camera": "x100", "take": 4},
    }
    job = {"filename": "harbour.mp4", "size_bytes": 5_000_000, "content_type": "video/mp4"}
    # A page of the same length at both sizes: words that 20 records have, and one that all have.
    few = [f"c{number % 50}" for number in range(_WORDS)]
    many = [f"w{number * 7 % 5_000}" for number in range(_WORDS)]
    words = (few if stage.videos <= _FEW_VIDEOS else many) + ["holiday"] * 10
    return {
        "GET one": [_get(f"/metadata/{video_id}") for video_id in stage.newest(_WORDS)],
        "GET list": [_get("/metadata?limit=20")],
        "GET search": [_get(f"/metadata?q={word}&limit=20") for word in words],
        "POST metadata": [{"method": "POST", "target": "/metadata", "body": record}],
        "POST job": [
            # Each caller may have so many waiting jobs and no more.
            {"method": "POST", "target": "/jobs", "body": job, "caller": caller}
            for caller in CALLERS
        ],
    }


def _get(target: str) -> Call:
    return {"method": "GET", "target": target}


def _latencies(
    stages: Sequence[Stage], sides: Sequence[Side], requests: int
) -> list[dict[str, dict[str, list[float]]]]:
    """Milliseconds by size, side and operation.

    The four take turns, request by request: what disturbs the machine disturbs all of them alike.
    """
    with ExitStack() as stack:
        lines = {
            (size, side.name): stack.enter_context(side.over(stage.environment).serving())
            for size, stage in enumerate(stages)
            for side in sides
        }
        calls = [operations_of(stage) for stage in stages]
        found: list[dict[str, dict[str, list[float]]]] = [{side.name: {} for side in sides} for _ in stages]
        for name in calls[0]:
            # Each call has been made once before it counts: a ledger in use has its pages in memory.
            warm_up = max(_LEAST_WARM_UP, len(calls[0][name]))
            for number in range(-warm_up, requests):
                for (size, side), line in lines.items():
                    wanted = calls[size][name]
                    taken = line.milliseconds(wanted[number % len(wanted)])
                    if number >= 0:
                        found[size][side].setdefault(name, []).append(taken)
        return found


def _measure_hidden(ours: Side, stage: Stage) -> Hidden:
    """Milliseconds of a record that is another client's, where clients do not see each other, and of none.

    In turn, so that what disturbs the machine disturbs all of them alike.
    """
    environment = {**stage.environment, "RECORD_ACCESS": "per-client"}
    theirs = stage.newest(_HIDDEN_REQUESTS)
    found = Hidden([], [], [])
    with ours.over(environment).serving() as line:
        for number in range(-_LEAST_WARM_UP, _HIDDEN_REQUESTS):
            asked = ((theirs[number], found.others), (uuid4(), found.absent), (uuid4(), found.again))
            for name, times in asked:
                target = f"/metadata/{name}"
                taken = line.milliseconds(
                    {"method": "GET", "target": target, "caller": STRANGER, "status": 404}
                )
                if number >= 0:
                    times.append(taken)
    return found


def _measure_starts(
    sides: Sequence[Side],
    operations: Mapping[str, Sequence[Call]],
    count: int,
    figures: Mapping[str, Figures],
) -> None:
    for number in range(count + 1):
        for side in sides:
            found = side.start(operations["GET one"][0])
            if number:  # the first one writes the bytecode
                figures[side.name].imports.append(found["import_seconds"])
                figures[side.name].first_answers.append(found["first_answer_seconds"])


def _measure_rates(
    sides: Sequence[Side],
    operations: Mapping[str, Sequence[Call]],
    options: argparse.Namespace,
    figures: Mapping[str, Figures],
) -> None:
    for name, calls in operations.items():
        for side in sides:
            figures[side.name].rates[name] = []
        for _ in range(options.rounds):
            for side in sides:
                figures[side.name].rates[name].append(side.rate(calls, options.seconds))
        medians = [f"{side.name} {statistics.median(figures[side.name].rates[name]):.0f}" for side in sides]
        sys.stderr.write(f"{name}: calls per CPU second: {', '.join(medians)}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
