"""The page of the API explains every code that a job can fail or be marked with, and no other."""

import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from ledger.states import ErrorCode
from media.tools.warnings import WarningCode

PAGE = Path(__file__).parents[2] / "docs" / "api.md"
TABLES = {"Why a job failed": ErrorCode, "What was odd": WarningCode}
ROW = re.compile(r"^\| `(?P<code>\w+)` \| (?P<cause>.+) \| (?P<remedy>.+) \|$", re.MULTILINE)


def rows_under(heading: str, page: str) -> list[re.Match[str]]:
    """The rows of the table below a heading, up to the next one."""
    _, _, below = page.partition(f"\n### {heading}\n")
    return list(ROW.finditer(re.split(r"^#", below, maxsplit=1, flags=re.MULTILINE)[0]))


def differences(heading: str, codes: Iterable[str], page: str) -> list[str]:
    """What is wrong with the table of a heading, in words."""
    listed = [row["code"] for row in rows_under(heading, page)]
    known = {str(code) for code in codes}
    return [
        *(f"docs/api.md, {heading!r}: add a row for {code}" for code in sorted(known - set(listed))),
        *(f"docs/api.md, {heading!r}: no such code: {code}" for code in sorted(set(listed) - known)),
        *(
            f"docs/api.md, {heading!r}: {code} twice"
            for code in sorted(set(listed))
            if listed.count(code) > 1
        ),
    ]


@pytest.mark.parametrize("heading", TABLES)
def test_the_page_lists_every_code_once_with_cause_and_remedy_and_no_other(heading: str) -> None:
    assert differences(heading, TABLES[heading], PAGE.read_text(encoding="utf-8")) == []


def test_a_missing_and_a_surplus_code_are_both_named() -> None:
    page = "\n### What was odd\n\n| `OLD` | cause | remedy |\n| `NO_REMEDY` | cause |  |\n\n## Next\n"

    assert differences("What was odd", ["NEW"], page) == [
        "docs/api.md, 'What was odd': add a row for NEW",
        "docs/api.md, 'What was odd': no such code: OLD",
    ]
