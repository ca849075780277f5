"""`python -m bench`: naive, bare and our own media work in turn, as a table of medians and ratios."""

import argparse
import os
import platform
import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from bench.clip import make_clip
from bench.contenders import Run, bare, chunked, naive, processor

RESULTS = Path(__file__).parent / "results"
_CONTENDERS = {
    "a naive, one process per output": naive,
    "b bare, one process for all": bare,
    "c processor, with packaging and checks": processor,
    "d the same in windows, two workers": chunked,
}


def main(arguments: Sequence[str]) -> int:
    """Measure, print the table and write it to the results."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0, help="length of the 1080p clip (default 20)")
    parser.add_argument("--rounds", type=int, default=3, help="how often each way is measured (default 3)")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        source = make_clip(Path(scratch), options.seconds)
        runs = _measure(source, Path(scratch), options.rounds)
    report = render(runs, options.seconds)
    sys.stdout.write(report)
    RESULTS.mkdir(exist_ok=True)
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    (RESULTS / f"media-{stamp}.md").write_text(report, encoding="utf-8")
    return 0


def _measure(source: Path, scratch: Path, rounds: int) -> dict[str, list[Run]]:
    runs: dict[str, list[Run]] = {name: [] for name in _CONTENDERS}
    for number in range(rounds):
        for name, contender in _CONTENDERS.items():
            with tempfile.TemporaryDirectory(dir=scratch) as directory:
                runs[name].append(contender(source, Path(directory)))
            cost = runs[name][-1].cost
            line = f"round {number + 1}: {name}: {cost.wall_seconds:.1f} s, CPU {cost.cpu_seconds:.1f} s\n"
            sys.stderr.write(line)
    return runs


def render(runs: Mapping[str, Sequence[Run]], seconds: float) -> str:
    """Write medians, all single values and the ratios as Markdown.

    Args:
        runs: Every run of each way, in the order naive, bare, processor, chunked.
        seconds: Length of the source.
    """
    lines = [
        f"# Media work on {seconds:g} s of 1080p, {len(next(iter(runs.values())))} rounds in turn",
        "",
        (
            f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {os.cpu_count()} cores, {platform.machine()}, "
            f"load {os.getloadavg()[1]:.1f} (5 minutes)"
        ),
        "",
        "| way | wall s (median) | CPU s (median) | peak MiB | wall, each round | CPU, each round |",
        "|---|---|---|---|---|---|",
    ]
    for name, made in runs.items():
        walls, cpus = _values(made, "wall_seconds"), _values(made, "cpu_seconds")
        peak = max(_values(made, "peak_mib"))
        lines.append(
            f"| {name} | {statistics.median(walls):.1f} | {statistics.median(cpus):.1f} | {peak:.0f} "
            f"| {_list(walls)} | {_list(cpus)} |"
        )
    return "\n".join([*lines, "", *_ratios(*runs.values()), "", *_stages(list(runs.values())[2]), ""])


def _stages(ours: Sequence[Run]) -> list[str]:
    lines = ["| stage of c | wall s (median) | CPU s (median) |", "|---|---|---|"]
    for stage in ours[0].stage_seconds:
        wall = statistics.median(run.stage_seconds[stage] for run in ours)
        cpu = statistics.median(run.stage_cpu_seconds[stage] for run in ours)
        lines.append(f"| {stage} | {wall:.2f} | {cpu:.2f} |")
    return lines


def _ratios(
    slow: Sequence[Run], plain: Sequence[Run], ours: Sequence[Run], windows: Sequence[Run]
) -> list[str]:
    def ratio(over: Sequence[float], under: Sequence[float]) -> str:
        return f"{statistics.median(a / b for a, b in zip(over, under, strict=True)):.2f}"

    bare_wall, bare_cpu = _values(plain, "wall_seconds"), _values(plain, "cpu_seconds")
    encoding = [run.stage_seconds["encoding"] for run in ours]
    encoding_cpu = [run.stage_cpu_seconds["encoding"] for run in ours]
    our_wall, our_cpu = _values(ours, "wall_seconds"), _values(ours, "cpu_seconds")
    return [
        "Ratios (median of the rounds):",
        "",
        f"- c/b wall, encode stage alone: {ratio(encoding, bare_wall)}",
        f"- c/b CPU, encode stage alone: {ratio(encoding_cpu, bare_cpu)}",
        f"- c/b wall, whole work: {ratio(our_wall, bare_wall)}",
        f"- c/b CPU, whole work: {ratio(our_cpu, bare_cpu)}",
        f"- a/c CPU: {ratio(_values(slow, 'cpu_seconds'), our_cpu)}",
        f"- a/c wall: {ratio(_values(slow, 'wall_seconds'), our_wall)}",
        f"- d/c CPU: {ratio(_values(windows, 'cpu_seconds'), our_cpu)}",
        f"- d/c wall: {ratio(_values(windows, 'wall_seconds'), our_wall)}",
        f"- d/c likeness (SSIM), the rendition that lost most: {_likeness(windows, ours):.4f}",
    ]


def _likeness(windows: Sequence[Run], ours: Sequence[Run]) -> float:
    """The smallest ratio of two renditions' likeness with the source."""
    return min(
        many.likeness[name] / one.likeness[name]
        for many, one in zip(windows, ours, strict=True)
        for name in one.likeness
    )


def _values(runs: Sequence[Run], field: str) -> list[float]:
    return [float(getattr(run.cost, field)) for run in runs]


def _list(values: Sequence[float]) -> str:
    return " ".join(f"{value:.1f}" for value in values)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
