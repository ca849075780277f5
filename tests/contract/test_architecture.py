"""The layout is the architecture: what may import what, where SQL stands, how large a package is."""

import ast
import pkgutil
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SERVICES = ROOT / "services"
CONTRACTS = {
    contract["id"]: contract
    for contract in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
}
MOST_MODULES = 15
# One import that each contract must refuse: the module it is planted in, and the module that it names.
PLANTED = {
    "no-circles": ("services/media/tools/limits.py", "media.tools.session"),
    "services-flow-downhill": ("services/upkeep/orphans.py", "metadata_api.settings"),
    "functions-do-no-media-work": ("services/runtime/clients.py", "media.tools.limits"),
    "a-task-is-no-function": ("services/processor/task/errors.py", "runtime.clients"),
    "media-is-a-library": ("services/media/tools/limits.py", "ledger.states"),
    "media-flows-downhill": ("services/media/containers/sniff.py", "media.plan.plan"),
    "processor-flows-downhill": ("services/processor/task/errors.py", "processor.exchange.storage"),
    "api-flows-downhill": ("services/metadata_api/http/cors.py", "metadata_api.routes.jobs"),
    "ledger-flows-downhill": ("services/ledger/videos/videos.py", "ledger.jobs.jobs"),
    "sql-is-the-ledgers": ("services/upkeep/orphans.py", "psycopg"),
    "services-are-deployed-alone": ("services/profiles/loader.py", "artifacts.sources"),
    "components-describe": ("components/naming.py", "profiles"),
    "tests-are-on-top": ("local/errors.py", "tests.media"),
}
# A statement begins with one of these, in capitals as everywhere in the ledger.
SQL = re.compile(
    r"\A\s*(SELECT\s.+\sFROM|INSERT\s+INTO|UPDATE\s.+\sSET|DELETE\s+FROM|WITH\s.+\sAS|(CREATE|ALTER|DROP|GRANT)\s)\b",
    re.DOTALL,
)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of all Python packages, to plant imports in."""
    copy = tmp_path_factory.mktemp("checkout")
    for name in ("services", "components", "workflow", "local", "artifacts", "tools", "bench", "tests"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", copy)
    return copy


def lint_imports(checkout: Path, contract: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [
            str(Path(sys.executable).parent / "lint-imports"),
            "--no-logo",
            "--no-cache",
            "--contract",
            contract,
        ],
        cwd=checkout,
        env={"PYTHONPATH": "services", "PATH": "", "NO_COLOR": "1", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_contract_has_an_import_that_it_must_refuse() -> None:
    assert set(PLANTED) == set(CONTRACTS)


@pytest.mark.long_but(2)
@pytest.mark.parametrize("contract", PLANTED)
def test_a_planted_import_breaks_its_contract(checkout: Path, contract: str) -> None:
    place, module = PLANTED[contract]
    file = checkout / place
    former = file.read_text()
    file.write_text(f"{former}\n\nimport {module}\n")
    try:
        outcome = lint_imports(checkout, contract)
    finally:
        file.write_text(former)

    assert outcome.returncode == 1, outcome.stdout + outcome.stderr
    assert "1 broken" in outcome.stdout


def test_every_ignored_import_carries_its_reason_in_the_same_line() -> None:
    lines = (ROOT / "pyproject.toml").read_text().splitlines()
    for contract in CONTRACTS.values():
        for ignored in contract.get("ignore_imports", ()):
            (line,) = (text for text in lines if f'"{ignored}"' in text)
            assert re.search(r"#\s*\w+ \w+", line), line


PACKAGES = sorted(init.parent for init in SERVICES.rglob("__init__.py"))


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.relative_to(SERVICES).as_posix())
def test_a_package_says_what_lives_there_and_what_does_not_and_is_no_hall(package: Path) -> None:
    modules = [path for path in package.glob("*.py") if not path.name.startswith("__")]

    said = ast.get_docstring(ast.parse((package / "__init__.py").read_text())) or ""
    assert "Not here: " in said or package.name == "versions"
    assert len(modules) <= MOST_MODULES or package.name == "versions"


def statements(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and SQL.match(node.value):
            yield node.value.strip()


def test_sql_stands_in_the_ledger_and_nowhere_else_in_what_is_deployed() -> None:
    found = {
        path.relative_to(ROOT).as_posix(): text
        for root in (SERVICES, ROOT / "components", ROOT / "local", ROOT / "workflow")
        for path in root.rglob("*.py")
        for text in statements(ast.parse(path.read_text()))
        if not path.is_relative_to(SERVICES / "ledger")
    }
    # What RDS does for its customers before they come: a role and a database, no table.
    found = {path: text for path, text in found.items() if path != "local/servers/postgres.py"}

    assert found == {}


def test_the_search_for_sql_finds_that_of_the_ledger() -> None:
    trees = (ast.parse(path.read_text()) for path in (SERVICES / "ledger").rglob("*.py"))

    assert sum(1 for tree in trees for _ in statements(tree)) > 100


NAMED = re.compile(
    r"`((?:media|processor|metadata_api|orchestration|upkeep|webhooks|keymaker|runtime|ledger)(?:\.[a-z_]+)+(?:\.\w+)*)`"
)
PAGES = [*SERVICES.rglob("*.py"), *(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md")]


def is_there(name: str) -> bool:
    """Whether it leads to a package, a module, or something that a module defines."""
    try:
        pkgutil.resolve_name(name)
    except (ImportError, AttributeError):
        return False
    return True


def test_every_module_that_a_docstring_or_a_page_names_exists() -> None:
    names = {name for page in PAGES for name in NAMED.findall(page.read_text(encoding="utf-8"))}

    assert len(names) > 10
    assert {name for name in names if not is_there(name)} == set()
