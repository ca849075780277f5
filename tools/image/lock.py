"""Renews the lock files of Debian packages from the mirrors' present versions: `make image-lock`."""

import re
from pathlib import Path

from tools.image.base import base_image
from tools.image.commands import ImageError, buildah
from tools.image.layout import LOCKS
from tools.image.machine import architecture

_PLANNED = re.compile(r"^Inst (\S+) (?:\[[^]]*\] )?\((\S+) ", re.MULTILINE)
_LISTS = {"runtime": ("runtime.txt",), "build": ("build.txt",)}


def renew_locks() -> list[Path]:
    """Write every lock file anew and give their paths.

    A lock names each package of the result, those of the base too: what the base holds in an older version is
    brought to the locked one.

    Raises:
        ImageError: the base cannot be made, or a mirror does not answer.
    """
    container = buildah("from", base_image())
    try:
        _in(container, "apt-get", "--quiet", "--quiet", "update")
        return [_renew(container, name, lists) for name, lists in _LISTS.items()]
    finally:
        buildah("rm", container)


def packages_of(file: Path) -> list[str]:
    """Give what a list or lock file names, without its comments."""
    lines = file.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def _renew(container: str, name: str, lists: tuple[str, ...]) -> Path:
    installed = dict(
        line.split("=", 1)
        for line in _in(
            container, "dpkg-query", "--show", "--showformat", "${Package}=${Version}\n"
        ).splitlines()
    )
    asked = [package for one in lists for package in packages_of(LOCKS / one)]
    simulate = ("apt-get", "--quiet", "--simulate", "--no-install-recommends")
    # The base's own packages come along, so that their security fixes are locked as well.
    planned = dict(_PLANNED.findall(_in(container, *simulate, "install", *asked, *installed)))
    if not planned:
        raise ImageError(f"apt-get plans nothing for {name}.lock", remedy="Look at the lists beside it.")
    versions = installed | planned
    path = LOCKS / f"{name}.lock"
    head = f"# Written by make image-lock from {' and '.join(lists)}.\n# architecture: {architecture()}\n"
    path.write_text(
        head + "".join(f"{package}={version}\n" for package, version in sorted(versions.items())), "utf-8"
    )
    return path


def _in(container: str, *command: str) -> str:
    return buildah("run", "--isolation", "chroot", container, "--", *command)
