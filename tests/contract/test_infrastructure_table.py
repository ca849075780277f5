"""docs/infrastructure.md names components, resources, properties and tests that really exist."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from local.monitor import Registration
from local.paths import REPOSITORY_ROOT
from tests.conftest import COLLECTED
from tests.synthesised import STACKS, synthesised

PAGE = REPOSITORY_ROOT / "docs" / "infrastructure.md"
TESTS = REPOSITORY_ROOT / "tests"
CODE = re.compile(r"`([^`]+)`")
PROPERTY = re.compile(r"`(?P<path>[^`]+)`(?: = `(?P<value>[^`]+)`)?(?: \((?P<stack>dev|prod)\))?")
ONLY = re.compile(r" \((dev|prod)\)$")


@dataclass(frozen=True)
class Row:
    line: str
    components: list[str]
    resources: str
    properties: str
    tests: list[str]

    @property
    def stacks(self) -> tuple[str, ...]:
        """Stacks that must have the row's resources."""
        only = ONLY.search(self.resources)
        return (only[1],) if only else STACKS


def rows() -> list[Row]:
    found = []
    for text in PAGE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in text.split("|")[1:-1]]
        if len(cells) == 5 and cells[0] not in {"Line", "---"}:
            line, components, resources, properties, tests = cells
            found.append(Row(line, CODE.findall(components), resources, properties, CODE.findall(tests)))
    return found


def points() -> dict[str, list[str]]:
    """What the last section's points are held by."""
    section = PAGE.read_text(encoding="utf-8").partition("## 10. ")[2]
    cells = [[cell.strip() for cell in text.split("|")[1:-1]] for text in section.splitlines()]
    return {row[0]: CODE.findall(row[2]) for row in cells if len(row) == 3 and row[0] not in {"Point", "---"}}


ROWS = rows()
POINTS = points()


def named(row: Row, stack: str) -> Iterator[Registration]:
    """The resources of a row in a stack, each of the type that the row says."""
    if row.resources == "-":
        return
    token, *names = CODE.findall(row.resources)
    assert names, f"{row.line}: no resource name"
    by_name = {entry.name: entry for entry in synthesised(stack).registrations.values()}
    for name in names:
        assert name in by_name, f"{row.line}: {stack} has no resource {name}"
        assert by_name[name].type == token, f"{row.line}: {name} is a {by_name[name].type}"
        yield by_name[name]


def value_at(inputs: Any, path: str) -> Any:
    """Follow a path such as ``rules[0].status``; None when it leads nowhere."""
    for step in re.findall(r"[^.\[\]]+", path):
        try:
            inputs = inputs[int(step)] if step.isdigit() else inputs[step]
        except (KeyError, IndexError, TypeError):
            return None
    return inputs


@pytest.fixture(scope="module")
def collected(request: pytest.FixtureRequest) -> frozenset[str]:
    """Ids of all tests without parameters: of this session when it holds them all, else of one that asks."""
    own = request.config.stash[COLLECTED]
    everywhere = {path.relative_to(REPOSITORY_ROOT).as_posix() for path in TESTS.rglob("test_*.py")}
    return own if everywhere <= {test.partition("::")[0] for test in own} else collect()


def collect() -> frozenset[str]:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "-m", "", "-p", "no:cacheprovider"],
        cwd=REPOSITORY_ROOT,
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    return frozenset(line.partition("[")[0] for line in done.stdout.splitlines() if "::" in line)


def test_the_page_covers_every_stack_of_the_platform_it_replaces() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for section in ("Network", "Storage", "Cache", "Compute", "API", "Notifications", "Workflow"):
        assert re.search(rf"^## \d\. {section}", page, re.MULTILINE), section
    assert len(ROWS) > 80


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.line)
def test_a_component_is_a_file(row: Row) -> None:
    for component in row.components:
        candidates = [REPOSITORY_ROOT / component, REPOSITORY_ROOT / "components" / f"{component}.py"]
        assert any(path.exists() for path in candidates), component


@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.line)
def test_a_resource_has_the_properties_that_the_table_names(row: Row, stack: str) -> None:
    if stack not in row.stacks:
        return
    for resource in named(row, stack):
        for wanted in PROPERTY.finditer(row.properties):
            if wanted["stack"] not in {None, stack}:
                continue
            found = value_at(resource.inputs, wanted["path"])
            assert found is not None, f"{resource.name} has no {wanted['path']}"
            if wanted["value"] is not None:
                assert found == json.loads(wanted["value"]), f"{resource.name} {wanted['path']}"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.line)
def test_a_row_names_tests_that_are_collected(row: Row, collected: frozenset[str]) -> None:
    assert row.tests, f"{row.line}: nothing proves it"
    for wanted in row.tests:
        assert [test for test in collected if test == wanted or test.startswith(f"{wanted}::")], wanted


@pytest.mark.parametrize("point", POINTS)
def test_a_point_is_held_by_tests_that_are_collected(point: str, collected: frozenset[str]) -> None:
    assert POINTS[point], f"{point}: nothing holds it"
    for wanted in POINTS[point]:
        assert [test for test in collected if test == wanted or test.startswith(f"{wanted}::")], wanted


def test_every_type_of_resource_that_holds_data_or_runs_code_has_a_row() -> None:
    covered = {CODE.findall(row.resources)[0] for row in ROWS if row.resources != "-"}
    wanted = {
        entry.type
        for stack in STACKS
        for entry in synthesised(stack).registrations.values()
        if re.search(
            r":(Instance|Proxy|ReplicationGroup|FileSystem|Function|StateMachine|Queue|Topic|Vpc)$",
            entry.type,
        )
    }
    assert wanted
    assert wanted <= covered
