"""Installs the pinned third-party packages of the Lambda functions into a directory of the cache."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

from artifacts.platforms import Architecture
from artifacts.sources import files_below

REQUIREMENTS = "services/metadata_api/requirements.txt"
CONSTRAINTS = "constraints.txt"
_STRIPPED_SUFFIXES = frozenset({".pyi", ".pyx", ".pxd", ".c", ".h", ".typed"})
_STRIPPED_DIRECTORIES = frozenset({"bin", "tests", "testing"})
# What the functions call. botocore describes every service of AWS, in 28 MB.
SDK_SERVICES = frozenset(
    {
        "apigateway",
        "kms",
        "lambda",
        "resourcegroupstaggingapi",
        "s3",
        "secretsmanager",
        "sns",
        "sqs",
        "stepfunctions",
    }
)
_SDK_DESCRIPTIONS = ("botocore", "data")
_KEPT_METADATA = frozenset({"METADATA", "entry_points.txt"})
_INSTALL_TIMEOUT_SECONDS = 300


class DependencyError(RuntimeError):
    """The third-party packages could not be installed; the message carries the installer's reason."""


def install_dependencies(root: Path, cache_dir: Path, architecture: Architecture) -> Path:
    """Returns a directory with the installed packages, made once per set of pins and target.

    Args:
        root: Root of the repository.
        cache_dir: Directory that keeps results between builds.
        architecture: Target of the package.

    Raises:
        DependencyError: The installer is missing or failed.
    """
    pins = _pins(root)
    target = cache_dir / f"dependencies-{dependencies_label(root, architecture)}"
    if target.is_dir():
        return target
    cache_dir.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix="installing-", dir=cache_dir))
    try:
        _install(pins, work / "site", architecture)
        _publish(work / "site", target)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return target


def dependencies_label(root: Path, architecture: Architecture) -> str:
    """Names a set of third-party packages by its target and pins: equal names stand for equal contents."""
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in _pins(root))).hexdigest()[:16]
    return f"{architecture.label}-{digest}"


def _pins(root: Path) -> list[Path]:
    return [root / REQUIREMENTS, root / CONSTRAINTS]


def runtime_files(site: Path) -> dict[str, Path]:
    """Maps path to file for everything of an installed tree that a running function can need.

    Left out are stubs and sources of compiled modules, the packages' own tests, commands, descriptions of
    services that nobody calls, and the records that an installer writes; METADATA stays because some packages
    look up their own version.
    """
    files: dict[str, Path] = {}
    for path in files_below(site):
        name = path.relative_to(site)
        # The installer keeps a lock file of its own at the top.
        if name.parts[0].startswith("."):
            continue
        if name.suffix in _STRIPPED_SUFFIXES or not _STRIPPED_DIRECTORIES.isdisjoint(name.parts[:2]):
            continue
        if name.parts[:2] == _SDK_DESCRIPTIONS and len(name.parts) > 3 and name.parts[2] not in SDK_SERVICES:
            continue
        if name.parts[0].endswith(".dist-info") and name.name not in _KEPT_METADATA:
            continue
        files[name.as_posix()] = path
    return files


def _install(pins: list[Path], target: Path, architecture: Architecture) -> None:
    requirements, constraints = (str(path) for path in pins)
    command = [_installer(), "pip", "install", "--quiet", "--target", str(target)]
    command += ["--requirement", requirements, "--constraint", constraints]
    command += ["--only-binary", ":all:", "--link-mode", "copy"]
    command += architecture.install_options or ("--python", sys.executable)
    # Nearly always everything is cached by the set-up already; the registry is asked only when it is not.
    if _run([*command, "--offline"]) is None:
        return
    shutil.rmtree(target, ignore_errors=True)
    reason = _run(command)
    if reason is not None:
        message = f"cannot install {REQUIREMENTS} for {architecture.label}; check the registry. {reason}"
        raise DependencyError(message)


def _run(command: list[str]) -> str | None:
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=_INSTALL_TIMEOUT_SECONDS, check=False
    )
    return None if done.returncode == 0 else done.stderr.strip()


def _installer() -> str:
    beside = Path(sysconfig.get_path("scripts")) / "uv"
    found = str(beside) if beside.is_file() else shutil.which("uv")
    if found is None:
        message = "uv is not installed; run `make setup`"
        raise DependencyError(message)
    return found


def _publish(source: Path, target: Path) -> None:
    try:
        source.rename(target)
    except OSError:
        # Another build finished the same directory first; its content is the same.
        if not target.is_dir():
            raise
