"""A disk that runs full while a job is encoded: a small one of its own, really full."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from processor.worker import Exit
from tests.integration.processor.conftest import Stage
from tests.integration.processor.test_chunks import Steps, chunk_clip, steps
from tests.integration.processor.test_faults import encoder_pid, once

__all__ = ["chunk_clip", "steps"]
pytestmark = pytest.mark.integration
SIZE = "128m"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """An empty disk."""
    path = tmp_path / "disk"
    path.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip(f"a small disk needs the right to mount: {mounted.stderr.strip()}")
    yield path
    subprocess.run(["umount", "--lazy", str(path)], check=True)


def fill(disk: Path, *, spare_bytes: int = 0) -> None:
    """Somebody else's file takes all that is left."""
    free = os.statvfs(disk)
    with (disk / "filler").open("wb") as stream:
        os.posix_fallocate(stream.fileno(), 0, free.f_bavail * free.f_frsize - spare_bytes)


def check_failure(callback_result: tuple[str, Any]) -> None:
    status, (error, cause) = callback_result
    assert (status, error, cause["code"]) == ("FAILED", "Transient", "OUT_OF_SPACE"), cause


def test_a_scratch_disk_that_runs_full_during_the_encode_is_left_empty_and_the_next_job_works(
    stage: Stage, long_clip: Path, clip: Path, disk: Path
) -> None:
    stage.scratch = disk / "scratch"
    stage.scratch.mkdir()
    job_id, callback = stage.order(long_clip), stage.wait_for_task()
    thread = once(encoder_pid, lambda: fill(disk))
    assert stage.run(job_id, callback) is Exit.ANSWERED
    thread.join()

    check_failure(callback.result())
    assert stage.events(job_id)[-1] == "job.released"
    assert stage.published() == []
    assert stage.leftovers() == []

    (disk / "filler").unlink()
    following, callback = stage.order(clip), stage.wait_for_task()
    assert stage.run(following, callback) is Exit.ANSWERED
    assert callback.result()[0] == "SUCCEEDED"
    assert [path.name for path in disk.rglob("*")] == ["scratch"]


@pytest.mark.long
def test_a_shared_disk_that_is_full_during_a_window_keeps_no_part_of_it_and_the_next_try_works(
    stage: Stage, steps: Steps, chunk_clip: Path, disk: Path
) -> None:
    stage.shared = disk / "shared"
    stage.shared.mkdir()
    job_id = stage.order(chunk_clip)
    steps.run(job_id, "prepare")
    before = files(stage.shared)
    fill(disk, spare_bytes=16_384)  # enough to begin
    code, status, told = steps.run(job_id, "encode", "window-0000")

    assert code is Exit.ANSWERED
    check_failure((status, told))
    assert files(stage.shared) == before
    assert stage.published() == []

    (disk / "filler").unlink()
    assert steps.run(job_id, "encode", "window-0000")[2] == {"chunk": "window-0000"}
    assert files(stage.shared) > before


def files(directory: Path) -> set[str]:
    return {str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file()}
