"""Building the Lambda package and staging the image, with small sources of the tests' own."""

import re
import stat
import zipfile
from pathlib import Path

import pytest

from artifacts import archive, dependencies
from artifacts.archive import PackageTooLargeError, write_zip
from artifacts.dependencies import SDK_SERVICES, DependencyError, install_dependencies, runtime_files
from artifacts.image import image_content_hash
from artifacts.lambda_package import (
    CollidingFilesError,
    build_lambda_package,
    lambda_files,
    local_lambda_package,
    own_files,
)
from artifacts.platforms import Architecture
from artifacts.sources import CA_BUNDLE, REPOSITORY_ROOT, MissingSourceError, content_hash, package_files
from artifacts.stage import stage_image
from ledger.database.settings import CA_BUNDLE_PATH


def names_in(path: Path) -> list[str]:
    with zipfile.ZipFile(path) as package:
        return package.namelist()


def test_the_same_sources_give_the_same_bytes(repository: Path, installed: Path, tmp_path: Path) -> None:
    first = build_lambda_package(tmp_path / "first.zip", Architecture.ARM64, root=repository)
    for path in sorted(repository.rglob("*"), reverse=True):
        if path.is_file():
            path.touch()
            path.chmod(0o600)

    second = build_lambda_package(tmp_path / "second.zip", Architecture.ARM64, root=repository)

    assert first.path.read_bytes() == second.path.read_bytes()
    assert first.sha256 == second.sha256


def test_the_package_holds_our_data_files_and_nothing_that_cannot_run(
    repository: Path, installed: Path, tmp_path: Path
) -> None:
    package = build_lambda_package(tmp_path / "package.zip", Architecture.ARM64, root=repository)

    assert names_in(package.path) == [
        "keymaker/__init__.py",
        "ledger/__init__.py",
        "ledger/database/certs/aws-ca-bundle.pem",
        "lib-1.0.dist-info/METADATA",
        "lib/__init__.py",
        "lib/native.so",
        "metadata_api/__init__.py",
        "orchestration/__init__.py",
        "package-label.txt",
        "profiles/__init__.py",
        "profiles/web.yaml",
        "runtime/__init__.py",
        "upkeep/__init__.py",
        "webhooks/__init__.py",
    ]


def test_entries_have_one_time_one_mode_and_are_readable(tmp_path: Path) -> None:
    write_zip(tmp_path / "a.zip", {"b": b"2", "a": b"1"})

    with zipfile.ZipFile(tmp_path / "a.zip") as package:
        entries = package.infolist()
    assert [entry.filename for entry in entries] == ["a", "b"]
    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
    assert {stat.S_IMODE(entry.external_attr >> 16) for entry in entries} == {0o644}
    assert stat.S_IMODE((tmp_path / "a.zip").stat().st_mode) == 0o644


def test_only_services_that_functions_call_are_described(tmp_path: Path) -> None:
    kept = ["botocore/data/_retry.json", "botocore/data/s3/2006-03-01/service-2.json.gz", "boto3/session.py"]
    left_out = ["botocore/data/ec2/2016-11-15/service-2.json.gz"]
    for name in kept + left_out:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()

    assert sorted(runtime_files(tmp_path)) == sorted(kept)


def test_the_described_services_are_those_that_functions_call() -> None:
    asked = re.compile(r'boto3\.client\(\s*"([a-z0-9-]+)"')
    sources = [
        path.read_text(encoding="utf-8")
        for path in own_files(REPOSITORY_ROOT).values()
        if path.suffix == ".py"
    ]
    assert {name for text in sources for name in asked.findall(text)} == SDK_SERVICES


def test_a_package_over_the_limit_is_refused_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "LAMBDA_UNZIPPED_LIMIT_BYTES", 10)

    with pytest.raises(PackageTooLargeError, match="11 bytes unzipped; AWS Lambda allows 10"):
        write_zip(tmp_path / "a.zip", {"a": b"x" * 11})

    assert list(tmp_path.iterdir()) == []


def test_a_dependency_cannot_replace_a_file_of_ours(repository: Path, installed: Path) -> None:
    (installed / "profiles").mkdir()
    (installed / "profiles" / "web.yaml").write_text("name: other\n")

    with pytest.raises(CollidingFilesError, match=r"profiles/web\.yaml"):
        lambda_files(repository, repository / "cache", Architecture.LOCAL)


def test_the_local_package_trusts_another_authority_and_is_built_once(
    repository: Path, installed: Path, tmp_path: Path
) -> None:
    first = local_lambda_package(tmp_path / "cache", b"local root\n", root=repository)
    built_at = first.stat().st_mtime_ns
    again = local_lambda_package(tmp_path / "cache", b"local root\n", root=repository)

    assert again == first
    assert again.stat().st_mtime_ns == built_at
    with zipfile.ZipFile(first) as package:
        assert package.read(CA_BUNDLE) == b"local root\n"


def test_a_changed_source_gives_another_local_package_and_removes_the_former(
    repository: Path, installed: Path, tmp_path: Path
) -> None:
    first = local_lambda_package(tmp_path / "cache", b"root", root=repository)
    (repository / "services" / "metadata_api" / "__init__.py").write_text("VERSION = 2\n")

    second = local_lambda_package(tmp_path / "cache", b"root", root=repository)

    assert second != first
    assert not first.exists()


def test_staging_lays_out_the_image_with_another_authority(repository: Path, tmp_path: Path) -> None:
    staged = stage_image(tmp_path / "stages", b"local root\n", root=repository)

    assert (staged / CA_BUNDLE).read_bytes() == b"local root\n"
    assert (staged / "processor" / "__init__.py").is_file()
    assert not (staged / "metadata_api").exists()
    assert stage_image(tmp_path / "stages", b"local root\n", root=repository) == staged


def test_staging_keeps_the_former_copy_for_running_tasks_but_no_older_one(
    repository: Path, tmp_path: Path
) -> None:
    staged = [stage_image(tmp_path / "stages", f"{n}".encode(), root=repository) for n in range(3)]

    assert [path.exists() for path in staged] == [False, True, True]


@pytest.mark.parametrize(
    "name", ["services/processor/Dockerfile", "services/profiles/web.yaml", "constraints.txt"]
)
def test_the_image_tag_follows_every_input_of_the_build(repository: Path, name: str) -> None:
    before = image_content_hash(repository)
    (repository / name).write_text("changed\n")

    assert image_content_hash(repository) != before


def test_the_image_tag_follows_the_permissions_that_the_image_takes_over(repository: Path) -> None:
    dockerfile = repository / "services" / "processor" / "Dockerfile"
    dockerfile.chmod(0o644)
    before = image_content_hash(repository)
    dockerfile.chmod(0o600)

    assert image_content_hash(repository) != before


def test_the_image_tag_ignores_caches_and_what_the_image_does_not_hold(repository: Path) -> None:
    before = image_content_hash(repository)
    cache = repository / "services" / "processor" / "__pycache__"
    cache.mkdir()
    (cache / "a.cpython-311.pyc").write_bytes(b"bytecode")
    (repository / "services" / "metadata_api" / "__init__.py").write_text("VERSION = 2\n")

    assert image_content_hash(repository) == before


def test_moving_content_between_two_files_changes_the_hash() -> None:
    assert content_hash({"a": b"xy", "b": b""}) != content_hash({"a": b"x", "b": b"y"})


def test_a_missing_package_is_an_error_instead_of_a_smaller_artefact(repository: Path) -> None:
    with pytest.raises(MissingSourceError, match="nowhere"):
        package_files(repository, ["nowhere"])


def test_stubs_tests_commands_and_installer_records_are_stripped(installed: Path) -> None:
    assert sorted(runtime_files(installed)) == [
        "lib-1.0.dist-info/METADATA",
        "lib/__init__.py",
        "lib/native.so",
    ]


def test_a_failed_installation_says_why_and_leaves_nothing_behind(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dependencies, "_run", lambda _command: "no such version")

    with pytest.raises(DependencyError, match="no such version"):
        install_dependencies(repository, tmp_path / "cache", Architecture.ARM64)

    assert list((tmp_path / "cache").iterdir()) == []


def test_arm64_asks_for_wheels_of_the_lambda_runtime() -> None:
    assert Architecture.ARM64.install_options == (
        "--python-platform",
        "aarch64-manylinux_2_28",
        "--python-version",
        "3.12",
    )
    assert Architecture.LOCAL.install_options == ()


def test_the_trusted_roots_lie_where_the_ledger_looks_for_them() -> None:
    assert CA_BUNDLE_PATH == REPOSITORY_ROOT / "services" / CA_BUNDLE
    assert CA_BUNDLE_PATH.read_text().startswith("-----BEGIN CERTIFICATE-----")
