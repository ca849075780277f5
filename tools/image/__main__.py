"""Command line: `python -m tools.image build|lock|test|clean`; see the targets of the Makefile."""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

from artifacts.sources import REPOSITORY_ROOT
from local.container_image import IMAGE_VARIABLE, ContainerImage
from tools.image.build import build_image, mounted_image
from tools.image.commands import ImageError, buildah, output_of
from tools.image.inside import run_suite
from tools.image.layout import OUTSIDE_TESTS, STORAGE, SUITES, WORK, Suite
from tools.image.lock import renew_locks
from tools.image.report import differences_from_slim, size_lines, write_bill_of_materials
from tools.image.versions import versions_inside


def main(arguments: list[str]) -> int:
    """Run one command and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.image", description=__doc__)
    parser.add_argument("command", choices=("build", "lock", "test", "clean"))
    options, rest = parser.parse_known_args(arguments)
    WORK.mkdir(parents=True, exist_ok=True)
    try:
        return {"build": _build, "lock": _lock, "test": _test, "clean": _clean}[options.command](rest)
    except ImageError as error:
        sys.stderr.write(f"image: {error}\n{error.remedy}\n")
        return 1


def _build(_: list[str]) -> int:
    started = time.monotonic()
    build_image()
    _say(f"built in {time.monotonic() - started:.0f} s")
    return 0


def _lock(_: list[str]) -> int:
    for path in renew_locks():
        _say(f"{path.relative_to(REPOSITORY_ROOT)}: written")
    return 0


def _test(arguments: list[str]) -> int:
    started = time.monotonic()
    _build([])
    with mounted_image() as (image, description):
        _describe(image)
        # All of them run, so that one fault does not hide another.
        failed = [suite.name for suite in SUITES if not _passes(image, suite, arguments)]
        outside = [sys.executable, "-m", "pytest", *OUTSIDE_TESTS, *arguments]
        if subprocess.run(
            outside, env=os.environ | {IMAGE_VARIABLE: str(description)}, check=False
        ).returncode:
            failed.append("platform")
    outcome = f"failed: {', '.join(failed)}" if failed else "all passed"
    _say(f"{outcome} after {time.monotonic() - started:.0f} s")
    return int(bool(failed))


def _passes(image: ContainerImage, suite: Suite, arguments: list[str]) -> bool:
    started = time.monotonic()
    _say(f"in the image: {suite.name}")
    passed = run_suite(image, suite, arguments) == 0
    _say(f"{suite.name}: {'passed' if passed else 'failed'} after {time.monotonic() - started:.0f} s")
    return passed


def _describe(image: ContainerImage) -> None:
    versions = versions_inside(image)
    path = write_bill_of_materials(image, versions)
    for line in (*size_lines(image), *(f"{name:<20}{version}" for name, version in versions.items())):
        _say(line)
    _say(f"base against Debian's slim image: {' '.join(differences_from_slim()) or 'the same packages'}")
    _say(f"bill of materials: {path.relative_to(REPOSITORY_ROOT)}")


def _clean(_: list[str]) -> int:
    if STORAGE.exists():
        buildah("umount", "--all")
        buildah("rm", "--all")
        # What is mounted cannot be deleted; buildah leaves its storage mounted on itself.
        mounts = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text("utf-8").splitlines()]
        for point in reversed([one for one in mounts if Path(one).is_relative_to(STORAGE)]):
            output_of("umount", point)
    return 0


def _say(line: str) -> None:
    sys.stdout.write(f"image: {line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
