"""What goes into the processor's container image."""

from __future__ import annotations

import stat
from pathlib import Path

from artifacts.sources import REPOSITORY_ROOT, content_hash, package_files

IMAGE_PACKAGES = ("ledger", "media", "processor", "profiles")
_DIGITS = 20


def image_content_hash(root: Path = REPOSITORY_ROOT) -> str:
    """Returns the tag of the processor image: it changes exactly when an input of the build changes.

    The inputs are the packages in the image with everything in them (Dockerfile and requirements included),
    the pinned versions and the file that filters the build context; of each its permissions as well, which
    the image takes over and for whose change Pulumi builds it anew.

    Args:
        root: Root of the repository, which is the build context.

    Returns:
        Twenty hexadecimal digits, valid as an image tag.
    """
    files = package_files(root, IMAGE_PACKAGES)
    for name in ("constraints.txt", ".dockerignore"):
        if (root / name).is_file():
            files[f"../{name}"] = root / name
    modes = {f"{stat.S_IMODE(path.stat().st_mode):o} {name}": path for name, path in files.items()}
    return content_hash(modes)[:_DIGITS]
