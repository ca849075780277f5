"""What the image's own user finds when it runs as Fargate would run it."""

import importlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import pytest

from artifacts.image import IMAGE_PACKAGES
from media.tools.fence_kernel import Network, this_kernel

pytestmark = pytest.mark.skipif(not Path("/mnt/test-packages").is_dir(), reason="run make test-image")


@pytest.mark.parametrize("package", IMAGE_PACKAGES)
def test_our_packages_come_from_the_image_and_not_from_the_checkout(package: str) -> None:
    assert str(importlib.import_module(package).__file__).startswith("/app/")


@pytest.mark.parametrize(
    "package", ["boto3", "ffmpeg", "imageio_ffmpeg", "psycopg", "pydantic", "redis", "yaml"]
)
def test_the_libraries_come_from_the_image_and_not_from_the_tests(package: str) -> None:
    assert str(importlib.import_module(package).__file__).startswith("/opt/venv/")


def test_the_interpreter_is_debians(tmp_path: Path) -> None:
    assert Path(sys.executable).resolve() == Path("/usr/bin/python3.11")


def test_the_user_is_the_images_own_with_no_capability() -> None:
    assert (os.getuid(), os.getgid()) == (10001, 10001)
    assert set(os.getgroups()) <= {10001}
    status = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    held = {line.split()[1] for line in status if line.startswith("Cap")}
    assert held == {"0" * 16}


@pytest.mark.parametrize(
    "directory", ["/", "/app", "/app/processor", "/opt/venv", "/etc", "/tmp", "/var/tmp"]
)
def test_nothing_can_be_written_outside_of_the_volumes(directory: str) -> None:
    with pytest.raises(OSError, match=r"Read-only file system|Permission denied"):
        Path(directory, "written").write_bytes(b"")


def test_scratch_can_be_written() -> None:
    path = Path("/scratch/written")
    path.write_bytes(b"x")
    path.unlink()


def test_new_namespaces_are_refused_as_fargate_refuses_them() -> None:
    assert this_kernel().network is Network.SHARED
    for kind in ("--user", "--net", "--mount", "--pid"):
        done = subprocess.run(["unshare", kind, "true"], capture_output=True, text=True, check=False)
        assert "Operation not permitted" in done.stderr


def test_no_bytecode_is_missing_so_that_no_start_compiles_anything() -> None:
    sources = [*Path("/app").rglob("*.py"), *Path("/opt/venv/lib").rglob("*.py")]
    stale = [path for path in sources if not Path(importlib.util.cache_from_source(str(path))).is_file()]
    assert len(sources) > 500
    assert stale == []


def test_the_kernel_offers_landlock_to_what_runs_here() -> None:
    assert this_kernel().landlock >= 1


@pytest.mark.parametrize("service", ["s3", "stepfunctions"])
def test_every_service_that_the_worker_calls_is_described(service: Any) -> None:
    client = boto3.client(
        service, region_name="ap-northeast-1", aws_access_key_id="x", aws_secret_access_key="x"
    )
    assert client.meta.service_model.operation_names
