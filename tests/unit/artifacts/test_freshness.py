"""A built package is deployed only when building it again would give the same."""

import zipfile
from pathlib import Path

import pytest

from artifacts.freshness import package_fault
from artifacts.lambda_package import build_lambda_package
from artifacts.platforms import Architecture


@pytest.fixture
def package(repository: Path, installed: Path, tmp_path: Path) -> Path:
    return build_lambda_package(tmp_path / "package.zip", Architecture.ARM64, root=repository).path


def fault(package: Path, repository: Path, architecture: Architecture = Architecture.ARM64) -> str:
    return package_fault(package, architecture, root=repository) or "none"


def test_a_package_just_built_has_no_fault(package: Path, repository: Path) -> None:
    assert fault(package, repository) == "none"


def test_touching_files_and_writing_caches_does_not_make_it_stale(package: Path, repository: Path) -> None:
    (repository / "services" / "ledger" / "__init__.py").touch()
    (repository / "services" / "ledger" / "__pycache__").mkdir()
    (repository / "services" / "ledger" / "__pycache__" / "a.pyc").write_text("cache")
    assert fault(package, repository) == "none"


def test_a_missing_package_is_named(repository: Path) -> None:
    assert fault(Path("build/nothing.zip"), repository) == "build/nothing.zip does not exist"


def test_a_file_that_is_no_archive_is_a_fault(package: Path, repository: Path) -> None:
    package.write_bytes(package.read_bytes()[:40])
    assert "not a readable zip file" in fault(package, repository)


@pytest.mark.parametrize("name", ["ledger/__init__.py", "profiles/web.yaml", "metadata_api/new.py"])
def test_a_changed_or_new_source_makes_it_stale(package: Path, repository: Path, name: str) -> None:
    (repository / "services" / name).write_text("changed\n")
    assert f"does not hold the present services/{name}" in fault(package, repository)


def test_a_removed_source_makes_it_stale(package: Path, repository: Path) -> None:
    (repository / "services" / "profiles" / "web.yaml").unlink()
    assert "profiles/web.yaml, which services/ no longer has" in fault(package, repository)


@pytest.mark.parametrize("name", ["constraints.txt", "services/metadata_api/requirements.txt"])
def test_changed_pins_make_it_stale(package: Path, repository: Path, name: str) -> None:
    (repository / name).write_text("other pins\n")
    assert "architecture and pins" in fault(package, repository)


def test_a_package_for_another_processor_is_refused(package: Path, repository: Path) -> None:
    assert "was built for arm64" in fault(package, repository, Architecture.X86_64)


def test_a_package_from_elsewhere_is_refused(package: Path, repository: Path) -> None:
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("index.py", "")
    assert "was built for an unknown target" in fault(package, repository)


def test_a_change_of_the_processor_alone_needs_no_new_package(package: Path, repository: Path) -> None:
    (repository / "services" / "processor" / "Dockerfile").write_text("FROM other\n")
    assert fault(package, repository) == "none"
