"""Builds the image of services/processor/Dockerfile with buildah, and mounts it."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from artifacts.sources import REPOSITORY_ROOT
from local.container_image import ContainerImage
from tools.image.base import base_image
from tools.image.commands import buildah
from tools.image.layout import WORK
from tools.image.machine import pip_secrets

IMAGE = "localhost/processor:latest"


def build_image() -> None:
    """Build the image on a base of this machine's mirrors; layers that have not changed are taken over.

    Raises:
        ImageError: the build failed; the message has its last words.
    """
    secrets = pip_secrets(WORK)
    given = [f"--secret=id={name},src={path}" for name, path in secrets.items()]
    buildah(
        *("bud", "--isolation", "chroot", "--layers", "--build-arg", f"BASE_IMAGE={base_image()}"),
        *given,
        *(
            "--file",
            REPOSITORY_ROOT / "services" / "processor" / "Dockerfile",
            "--tag",
            IMAGE,
            REPOSITORY_ROOT,
        ),
    )


@contextmanager
def mounted_image() -> Iterator[tuple[ContainerImage, Path]]:
    """The built image, and a file that describes it to others, for as long as it is used."""
    description = WORK / f"image-{os.getpid()}.json"
    container = buildah("from", IMAGE)
    try:
        root = buildah("mount", container)
        settings = json.loads(buildah("inspect", "--type", "image", IMAGE))["OCIv1"]["config"]
        image = ContainerImage.of(root, settings)
        image.save(description)
        yield image, description
    finally:
        description.unlink(missing_ok=True)
        buildah("umount", container)
        buildah("rm", container)
