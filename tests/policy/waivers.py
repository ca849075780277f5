"""Findings, and the one file that says which of them are accepted, why, and since when."""

import datetime as dt
import fnmatch
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

WAIVER_FILE = Path(__file__).with_name("waivers.yaml")
TOOLS = ("rules", "checkov", "parliament")
_KEYS = {"tool", "id", "resource", "stacks", "reason", "date"}
_SHORTEST_REASON = 25


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One requirement that one resource of one stack does not meet.

    Attributes:
        tool: who found it.
        id: id of the requirement.
        stack: stack name.
        resource: ``type::logical name``.
        detail: what is wrong, for people.
    """

    tool: str
    id: str
    stack: str
    resource: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """An accepted finding; ``resource`` may hold ``*``."""

    tool: str
    id: str
    resource: str
    stacks: tuple[str, ...]
    reason: str
    date: dt.date

    def covers(self, finding: Finding) -> bool:
        """Say whether this waiver is about a finding."""
        return (
            (self.tool, self.id) == (finding.tool, finding.id)
            and finding.stack in self.stacks
            and fnmatch.fnmatchcase(finding.resource, self.resource)
        )

    def __str__(self) -> str:
        return f"{self.tool} {self.id} {self.resource}"


def parse_waivers(entries: Iterable[dict[str, Any]], *, today: dt.date) -> list[Waiver]:
    """Read waivers.

    Raises:
        ValueError: a waiver lacks a field, names an unknown tool or stack, is of the future, or has no
            reason worth the name.
    """
    found = []
    for entry in entries:
        unknown = set(entry) ^ _KEYS
        if unknown:
            raise ValueError(
                f"waiver {entry} lacks or adds {sorted(unknown)}; it needs exactly {sorted(_KEYS)}"
            )
        waiver = Waiver(**{**entry, "stacks": tuple(entry["stacks"])})
        if waiver.tool not in TOOLS or not waiver.stacks or not set(waiver.stacks) <= {"dev", "prod"}:
            raise ValueError(f"waiver {waiver}: tool must be one of {TOOLS}, stacks of dev and prod")
        if not isinstance(waiver.date, dt.date) or waiver.date > today:
            raise ValueError(f"waiver {waiver}: date is {waiver.date}, but must be a day up to {today}")
        if len(waiver.reason) < _SHORTEST_REASON:
            raise ValueError(f"waiver {waiver}: the reason {waiver.reason!r} explains nothing")
        found.append(waiver)
    return found


def load_waivers() -> list[Waiver]:
    """Read the waiver file."""
    today = dt.datetime.now(tz=dt.UTC).date()
    return parse_waivers(yaml.safe_load(WAIVER_FILE.read_text(encoding="utf-8")) or [], today=today)


def unwaived(findings: Iterable[Finding], waivers: Iterable[Waiver]) -> list[Finding]:
    """Give the findings that no waiver covers."""
    accepted = list(waivers)
    return sorted(finding for finding in findings if not any(waiver.covers(finding) for waiver in accepted))


def unused(findings: Iterable[Finding], waivers: Iterable[Waiver], tool: str) -> list[str]:
    """Give the waivers of a tool that are wider than what it finds: by resource or by stack."""
    found = list(findings)
    idle = []
    for waiver in waivers:
        if waiver.tool == tool:
            covered = {finding.stack for finding in found if waiver.covers(finding)}
            idle += [f"{waiver} ({stack})" for stack in waiver.stacks if stack not in covered]
    return idle
