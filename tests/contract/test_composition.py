"""The program and its groups only compose: no resources of their own, nothing special by a stack's name."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.paths import REPOSITORY_ROOT

PROGRAM = REPOSITORY_ROOT / "__main__.py"
GROUPS = sorted((REPOSITORY_ROOT / "components" / "composition").glob("*.py"))
PROVIDERS = {"pulumi_aws", "pulumi_awsx", "pulumi_random"}


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def provider_calls(path: Path) -> Iterator[str]:
    """What a module calls of the provider packages, as it writes it."""
    module = tree(path)
    imports = (node for node in ast.walk(module) if isinstance(node, ast.Import))
    aliases = {name.asname or name.name for node in imports for name in node.names if name.name in PROVIDERS}
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and ast.unparse(node.func).partition(".")[0] in aliases:
            yield ast.unparse(node.func)


def imported(path: Path) -> set[str]:
    """Top-level packages that a module imports."""
    nodes = list(ast.walk(tree(path)))
    whole = {name.name for node in nodes if isinstance(node, ast.Import) for name in node.names}
    parts = {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    return {name.partition(".")[0] for name in whole | parts}


def conditions(path: Path) -> Iterator[str]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.If | ast.IfExp | ast.While):
            yield ast.unparse(node.test)
        if isinstance(node, ast.Compare | ast.Match):
            yield ast.unparse(node)


def test_there_are_groups() -> None:
    assert {"foundation", "stores", "edge"} <= {path.stem for path in GROUPS}


def test_the_program_asks_the_provider_for_its_account_and_creates_nothing_itself() -> None:
    assert list(provider_calls(PROGRAM)) == ["aws.get_caller_identity"]
    assert imported(PROGRAM) & PROVIDERS == {"pulumi_aws"}


@pytest.mark.parametrize("path", GROUPS, ids=lambda path: path.stem)
def test_a_group_knows_no_provider_and_no_resource_class(path: Path) -> None:
    assert not imported(path) & {*PROVIDERS, "pulumi"}


@pytest.mark.parametrize("path", [PROGRAM, *GROUPS], ids=lambda path: path.stem)
def test_nothing_depends_on_the_name_of_the_stack(path: Path) -> None:
    assert not [text for text in conditions(path) if "stack" in text or "'dev'" in text or "'prod'" in text]


def test_the_program_fits_on_one_screen_and_copies_no_setting() -> None:
    text = PROGRAM.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 120
    copies = [
        ast.unparse(node)
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.keyword) and ast.unparse(node.value) == f"config.{node.arg}"
    ]
    assert not copies
