"""Reads which tests make up the fault suite from its page, and in which form they run."""

import os
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = Path(__file__).with_name("faults") / "README.md"
WHOLE = os.environ.get("FAULTS") == "whole"
"""Whether outages last as long and kills are as many as the bar asks; `make test` takes a shorter form."""
_ROW = re.compile(r"^\| (\d+|R) \| [^|]+ \| ([^|]+) \|$", re.MULTILINE)
_TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


@cache
def listed_tests() -> dict[str, list[tuple[str, str]]]:
    """File and name of the tests for each number of the reliability bar, and for the reconciler as R."""
    return {number: _TEST.findall(cell) for number, cell in _ROW.findall(PAGE.read_text())}


@cache
def fault_tests() -> frozenset[tuple[str, str]]:
    """File and name of all tests of the suite."""
    return frozenset(test for tests in listed_tests().values() for test in tests)
