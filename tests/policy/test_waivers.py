"""The waiver file refuses what explains nothing, and never covers more than there is."""

import datetime as dt
from typing import Any

import pytest

from tests.policy.waivers import Finding, Waiver, parse_waivers, unused, unwaived

TODAY = dt.date(2026, 11, 21)
GOOD = {
    "tool": "rules",
    "id": "RDS.8",
    "resource": "aws:rds/instance:Instance::database-*",
    "stacks": ["dev"],
    "reason": "a dev stack is torn down at will",
    "date": TODAY,
}
DEV = Finding("rules", "RDS.8", "dev", "aws:rds/instance:Instance::database-instance")
PROD = Finding("rules", "RDS.8", "prod", "aws:rds/instance:Instance::database-instance")


def waiver(**changes: Any) -> Waiver:
    (found,) = parse_waivers([{**GOOD, **changes}], today=TODAY)
    return found


@pytest.mark.parametrize(
    "changes",
    [
        {"reason": "because"},
        {"date": dt.date(2026, 11, 22)},
        {"date": "yesterday"},
        {"tool": "eyes"},
        {"stacks": []},
        {"stacks": ["staging"]},
        {"owner": "me"},
    ],
)
def test_a_waiver_that_is_not_complete_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="waiver"):
        waiver(**changes)


def test_a_waiver_without_a_reason_is_refused() -> None:
    with pytest.raises(ValueError, match="reason"):
        parse_waivers([{key: value for key, value in GOOD.items() if key != "reason"}], today=TODAY)


def test_a_waiver_covers_its_stack_only() -> None:
    assert unwaived([DEV, PROD], [waiver()]) == [PROD]


@pytest.mark.parametrize("changes", [{"id": "RDS.9"}, {"tool": "checkov"}, {"resource": "aws:rds/*::other"}])
def test_a_waiver_for_something_else_covers_nothing(changes: dict[str, Any]) -> None:
    assert unwaived([DEV], [waiver(**changes)]) == [DEV]


def test_a_waiver_that_covers_nothing_any_more_is_named() -> None:
    assert unused([PROD], [waiver()], "rules") == [f"{waiver()} (dev)"]


def test_a_waiver_that_is_needed_in_one_of_its_stacks_only_is_named() -> None:
    assert unused([DEV], [waiver(stacks=["dev", "prod"])], "rules") == [f"{waiver()} (prod)"]


def test_a_waiver_of_another_tool_is_left_to_that_tool() -> None:
    assert unused([], [waiver(tool="checkov")], "rules") == []
