"""The real Lambda package: reproducible, and complete where nothing but it exists."""

import subprocess
import zipfile
from pathlib import Path

import boto3
import pytest

from artifacts.dependencies import SDK_SERVICES
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


@pytest.mark.long
def test_the_package_brings_the_tested_boto3_with_the_services_that_functions_call(tmp_path: Path) -> None:
    package = build_lambda_package(tmp_path / "package.zip", Architecture.LOCAL, cache_dir=tmp_path / "cache")
    with zipfile.ZipFile(package.path) as archive:
        archive.extractall(tmp_path / "task")  # our own archive

    asked = "import boto3; print(boto3.__version__, boto3.__file__);" + "".join(
        f"boto3.client({name!r}, region_name='ap-northeast-1');" for name in sorted(SDK_SERVICES)
    )
    done = subprocess.run(
        [str(emulator_python()), "-c", asked],
        env={"PYTHONPATH": str(tmp_path / "task")},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    version, place = done.stdout.split()
    assert (version, Path(place).is_relative_to(tmp_path)) == (boto3.__version__, True)
