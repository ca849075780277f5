"""`python -m tests.fence`: every attempt of the probe in all surroundings, as a table."""

import re
import sys
from collections.abc import Callable

from tests.fence.endless import ENDLESS
from tests.fence.memory_group import can_group
from tests.fence.stage import Answer, can_mount, run_probe
from tests.fence.surroundings import EVERY, Surroundings

_STAGE = re.compile(r"^/\S*?/fence-[^/]+")
_FORK_SECONDS = 2.0
_MEMORY_MEBIBYTES = 400


def run_endless(surroundings: Surroundings, attempt: str) -> Answer | None:
    """Run an attempt that only a bound ends; None where that bound cannot be set up here."""
    if attempt == "disk without end":
        return run_probe(surroundings, attempt, small_disk=True) if can_mount() else None
    if attempt == "memory without end":
        return run_probe(surroundings, attempt, memory_mebibytes=_MEMORY_MEBIBYTES) if can_group() else None
    return run_probe(surroundings, attempt, seconds=_FORK_SECONDS)


def main() -> int:
    """Print the table; 1 when something is open beside files where there is no Landlock."""
    places = [place for place in EVERY if place.missing is None]
    cells: dict[str, list[str]] = {}
    notes: dict[str, list[str]] = {}
    bad = 0
    for place in places:
        for one in run_probe(place).attempts:
            is_named = one.attempt.startswith("files") and not place.landlock
            bad += bool(one.open) and not is_named
            cells.setdefault(one.attempt, []).append(
                ("open" if is_named else "OPEN") if one.open else "stopped"
            )
            if one.open:
                opened = ", ".join(_STAGE.sub("(beside the job)", name) for name in one.open)
                notes.setdefault(f"{one.attempt}: {opened}", []).append(place.label)
        for attempt in ENDLESS:
            answer = run_endless(place, attempt)
            bad += answer is not None and not is_bounded(answer)
            cells.setdefault(attempt, []).append(_bound(answer))
    write: Callable[[str], object] = sys.stdout.write
    write(f"| attempt | {' | '.join(place.label for place in places)} |\n|{'---|' * (len(places) + 1)}\n")
    for attempt, row in cells.items():
        write(f"| {attempt} | {' | '.join(row)} |\n")
    write("\nWhat is open:\n\n" if notes else "\nNothing is open.\n")
    for note, labels in notes.items():
        write(f"- {note} ({'; '.join(labels)})\n")
    for place in EVERY:
        if place.missing:
            write(f"Not tried: {place.label}: {place.missing}.\n")
    return int(bad > 0)


def is_bounded(answer: Answer) -> bool:
    """Whether the job ended for the right reason while the worker and the other tool went on."""
    return (
        answer.code in {"OUT_OF_MEMORY", "OUT_OF_SPACE", "LIMIT_EXCEEDED"}
        and answer.beats > 0
        and answer.sibling_lives
    )


def _bound(answer: Answer | None) -> str:
    if answer is None:
        return "not tried"
    return f"bounded, {answer.code}" if is_bounded(answer) else f"UNBOUNDED, {answer.code} {answer.message}"


if __name__ == "__main__":
    sys.exit(main())
