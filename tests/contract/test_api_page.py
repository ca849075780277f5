"""What docs/api.md says to paste into the console is what the function for such executions takes."""

import json
import re
from pathlib import Path

import pytest

from metadata_api.console import check_order
from metadata_api.http.problems import Problem
from metadata_api.models.jobs import SourceJobBody

PAGE = Path(__file__).parents[2] / "docs" / "api.md"
HEADING = "## Start a job in the Step Functions console"


def pasted() -> list[str]:
    """The JSON blocks of the section."""
    _, _, below = PAGE.read_text(encoding="utf-8").partition(f"{HEADING}\n")
    return re.findall(r"```json\n(.*?)```", below.split("\n## ")[0], flags=re.DOTALL)


def with_bucket(text: str) -> str:
    return text.replace("<ingest bucket>", "video-ingest-dev")


def test_the_page_has_something_to_paste() -> None:
    assert len(pasted()) == 2


@pytest.mark.parametrize("text", pasted())
def test_what_the_page_says_to_paste_is_an_order(text: str) -> None:
    assert isinstance(check_order(json.loads(with_bucket(text))), SourceJobBody)


@pytest.mark.parametrize("text", pasted())
def test_an_order_with_a_slip_of_the_pen_is_refused_by_the_name_of_the_field(text: str) -> None:
    slip = json.loads(with_bucket(text).replace('"profile"', '"profil"'))
    with pytest.raises(Problem, match="profil: is not a known field"):
        check_order(slip)
