"""mypy reads only the listed services of the provider; whatever the program uses must be among them."""

import ast
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROVIDER = "pulumi_aws."


def services_used() -> set[str]:
    """Names of modules that the program takes from the provider, without functions such as get_region."""
    files = [ROOT / "__main__.py", *ROOT.glob("components/**/*.py")]
    nodes = (node for file in files for node in ast.walk(ast.parse(file.read_text())))
    inner = (node.value for node in nodes if isinstance(node, ast.Attribute))
    return {
        node.attr
        for node in inner
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "aws"
    }


def services_checked() -> set[str]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]["overrides"]
    read = {
        module for part in settings if part.get("follow_imports") == "normal" for module in part["module"]
    }
    return {name.removeprefix(PROVIDER).removesuffix(".*") for name in read if name.endswith(".*")}


def test_mypy_reads_exactly_the_services_of_the_provider_that_the_program_uses() -> None:
    assert services_used() == services_checked()
    assert len(services_used()) > 10
