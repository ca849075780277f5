"""`python -m tests.soak.run`: many small jobs through the platform while things break, then an audit."""

import argparse
import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import psycopg

from tests.media import ffmpeg, picture, tone
from tests.platform_client import Platform
from tests.soak.audit import audit
from tests.soak.chaos import Chaos
from tests.soak.load import Load
from tests.soak.world import World

_PAUSE_SECONDS = 1.0
# Lost work is found once a minute, and an attempt may be replaced twice.
_SETTLE_SECONDS = 600.0
_TELL_SECONDS = 150.0
_ENDED = "SELECT count(*) FROM jobs WHERE status IN ('COMPLETED', 'FAILED', 'CANCELLED')"
_LATENCIES = """
    SELECT extract(epoch FROM finished_at - uploaded_at)::float8 FROM jobs WHERE status = 'COMPLETED'"""
_OUTCOMES = "SELECT status, coalesce(error_code, ''), count(*) FROM jobs GROUP BY 1, 2 ORDER BY 1, 2"
_ATTEMPTS = "SELECT sum(attempt), max(attempt), sum(fence), max(fence) FROM jobs"


def main(arguments: Sequence[str]) -> int:
    """Runs load and chaos, prints the figures and the audit; 1 when the audit finds anything."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak.run", description=__doc__)
    parser.add_argument("--jobs", type=int, default=500, help="jobs to submit")
    parser.add_argument("--seed", type=int, default=None, help="of what breaks and when")
    parser.add_argument("--profile", default="thumbnails", help="of the jobs that the API orders")
    parser.add_argument("--calm", action="store_true", help="break nothing")
    options = parser.parse_args(arguments)
    seed = secrets.randbelow(1_000_000) if options.seed is None else options.seed
    say(f"{options.jobs} jobs, seed {seed}")
    with tempfile.TemporaryDirectory(prefix="soak-") as directory:
        clip = make_clip(Path(directory))
        platform = Platform.start(Path(directory) / "data")
        try:
            world = World(platform)
            load = Load(world, clip, profile=options.profile)
            chaos = Chaos(world, seed)
            if not options.calm:
                chaos.start()
            seconds = run_load(world, load, chaos, options.jobs)
            problems = settle(world, load)
            report(world, seconds, options.jobs, chaos)
        finally:
            platform.stop()
    for problem in problems:
        say(f"AUDIT: {problem}")
    say(f"audit: {len(problems)} problems" if problems else "audit: clean")
    return 1 if problems else 0


def make_clip(directory: Path) -> Path:
    """One second of a small picture with sound."""
    path = directory / "tiny.mp4"
    encode = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac", "-b:a", "48k")
    ffmpeg(*picture("160x90", "10", 1), *tone(1), *encode, "-movflags", "+faststart", str(path))
    return path


def run_load(world: World, load: Load, chaos: Chaos, jobs: int) -> float:
    """Submits everything, and breaks things until nearly all has ended; gives the seconds it took."""
    started = time.monotonic()
    load.run(jobs, lambda: ended(world))
    while (ended(world) or 0) < jobs * 0.95 and time.monotonic() - started < _SETTLE_SECONDS + 5 * jobs:
        time.sleep(_PAUSE_SECONDS)
    world.stop.set()
    if chaos.is_alive():
        chaos.join()
    wait_for_all(world, jobs)
    return time.monotonic() - started


def ended(world: World) -> int | None:
    """How many jobs have ended; None while the ledger is away."""
    try:
        return int(world.rows(_ENDED)[0][0])
    except (psycopg.Error, OSError, ValueError, KeyError):
        return None


def wait_for_all(world: World, jobs: int) -> None:
    """Waits until every job has ended, or long enough that it never will."""
    deadline = time.monotonic() + _SETTLE_SECONDS
    while (ended(world) or 0) < jobs and time.monotonic() < deadline:
        time.sleep(_PAUSE_SECONDS)


def settle(world: World, load: Load) -> list[str]:
    """Audits until all is well; the last announcements and ends of executions may take a minute."""
    deadline = time.monotonic() + _TELL_SECONDS
    while (problems := audit(world, load)) and time.monotonic() < deadline:
        time.sleep(5 * _PAUSE_SECONDS)
    return problems


def report(world: World, seconds: float, jobs: int, chaos: Chaos) -> None:
    """Prints what came of the jobs, how fast, and what was done to the platform."""
    latencies = [float(row[0]) for row in world.rows(_LATENCIES)]
    say(f"{jobs} jobs in {seconds:.0f} s: {jobs / seconds * 60:.1f} a minute")
    if len(latencies) > 1:
        cuts = statistics.quantiles(latencies, n=100, method="inclusive")
        say(f"from upload to result: p50 {cuts[49]:.1f} s, p99 {cuts[98]:.1f} s")
    for status, code, count in world.rows(_OUTCOMES):
        say(f"{status} {code}: {count}")
    spent = ", ".join(f"{name} {seconds / jobs:.2f}" for name, seconds in world.cpu_seconds().items())
    say(f"CPU seconds a job, without what killed servers had used: {spent}")
    executions, most, holds, most_holds = world.rows(_ATTEMPTS)[0]
    say(f"{executions} executions (at most {most} of a job), {holds} holds (at most {most_holds} of a job)")
    for name, count in sorted(chaos.done.items()):
        say(f"{name}: {count}")


def say(text: str) -> None:
    """One line of the report."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
