"""Says whether a built Lambda package is what the sources would give now, without building it again."""

from __future__ import annotations

import zipfile
from pathlib import Path

from artifacts.dependencies import dependencies_label
from artifacts.lambda_package import LABEL_ENTRY, LAMBDA_PACKAGES, own_files
from artifacts.platforms import Architecture
from artifacts.sources import REPOSITORY_ROOT

PACKAGE_PATH = "build/metadata_api.zip"
"""Where the program and the deploy commands look for the package, from the root of the checkout."""


def package_fault(package: Path, architecture: Architecture, *, root: Path = REPOSITORY_ROOT) -> str | None:
    """Finds out why a package must be built (again) before it is deployed.

    Args:
        package: Path of the zip file.
        architecture: Processor architecture of the functions.
        root: Root of the repository.

    Returns:
        A sentence about the first fault found, or None for a package that is up to date.
    """
    if not package.is_file():
        return f"{package} does not exist"
    try:
        with zipfile.ZipFile(package) as archive:
            return _content_fault(archive, package, architecture, root)
    except (zipfile.BadZipFile, OSError) as error:
        return f"{package} is not a readable zip file ({error})"


def _content_fault(
    archive: zipfile.ZipFile, package: Path, architecture: Architecture, root: Path
) -> str | None:
    names = set(archive.namelist())
    label = archive.read(LABEL_ENTRY).decode() if LABEL_ENTRY in names else "an unknown target"
    wanted = dependencies_label(root, architecture)
    if label != wanted:
        return f"{package} was built for {label}, but the stack needs {wanted} (architecture and pins)"
    files = own_files(root)
    gone = sorted(name for name in names if name.partition("/")[0] in LAMBDA_PACKAGES and name not in files)
    if gone:
        return f"{package} holds {gone[0]}, which services/ no longer has"
    for name, path in sorted(files.items()):
        if name not in names or archive.read(name) != path.read_bytes():
            return f"{package} does not hold the present services/{name}"
    return None
