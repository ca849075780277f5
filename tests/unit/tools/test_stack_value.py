"""Scripts get a stack's values from the one reader: quoted, from the defaults, or not at all."""

import shutil
import subprocess
from pathlib import Path

import pytest

from local.paths import REPOSITORY_ROOT
from tests.stack_files import configure
from tools import stack_value


@pytest.fixture(autouse=True)
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("Pulumi.yaml", "Pulumi.dev.yaml"):
        shutil.copy(REPOSITORY_ROOT / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_default_is_a_value_like_any_other(capsys: pytest.CaptureFixture[str]) -> None:
    assert stack_value.main(["dev", "cpu_architecture"]) == 0
    assert capsys.readouterr().out == "arm64\n"


def test_a_value_of_the_stack_counts_however_it_is_quoted(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = checkout / "Pulumi.dev.yaml"
    for written in ("x86_64", "'x86_64'", '"x86_64"'):
        file.write_text(f"{file.read_text()}  video-platform:cpu_architecture: {written}\n")
        assert stack_value.main(["dev", "cpu_architecture"]) == 0
        assert capsys.readouterr().out == "x86_64\n"


def test_a_configuration_that_the_program_would_refuse_gives_no_value(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    configure(checkout, "dev", cache_nodes=1)
    assert stack_value.main(["dev", "cpu_architecture"]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "'cache_nodes' is 1" in said.err


def test_make_package_asks_for_the_architecture_of_its_stack() -> None:
    done = subprocess.run(
        ["make", "--no-print-directory", "package", "STACK=prod", "--old-file=setup", "--dry-run"],
        cwd=REPOSITORY_ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert 'tools.stack_value "prod" cpu_architecture' in done.stdout
    assert '--architecture "$architecture"' in done.stdout
