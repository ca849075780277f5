"""A small repository of the tests' own, and third-party packages that need no registry."""

from pathlib import Path

import pytest

from artifacts import lambda_package
from artifacts.image import IMAGE_PACKAGES
from artifacts.lambda_package import LAMBDA_PACKAGES
from artifacts.sources import CA_BUNDLE


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with the packages that the artefacts are made of."""
    root = tmp_path / "repository"
    for package in {*LAMBDA_PACKAGES, *IMAGE_PACKAGES}:
        (root / "services" / package).mkdir(parents=True)
        (root / "services" / package / "__init__.py").write_text(f'"""The package {package}."""\n')
    (root / "services" / CA_BUNDLE).parent.mkdir(parents=True)
    (root / "services" / CA_BUNDLE).write_text("roots of AWS\n")
    (root / "services" / "profiles" / "web.yaml").write_text("name: web\n")
    (root / "services" / "processor" / "Dockerfile").write_text("FROM scratch\n")
    (root / "services" / "metadata_api" / "requirements.txt").write_text("pins\n")
    (root / "constraints.txt").write_text("pins\n")
    return root


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installed dependency tree, so that these tests need no registry."""
    site = tmp_path / "site"
    files = {
        "lib/__init__.py": "x = 1\n",
        "lib/native.so": "binary",
        "lib/native.pyi": "stub",
        "lib/native.pyx": "source",
        "lib/tests/test_lib.py": "",
        "lib/__pycache__/a.pyc": "",
        "bin/command": "",
        ".lock": "",
        "lib-1.0.dist-info/METADATA": "Name: lib\n",
        "lib-1.0.dist-info/RECORD": "differs between installs",
        "lib-1.0.dist-info/INSTALLER": "uv",
    }
    for name, text in files.items():
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_text(text)
    monkeypatch.setattr(lambda_package, "install_dependencies", lambda *_: site)
    return site
