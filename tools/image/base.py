"""The base of the image where no registry is reached: Debian's minimal system, made by debootstrap."""

import hashlib
import json
import shutil
import tarfile
from pathlib import Path

from tools.image.commands import ImageError, buildah, output_of
from tools.image.layout import WORK
from tools.image.machine import RELEASE, apt_configuration, apt_sources

# What Debian's own slim image leaves out; the licences stay.
_NOT_IN_SLIM = ("doc", "groff", "info", "linda", "lintian", "locale", "man")
_NEVER_PACKED = ("./dev", "./proc", "./sys", "./var/lib/apt/lists", "./var/cache/apt", "./var/log")


def base_image() -> str:
    """Give the name of a local image that stands in for Debian's slim one, made once per set of mirrors.

    Raises:
        ImageError: debootstrap failed, or a mirror is not reached.
    """
    configuration = apt_configuration()
    digest = hashlib.sha256(json.dumps(configuration, sort_keys=True).encode()).hexdigest()[:12]
    name = f"localhost/debian-{RELEASE}-minbase:{digest}"
    if _exists(name):
        return name
    root, archive = WORK / "base", WORK / "base.tar"
    shutil.rmtree(root, ignore_errors=True)
    mirror = next(one.uri for one in apt_sources() if one.release == RELEASE and one.component == "main")
    output_of("debootstrap", "--variant=minbase", RELEASE, root, mirror)
    for file, content in configuration.items():
        path = root / "etc" / "apt" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    with tarfile.open(archive, "w") as packed:
        packed.add(root, arcname=".", filter=_slim)
    shutil.rmtree(root)
    container = buildah("from", "scratch")
    buildah("add", container, archive, "/")
    buildah("commit", "--quiet", "--rm", container, name)
    archive.unlink()
    return name


def _exists(name: str) -> bool:
    try:
        buildah("inspect", "--type", "image", name)
    except ImageError:
        return False
    return True


def _slim(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    path = Path(member.name)
    if any(str(path).startswith(f"{left.removeprefix('./')}/") for left in _NEVER_PACKED):
        return None
    parts = path.parts
    left_out = parts[:2] == ("usr", "share") and len(parts) > 3 and parts[2] in _NOT_IN_SLIM
    if left_out and not member.isdir() and path.name != "copyright":
        return None
    return member
