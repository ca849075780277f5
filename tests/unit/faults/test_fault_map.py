"""The page of the fault suite names tests that exist, for every item of the bar."""

import ast

import pytest

from tests.fault_map import PAGE, ROOT, fault_tests, listed_tests

BAR = [*map(str, [*range(1, 14), 19, 21, 22, 23, 24]), "R"]


def test_every_item_of_the_bar_has_a_row_with_tests() -> None:
    assert list(listed_tests()) == BAR
    assert all(listed_tests().values())


def test_every_name_on_the_page_is_understood() -> None:
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("| ") and "::" in line]

    assert sum(row.count("::") for row in rows) == sum(map(len, listed_tests().values()))


@pytest.mark.parametrize("file", sorted({file for file, _ in fault_tests()}))
def test_the_named_tests_exist(file: str) -> None:
    tree = ast.parse((ROOT / file).read_text())
    defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}

    assert {name for other, name in fault_tests() if other == file} <= defined
