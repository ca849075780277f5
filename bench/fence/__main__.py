"""`python -m bench.fence`: the media work behind the former fence and behind this one, in turn."""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench.__main__ import RESULTS
from bench.clip import make_clip
from bench.fence.interval import Ratio, paired_ratio
from bench.fence.launch import Start, measure_starts

_MOST_SHARE = 0.01
_MOST_CPU = 1.02
_NARROW = 0.01


@dataclass(frozen=True, slots=True)
class Job:
    """One run of the media work.

    Attributes:
        wall: Seconds.
        cpu: Seconds of processor time of all children.
        children: How many tools were started.
    """

    wall: float
    cpu: float
    children: int


def main(arguments: Sequence[str]) -> int:
    """Measure pairs until the interval is narrow or enough were made; print the report and keep it."""
    parser = argparse.ArgumentParser(prog="python -m bench.fence", description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0, help="length of the 1080p clip (default 20)")
    parser.add_argument("--pairs", type=int, default=30, help="most pairs (default 30)")
    parser.add_argument("--starts", type=int, default=10, help="rounds of 20 starts (default 10)")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        source = make_clip(Path(scratch), options.seconds)
        workdir = Path(scratch) / "starts"
        workdir.mkdir()
        starts = measure_starts(workdir, options.starts)
        pairs = _pairs(source, Path(scratch), options.pairs)
    report = render(starts, pairs, options.seconds)
    sys.stdout.write(report)
    RESULTS.mkdir(exist_ok=True)
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    (RESULTS / f"fence-{stamp}.md").write_text(report, encoding="utf-8")
    return 0


def _pairs(source: Path, scratch: Path, most: int) -> list[tuple[Job, Job]]:
    """Pairs of the former fence and this one; each pair begins with the other than the pair before."""
    pairs: list[tuple[Job, Job]] = []
    while len(pairs) < most:
        order = ("former", "fence") if len(pairs) % 2 == 0 else ("fence", "former")
        made = {fence: _run(fence, source, scratch) for fence in order}
        pairs.append((made["former"], made["fence"]))
        ratio = _cpu_ratio(pairs)
        sys.stderr.write(f"pair {len(pairs)}: {made}, CPU ratio {ratio}\n")
        if ratio is not None and len(pairs) >= 5 and ratio.half_width <= _NARROW:
            break
    return pairs


def _run(fence: str, source: Path, scratch: Path) -> Job:
    with tempfile.TemporaryDirectory(dir=scratch) as directory:
        workdir, answer = Path(directory) / "work", Path(directory) / "answer"
        workdir.mkdir()
        subprocess.run(
            [sys.executable, "-m", "bench.fence.once", fence, str(source), str(workdir), str(answer)],
            check=True,
        )
        return Job(**json.loads(answer.read_text(encoding="utf-8")))


def _cpu_ratio(pairs: Sequence[tuple[Job, Job]]) -> Ratio | None:
    return paired_ratio([new.cpu for _, new in pairs], [old.cpu for old, _ in pairs])


def render(starts: Mapping[str, Sequence[Start]], pairs: Sequence[tuple[Job, Job]], seconds: float) -> str:
    """Write what was found as Markdown.

    Args:
        starts: Of a program that does nothing: `bare`, behind the `former` fence and behind this `fence`.
        pairs: Jobs behind the former fence and this one.
        seconds: Length of the clip.
    """
    wall = {name: statistics.median(one.wall_ms for one in many) for name, many in starts.items()}
    cpu = {name: statistics.median(one.cpu_ms for one in many) for name, many in starts.items()}
    job_seconds = statistics.median(new.wall for _, new in pairs)
    children = statistics.median(new.children for _, new in pairs)
    share = (wall["fence"] - wall["bare"]) / 1e3 * children / job_seconds
    walls = paired_ratio([new.wall for _, new in pairs], [old.wall for old, _ in pairs])
    cpus = _cpu_ratio(pairs)
    return "\n".join(
        [
            f"# The fence on {seconds:g} s of 1080p, {len(pairs)} pairs in turn",
            "",
            _machine(),
            "",
            "| start of a program that does nothing | wall ms | CPU ms |",
            "|---|---|---|",
            *(f"| {name} | {wall[name]:.2f} | {cpu[name]:.2f} |" for name in starts),
            "",
            f"- children of a job: {children:g}; wall time of a job: {job_seconds:.1f} s (median)",
            f"- the fence's starts as a share of the wall time: {share:.2%} (bar: at most {_MOST_SHARE:.0%})",
            f"- CPU time of the children, this fence to the former: {_told(cpus, _MOST_CPU)}",
            f"- wall time, this fence to the former: {walls or 'not shown'}",
            "",
        ]
    )


def _machine() -> str:
    when, load = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC", f"load {os.getloadavg()[1]:.1f} (5 minutes)"
    return f"{when}, {os.cpu_count()} cores, {platform.machine()}, {load}"


def _told(ratio: Ratio | None, most: float) -> str:
    if ratio is None:
        return "not shown"
    narrow = "" if ratio.half_width <= _NARROW else "; wider than 1 %, more pairs are needed"
    return f"{ratio} (bar: upper end at most {most}{narrow})"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
