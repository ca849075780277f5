"""Draws sources by families, processes them, and tells how many came out right.

`python -m tests.corpus.run --seed N --members N [--family NAME] [--member I]`. A line of a failure holds the
command that draws the same member again.
"""

import argparse
import random
import secrets
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from media.tools.errors import ErrorCode
from tests.corpus.families import FAMILIES
from tests.corpus.member import Member, faults
from tests.corpus.outcome import run_source

_LEAST_SHARE: Final = 0.99


@dataclass(slots=True)
class Tally:
    """How a family did.

    Attributes:
        members: How many were run.
        failures: What was wrong with each that was not right.
        internal: How many jobs would have ended INTERNAL.
    """

    members: int = 0
    failures: list[str] = field(default_factory=list)
    internal: int = 0

    @property
    def share(self) -> float:
        """Share of those that were right."""
        return 1 - len(self.failures) / self.members if self.members else 1.0


def draw(family: str, seed: int, number: int) -> Member:
    """The member of a number, the same on every machine."""
    return FAMILIES[family](random.Random(f"{seed}:{family}:{number}"))  # noqa: S311 - drawn to be repeated


def run_member(member: Member, directory: Path) -> tuple[list[str], bool]:
    """Make and process a member; tells what is wrong, and whether the job would have ended INTERNAL."""
    made = directory / "made"
    made.mkdir()
    try:
        source = member.make(made)
    except subprocess.CalledProcessError as error:
        return [f"could not be made: {error}"], False
    outcome = run_source(source, directory / "work", member.profile)
    try:
        return faults(member, outcome), outcome.code is ErrorCode.INTERNAL
    except (subprocess.CalledProcessError, LookupError) as error:
        return [f"the result cannot be looked at: {error}"], False


def run_family(family: str, seed: int, numbers: range) -> Tally:
    """Run members of a family and print each failure as soon as it is known."""
    tally = Tally()
    for number in numbers:
        member = draw(family, seed, number)
        with tempfile.TemporaryDirectory(prefix="corpus-") as scratch:
            wrong, internal = run_member(member, Path(scratch))
        tally.members += 1
        tally.internal += internal
        if wrong:
            again = f"--seed {seed} --family {family} --member {number}"
            tally.failures.append(f"{family} {number} ({member.name}): {'; '.join(wrong)} [{again}]")
            sys.stdout.write(f"  not right: {tally.failures[-1]}\n")
            sys.stdout.flush()
    return tally


def _arguments(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.corpus.run", description=__doc__)
    parser.add_argument("--seed", type=int, help="what is drawn; a new one by default")
    parser.add_argument("--members", type=int, default=30, help="how many of each family (default 30)")
    parser.add_argument(
        "--family", choices=sorted(FAMILIES), action="append", help="only this one; repeatable"
    )
    parser.add_argument("--member", type=int, help="only the one of this number")
    chosen = parser.parse_args(arguments)
    if chosen.members < 1:
        parser.error(f"--members is {chosen.members}; at least 1 is needed")
    return chosen


def main(arguments: list[str]) -> int:
    """Print the seed, every failure and a table; 1 if a family is below 99 % or a job ended INTERNAL."""
    chosen = _arguments(arguments)
    seed = secrets.randbelow(1_000_000) if chosen.seed is None else chosen.seed
    numbers = range(chosen.members) if chosen.member is None else range(chosen.member, chosen.member + 1)
    sys.stdout.write(f"seed {seed}\n")
    tallies = {family: run_family(family, seed, numbers) for family in chosen.family or FAMILIES}
    sys.stdout.write("\n| family | members | right | share |\n|---|---|---|---|\n")
    for family, tally in tallies.items():
        right = tally.members - len(tally.failures)
        sys.stdout.write(f"| {family} | {tally.members} | {right} | {tally.share:.1%} |\n")
    failures = [failure for tally in tallies.values() for failure in tally.failures]
    internal = sum(tally.internal for tally in tallies.values())
    sys.stdout.write("".join(f"\nnot right: {failure}" for failure in failures))
    sys.stdout.write(f"\nseed {seed}: {len(failures)} not right, {internal} ended INTERNAL.\n")
    return int(internal > 0 or any(tally.share < _LEAST_SHARE for tally in tallies.values()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
