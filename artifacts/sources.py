"""Which files of `services/` go where, and what their content hashes to."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

REPOSITORY_ROOT = Path(__file__).resolve().parent.parent
SERVICES_DIR = "services"
CA_BUNDLE = "ledger/database/certs/aws-ca-bundle.pem"
_GENERATED_DIRECTORIES = frozenset({"__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache"})
_GENERATED_SUFFIXES = frozenset({".pyc", ".pyo"})


class MissingSourceError(FileNotFoundError):
    """A file or package that must be packaged is not in the repository."""


def is_generated(path: Path) -> bool:
    """Says whether a file was made by a tool and must not be packaged or hashed."""
    return path.suffix in _GENERATED_SUFFIXES or not _GENERATED_DIRECTORIES.isdisjoint(path.parts)


def files_below(directory: Path) -> Iterator[Path]:
    """Yields the files below a directory in a stable order, without generated ones.

    Raises:
        MissingSourceError: The directory does not exist.
    """
    if not directory.is_dir():
        message = f"{directory} does not exist; run from a complete checkout"
        raise MissingSourceError(message)
    for path in sorted(directory.rglob("*")):
        if path.is_file() and not is_generated(path.relative_to(directory)):
            yield path


def package_files(root: Path, packages: Iterable[str]) -> dict[str, Path]:
    """Maps the path inside an artefact to the file, for each of the named packages under services/."""
    services = root / SERVICES_DIR
    return {
        path.relative_to(services).as_posix(): path
        for package in packages
        for path in files_below(services / package)
    }


def content_hash(files: Mapping[str, Path | bytes]) -> str:
    """Hashes names and contents.

    Args:
        files: Name inside the artefact to file or literal content.

    Returns:
        Sixty-four hexadecimal digits; equal for equal content on every machine.
    """
    digest = hashlib.sha256()
    for name in sorted(files):
        source = files[name]
        content = source if isinstance(source, bytes) else source.read_bytes()
        digest.update(f"{len(name)}:{name}:{len(content)}:".encode())
        digest.update(content)
    return digest.hexdigest()
