"""The real Lambda package: reproducible, without boto3, and importable where only it and boto3 exist."""

import subprocess
import zipfile
from pathlib import Path

import pytest

from artifacts.lambda_package import build_lambda_package
from artifacts.platforms import Architecture
from local.servers.emulator import emulator_python
from tests.handlers import HANDLERS

pytestmark = pytest.mark.integration


@pytest.mark.long
def test_two_builds_from_scratch_give_the_same_bytes(tmp_path: Path) -> None:
    first = build_lambda_package(tmp_path / "1.zip", Architecture.LOCAL, cache_dir=tmp_path / "first")
    second = build_lambda_package(tmp_path / "2.zip", Architecture.LOCAL, cache_dir=tmp_path / "second")

    assert first.sha256 == second.sha256


@pytest.mark.long
def test_every_handler_imports_from_the_package_alone(tmp_path: Path) -> None:
    package = build_lambda_package(tmp_path / "package.zip", Architecture.LOCAL, cache_dir=tmp_path / "cache")
    with zipfile.ZipFile(package.path) as archive:
        names = archive.namelist()
        archive.extractall(tmp_path / "task")  # our own archive

    assert [name for name in names if name.startswith(("boto3", "botocore"))] == []
    assert {name.split("/")[0] for name in names}.isdisjoint({"media", "processor", "local", "components"})
    for handler in HANDLERS.values():
        module = handler.removesuffix(".handler")
        done = subprocess.run(
            [str(emulator_python()), "-c", f"import {module} as m; assert callable(m.handler)"],
            env={"PYTHONPATH": str(tmp_path / "task"), "AWS_REGION": "ap-northeast-1"},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
