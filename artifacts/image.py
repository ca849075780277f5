"""What goes into the processor's container image."""

from __future__ import annotations

from pathlib import Path

from artifacts.sources import REPOSITORY_ROOT, content_hash, package_files

IMAGE_PACKAGES = ("ledger", "processor", "profiles")
_DIGITS = 20


def image_content_hash(root: Path = REPOSITORY_ROOT) -> str:
    """Returns the tag of the processor image: it changes exactly when an input of the build changes.

    The inputs are the packages in the image with everything in them (Dockerfile and requirements included),
    the pinned versions and the file that filters the build context.

    Args:
        root: Root of the repository, which is the build context.

    Returns:
        Twenty hexadecimal digits, valid as an image tag.
    """
    files = package_files(root, IMAGE_PACKAGES)
    for name in ("constraints.txt", ".dockerignore"):
        if (root / name).is_file():
            files[f"../{name}"] = root / name
    return content_hash(files)[:_DIGITS]
