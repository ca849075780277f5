"""docs/configuration.md says what the code accepts and what the stacks set."""

import re
import shutil
from pathlib import Path

import pytest

from components.config import config_keys
from tests.stack_files import configure
from tools.configuration_table import PAGE, REPOSITORY_ROOT, render


def rows(page: str) -> dict[str, list[str]]:
    """Cells of the configuration table by key."""
    lines = page.partition("## Keys")[2].partition("## Values")[0].splitlines()
    cells = [
        [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines if line[:3] == "| `"
    ]
    return {row[0].strip("`"): row for row in cells}


def test_the_page_is_what_the_code_generates() -> None:
    page = (REPOSITORY_ROOT / PAGE).read_text(encoding="utf-8")
    assert page == render(), "docs/configuration.md is out of date; run: make docs"


def test_every_key_has_a_row_with_type_range_both_values_and_meaning() -> None:
    table = rows(render())
    assert set(table) == {"aws:region", *config_keys()}
    for key, row in table.items():
        assert len(row) == 8, key
        assert all(row), key
        assert (row[4] == "required") == (key in {"owner", "notification_emails"}), key


@pytest.mark.parametrize(
    ("key", "unit"),
    [
        ("api_rate_limit_per_second", "1/s"),
        ("workflow_timeout_seconds", "s"),
        ("task_cpu_units", "CPU units"),
        ("task_memory_mib", "MiB"),
        ("owner", "-"),
    ],
)
def test_units_come_from_the_names(key: str, unit: str) -> None:
    assert rows(render())[key][2] == unit


def test_numbers_always_have_a_unit() -> None:
    table = rows(render())
    assert [
        key for key, (kind, _) in config_keys().items() if kind == "integer" and table[key][2] == "-"
    ] == []


def test_a_changed_value_changes_the_page(tmp_path: Path) -> None:
    for name in ("Pulumi.yaml", "Pulumi.dev.yaml", "Pulumi.prod.yaml"):
        shutil.copy(REPOSITORY_ROOT / name, tmp_path / name)
    configure(tmp_path, "dev", cache_nodes=3)

    assert render(tmp_path) != render()
    assert rows(render(tmp_path))["cache_nodes"][4:7] == ["`2`", "`3`", "`2`"]


def test_the_rules_between_keys_name_only_keys_that_exist() -> None:
    section = render().partition("## Values")[2]
    named = set(re.findall(r"^\| `(\w+)`", section, re.MULTILINE))
    assert named
    assert named <= set(config_keys())
