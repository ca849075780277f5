"""A deployment without an up-to-date package ends at once; what deploys nothing needs no package."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from artifacts.freshness import PACKAGE_PATH
from artifacts.lambda_package import build_lambda_package
from artifacts.platforms import Architecture
from components import deployment_package
from components.deployment_package import PackageError, check_package
from local.paths import REPOSITORY_ROOT
from tests.synthesised import synthesised

# What Pulumi's language host does: settings with the engine's addresses, configuration in the environment.
AS_PULUMI_RUNS_IT = """
import runpy, sys
from pulumi.runtime.settings import Settings, configure
sys.path.insert(0, ".")
address = "127.0.0.1:9"
configure(Settings(project="video-platform", stack="dev", monitor=address, engine=address))
runpy.run_path("__main__.py", run_name="__main__")
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout without a build directory."""
    for name in ("components", "artifacts", "workflow", "services"):
        shutil.copytree(REPOSITORY_ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("__main__.py", "constraints.txt"):
        shutil.copy(REPOSITORY_ROOT / name, tmp_path / name)
    return tmp_path


def run_as_pulumi_does(checkout: Path) -> subprocess.CompletedProcess[str]:
    config = json.dumps(dict(synthesised("dev").settings.values))
    return subprocess.run(
        [sys.executable, "-c", AS_PULUMI_RUNS_IT],
        cwd=checkout,
        env={"PATH": os.environ["PATH"], "PULUMI_CONFIG": config, "PULUMI_CONFIG_SECRET_KEYS": "[]"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.long
def test_under_an_engine_a_missing_package_ends_the_program_before_its_first_request(checkout: Path) -> None:
    ended = run_as_pulumi_does(checkout)
    assert ended.returncode != 0
    assert f"{PACKAGE_PATH} does not exist. Run: make package STACK=dev" in ended.stderr


@pytest.mark.long
def test_under_an_engine_a_stale_package_ends_the_program_too(checkout: Path) -> None:
    build_lambda_package(checkout / PACKAGE_PATH, Architecture.LOCAL, root=checkout)
    ended = run_as_pulumi_does(checkout)
    assert "but the stack needs arm64" in ended.stderr
    assert "Run: make package STACK=dev" in ended.stderr


def test_without_an_engine_no_package_is_needed() -> None:
    assert synthesised("dev").registrations


@pytest.fixture
def under_an_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deployment_package, "get_monitor", object)


def test_an_up_to_date_package_passes(
    under_an_engine: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(deployment_package, "package_fault", lambda *_: None)
    check_package("arm64")


def test_the_error_is_one_that_pulumi_prints_without_a_traceback(
    under_an_engine: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(PackageError, match="does not exist"):
        check_package("arm64")
    assert [base.__name__ for base in PackageError.__mro__].count("RunError") == 1
