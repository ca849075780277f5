"""Holds the two sides' answers and figures against each other."""

import json
import platform
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from bench.api.side import Call, Side

MOST_IMPORT: Final = 0.6
LEAST_RATE: Final = 3.0
MOST_GROWTH: Final = 1.5
_FLAT: Final = ("GET list", "GET search")
# What differs between two calls by its nature.
_OWN: Final = frozenset(
    {"video_id", "job_id", "latest_job_id", "created_at", "updated_at", "url", "expires_at", "next_cursor"}
)
# What the twin does not tell.
_OURS: Final = frozenset({"source", "profile_version", "warnings"})


@dataclass
class Figures:
    """What was measured of one side; latencies in milliseconds, times in CPU seconds."""

    few: dict[str, list[float]]
    many: dict[str, list[float]]
    imports: list[float] = field(default_factory=list)
    first_answers: list[float] = field(default_factory=list)
    rates: dict[str, list[float]] = field(default_factory=dict)


@dataclass(frozen=True)
class Hidden:
    """Milliseconds of asking for another client's record, for one that never was, and for another such."""

    others: list[float]
    absent: list[float]
    again: list[float]


def render_hidden(hidden: Hidden) -> str:
    """Whether time tells what another client has, as Markdown."""
    others, absent, again = map(statistics.median, (hidden.others, hidden.absent, hidden.again))
    return "\n".join(
        [
            "",
            f"A record that the caller may not know of, {len(hidden.others)} requests in turn, medians:",
            "",
            "| ratio | measured |",
            "|---|---|",
            f"| another's to absent ({others:.3f} ms) | {others / absent:.3f} |",
            f"| absent to absent ({absent:.3f} ms) | {again / absent:.3f} |",
            "",
        ]
    )


def check_same(sides: Sequence[Side], operations: Mapping[str, Sequence[Call]]) -> None:
    """Ends the run when the two sides do not answer alike.

    Raises:
        RuntimeError: Names the operation and both answers.
    """
    for name, calls in operations.items():
        # The newest rows are those that the calls before have made.
        first, second = (side.answers(calls[:10]) for side in sides)
        for ours, twin in zip(first, second, strict=True):
            if comparable(ours) != comparable(twin):
                message = f"{name}: the answers differ:\n{comparable(ours)}\n{comparable(twin)}"
                raise RuntimeError(message)


def comparable(answer: Mapping[str, Any]) -> tuple[int, Any]:
    """Status and body of an answer, without what cannot be the same twice."""
    return int(answer["statusCode"]), _without_own(json.loads(answer["body"]))


def _without_own(value: Any) -> Any:
    if isinstance(value, dict):
        # A field without a value says the same as none, so that a new one does not end the comparison.
        said = {key: item for key, item in value.items() if item is not None and key not in _OURS}
        return {key: bool(item) if key in _OWN else _without_own(item) for key, item in said.items()}
    return [_without_own(item) for item in value] if isinstance(value, list) else value


def quantile(values: Sequence[float], percent: int) -> float:
    """The value below which this percentage lies."""
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def render(figures: Mapping[str, Figures], videos: int) -> tuple[str, bool]:
    """The report as Markdown, and whether every bar is met."""
    ours, twin = figures["ours"], figures["twin"]
    bars: list[tuple[str, float, bool]] = []
    lines = [
        "# The API function beside a FastAPI twin",
        "",
        f"{videos} videos, as many jobs, {videos * 10} events. Python {platform.python_version()}. Medians.",
        "",
        "| start, CPU seconds | ours | twin | ours / twin |",
        "|---|---|---|---|",
    ]
    for label, kind in (("import of the handler", "imports"), ("import and first answer", "first_answers")):
        mine, theirs = (statistics.median(getattr(side, kind)) for side in (ours, twin))
        lines.append(f"| {label} | {mine:.3f} | {theirs:.3f} | {mine / theirs:.2f} |")
        if kind == "imports":
            bars.append(
                (f"import at most {MOST_IMPORT} of the twin", mine / theirs, mine / theirs <= MOST_IMPORT)
            )
    lines += ["", "| calls per CPU second | ours | twin | ours / twin |", "|---|---|---|---|"]
    for name in ours.rates:
        mine, theirs = (statistics.median(side.rates[name]) for side in (ours, twin))
        lines.append(f"| {name} | {mine:.0f} | {theirs:.0f} | {mine / theirs:.2f} |")
        bars.append(
            (f"{name}: at least {LEAST_RATE} times the calls", mine / theirs, mine / theirs >= LEAST_RATE)
        )
    lines += _latency_table(figures, bars)
    lines += ["", "| bar | measured | met |", "|---|---|---|"]
    lines += [f"| {label} | {value:.2f} | {'yes' if met else 'NO'} |" for label, value, met in bars]
    return "\n".join([*lines, ""]), all(met for _, _, met in bars)


def _latency_table(figures: Mapping[str, Figures], bars: list[tuple[str, float, bool]]) -> list[str]:
    count = len(next(iter(figures["ours"].many.values())))
    lines = [
        "",
        f"Milliseconds over HTTP, {count} requests of each kind, one by one, sizes and sides in turn:",
        "",
        "| operation | side | p50 at 1,000 | p99 at 1,000 | p50 at all | p99 at all | p99 growth |",
        "|---|---|---|---|---|---|---|",
    ]
    for name in figures["ours"].many:
        for side, found in figures.items():
            few, many = found.few[name], found.many[name]
            growth = quantile(many, 99) / quantile(few, 99)
            values = [quantile(few, 50), quantile(few, 99), quantile(many, 50), quantile(many, 99)]
            cells = " | ".join(f"{value:.2f}" for value in values)
            lines.append(f"| {name} | {side} | {cells} | {growth:.2f} |")
            if side == "ours" and name in _FLAT:
                bars.append((f"{name}: p99 grows at most {MOST_GROWTH} times", growth, growth <= MOST_GROWTH))
    return lines
