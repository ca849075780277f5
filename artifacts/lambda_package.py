"""The one package of all Lambda functions: our packages and their pinned dependencies."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from artifacts.archive import write_zip
from artifacts.dependencies import dependencies_label, install_dependencies, runtime_files
from artifacts.platforms import Architecture
from artifacts.sources import CA_BUNDLE, REPOSITORY_ROOT, content_hash, package_files

LAMBDA_PACKAGES = (
    "keymaker",
    "ledger",
    "metadata_api",
    "orchestration",
    "profiles",
    "runtime",
    "upkeep",
    "webhooks",
)
# An entry that names the target and the pins, so that the package itself says what it was built from.
LABEL_ENTRY = "package-label.txt"
_CACHE = Path("build") / "cache"
_NOT_AT_RUN_TIME = frozenset({"metadata_api/requirements.txt"})


class CollidingFilesError(ValueError):
    """A dependency brings a file that would replace one of ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LambdaPackage:
    """A built package.

    Attributes:
        path: The zip file.
        sha256: Digest of its bytes, hexadecimal.
        files: Number of files in it.
        unzipped_bytes: Size of its contents.
    """

    path: Path
    sha256: str
    files: int
    unzipped_bytes: int


def lambda_files(root: Path, cache_dir: Path, architecture: Architecture) -> dict[str, Path | bytes]:
    """Maps name to content for everything in the package.

    Args:
        root: Root of the repository.
        cache_dir: Directory that keeps installed dependencies.
        architecture: Target of the package.

    Raises:
        CollidingFilesError: A dependency and one of our packages share a file name.
    """
    ours = own_files(root)
    theirs = runtime_files(install_dependencies(root, cache_dir, architecture))
    if both := sorted(ours.keys() & theirs.keys()):
        message = f"{both[0]} comes from us and from a dependency; rename ours"
        raise CollidingFilesError(message)
    label = dependencies_label(root, architecture).encode()
    return {**theirs, **ours, LABEL_ENTRY: label}


def own_files(root: Path) -> dict[str, Path]:
    """Maps name to file for what the package holds of our own packages."""
    files = package_files(root, LAMBDA_PACKAGES)
    return {name: path for name, path in files.items() if name not in _NOT_AT_RUN_TIME}


def build_lambda_package(
    output: Path,
    architecture: Architecture,
    *,
    root: Path = REPOSITORY_ROOT,
    cache_dir: Path | None = None,
) -> LambdaPackage:
    """Builds the package; equal inputs give equal bytes.

    Args:
        output: Path of the zip file to write.
        architecture: Target of the package.
        root: Root of the repository.
        cache_dir: Directory that keeps installed dependencies; by default `build/cache`.
    """
    files = lambda_files(root, cache_dir or root / _CACHE, architecture)
    write_zip(output, files)
    return describe(output, files)


def describe(path: Path, files: Mapping[str, Path | bytes]) -> LambdaPackage:
    """Returns the facts about a written package."""
    return LambdaPackage(
        path=path,
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        files=len(files),
        unzipped_bytes=sum(
            len(source) if isinstance(source, bytes) else source.stat().st_size for source in files.values()
        ),
    )


def local_lambda_package(target_dir: Path, ca_bundle: bytes, *, root: Path = REPOSITORY_ROOT) -> Path:
    """Returns our part of the package for the emulator on this machine, built once per content.

    The emulator unpacks a package for every worker it starts. The dependencies would be 50 MB each time,
    compiled anew, so they stay in `local_dependencies`.

    Args:
        target_dir: Directory that keeps the package.
        ca_bundle: Roots that the functions trust instead of AWS's.
        root: Root of the repository.
    """
    files: dict[str, Path | bytes] = {**own_files(root), CA_BUNDLE: ca_bundle}
    target = target_dir / f"lambda-{content_hash(files)[:20]}.zip"
    if not target.is_file():
        for former in target_dir.glob("lambda-*.zip"):
            former.unlink(missing_ok=True)
        write_zip(target, files, compression_level=0)
    return target


def local_dependencies(root: Path = REPOSITORY_ROOT) -> Path:
    """Returns the directory with the package's dependencies for this machine, installed once per checkout.

    Args:
        root: Root of the repository; its `build/cache` keeps them for all platforms.
    """
    return install_dependencies(root, root / _CACHE, Architecture.LOCAL)
