"""Runs programs and test suites in the mounted image, as its own user on a read-only disk."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from artifacts.sources import REPOSITORY_ROOT
from local.container_image import ContainerImage, Surroundings, container_command
from tools.image.commands import output_of
from tools.image.layout import TEST_FILES, TEST_PACKAGES, TEST_SERVICES, WORK, Suite

_CHECKOUT = "/mnt/checkout"
_PACKAGES = "/mnt/test-packages"
_ENTRY = f"{_CHECKOUT}/tests/image/entry.py"
# A shell is the first process, for it takes in what killed processes leave behind; pytest does not.
_REAPED = ("sh", "-c", '"$@"; exit $?', "sh")


def run_suite(image: ContainerImage, suite: Suite, arguments: Sequence[str] = ()) -> int:
    """Run a suite in a container of its own; its output goes to this process's.

    Returns:
        pytest's exit code.
    """
    given = Surroundings(
        environment={"LANG": "C.UTF-8"},
        read_only=_test_mounts(),
        landlock=suite.landlock,
        memory_mib=suite.memory_mib,
    )
    command = [*_REAPED, "python", _ENTRY, *(f"{_CHECKOUT}/{path}" for path in suite.tests), *arguments]
    with _container(image, command, given) as argv:
        return subprocess.run(argv, check=False, stdin=subprocess.DEVNULL).returncode


def output_inside(image: ContainerImage, *command: str) -> str:
    """Run a program of the image and give everything that it wrote, errors included.

    Raises:
        ImageError: it failed.
    """
    line = ["sh", "-c", 'exec "$@" 2>&1', "sh", *command]
    with _container(image, line, Surroundings(environment={"LANG": "C.UTF-8"})) as argv:
        return output_of(*argv)


@contextmanager
def _container(
    image: ContainerImage, command: Sequence[str], surroundings: Surroundings
) -> Iterator[list[str]]:
    directory = WORK / f"container-{os.getpid()}"
    scratch = directory / "scratch"
    scratch.mkdir(parents=True)
    os.chown(scratch, image.user_id, image.user_id)
    given = replace(surroundings, writable={"/scratch": scratch})
    try:
        yield container_command(image, command, given, directory=directory)
    finally:
        shutil.rmtree(directory)


def _test_mounts() -> dict[str, Path]:
    """What a test needs; nothing of it shadows a package of the image."""
    mounts = {f"{_CHECKOUT}/{name}": REPOSITORY_ROOT / name for name in TEST_FILES}
    services = {f"{_CHECKOUT}/services/{name}": REPOSITORY_ROOT / "services" / name for name in TEST_SERVICES}
    return mounts | services | {_PACKAGES: TEST_PACKAGES}
