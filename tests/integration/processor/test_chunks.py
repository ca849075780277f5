"""A job in chunks, step by step against real servers: plan, encode, assemble, and what goes wrong."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from ledger.chunks import chunks as ledger_chunks
from ledger.errors import FenceLostError
from ledger.jobs import jobs, settlement
from ledger.jobs.failures import failure
from ledger.overrides import Overrides, Trim
from ledger.states import ErrorCode
from processor.task.settings import Settings
from processor.worker import Exit, Worker
from tests import media_pictures
from tests.integration.processor.conftest import Callback, Stage
from tests.integration.processor.test_process import environment, image
from tests.media import BUNNY, ffmpeg
from upkeep.shared_files import remove_shared_files

__all__ = ["image"]
pytestmark = pytest.mark.integration

NAMES = ["sound", "window-0000", "window-0001", "window-0002"]


@pytest.fixture(scope="session")
def chunk_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve seconds of real footage with sound, 256x144: three windows of one segment."""
    path = tmp_path_factory.mktemp("clip") / "chunks.mp4"
    ffmpeg(
        *("-stream_loop", "2", "-i", str(BUNNY), "-t", "12", "-vf", "scale=256:144", "-c:v", "libx264"),
        *("-preset", "ultrafast", "-g", "75", "-bf", "2", "-c:a", "aac", "-ac", "2", str(path)),
    )
    return path


@dataclass(frozen=True, kw_only=True)
class Steps:
    """Runs the steps of jobs in chunks of four seconds."""

    stage: Stage

    def run(self, job_id: UUID, step: str, chunk: str = "", **changes: Any) -> tuple[Exit, str, Any]:
        """Run one step in this process; give its exit code and what the workflow was told."""
        callback = self.stage.wait_for_task()
        settings = self.settings(job_id, step, callback, chunk=chunk, **changes)
        code = Worker(settings, self.stage.context(settings)).run()
        return code, *callback.result()

    def settings(self, job_id: UUID, step: str, callback: Callback | None = None, **changes: Any) -> Settings:
        """The settings of one step."""
        given = {"step": step, "chunking_mode": "always", "chunk_window_seconds": 4}
        return self.stage.settings(job_id, callback or self.stage.wait_for_task(), **(given | changes))

    def events(self, job_id: UUID) -> dict[str, dict[str, Any]]:
        """The job's history: the last data of each kind of event."""
        with self.stage.database.connect() as conn:
            rows = conn.execute(
                "SELECT type, data FROM events WHERE job_id = %s ORDER BY id", (job_id,)
            ).fetchall()
        return dict(rows)

    def chunks(self, job_id: UUID) -> dict[str, tuple[str, int]]:
        """State and number of starts of each chunk."""
        with self.stage.database.connect() as conn:
            rows = conn.execute(
                "SELECT name, status, starts FROM chunks WHERE job_id = %s ORDER BY name", (job_id,)
            ).fetchall()
        return {name: (status, starts) for name, status, starts in rows}

    def shared(self, job_id: UUID) -> Path:
        """The job's shared directory."""
        return self.stage.shared / str(job_id)

    def files(self, job_id: UUID) -> dict[Path, tuple[int, int]]:
        """Size and time of every shared file of the job."""
        found = (path for path in self.shared(job_id).rglob("*") if path.is_file())
        return {path: (path.stat().st_size, path.stat().st_mtime_ns) for path in found}


@pytest.fixture
def steps(stage: Stage) -> Steps:
    return Steps(stage=stage)


def manifest_of(stage: Stage, job_id: UUID) -> dict[str, Any]:
    (key,) = (key for key in stage.published() if f"/{job_id}/" in key and key.endswith("manifest.json"))
    return dict(json.loads(stage.s3.get_object(Bucket=stage.media_bucket, Key=key)["Body"].read()))


def frames_of(manifest: dict[str, Any]) -> list[int]:
    return [item["details"]["frames"] for item in manifest["outputs"] if item["kind"] == "rendition"]


@pytest.mark.long
def test_a_job_with_overrides_in_chunks_publishes_what_one_task_would(
    steps: Steps, chunk_clip: Path, tmp_path: Path
) -> None:
    stage, names = steps.stage, NAMES[:3]
    alone, job_id = stage.order(chunk_clip), stage.order(chunk_clip)
    logo = media_pictures.make_picture(tmp_path, "logo.png")
    for each in (alone, job_id):
        stage.override(
            each, Overrides(trim=Trim(start_seconds=2.6), watermark=stage.put_watermark(logo), max_height=120)
        )
    assert steps.run(alone, "prepare", chunking_mode="never")[0] is Exit.ANSWERED

    _, _, planned = steps.run(job_id, "prepare")
    assert planned == {"job_id": str(job_id), "status": "CHUNKED", "chunks": names}
    assert stage.job(job_id).job.stage == "encoding"
    for name in reversed(names):
        assert steps.run(job_id, "encode", name)[2] == {"chunk": name}
    _, status, told = steps.run(job_id, "assemble")

    assert (status, told["status"]) == ("SUCCEEDED", "COMPLETED")
    events = steps.events(job_id)
    assert events["job.planned"]["mode"] == "chunked"
    assert events["job.assembled"] == {"chunks": len(names), "encoded_again": 0, "which": []}
    assert steps.events(alone)["job.planned"]["mode"] == "single"
    whole, joined = manifest_of(stage, alone), manifest_of(stage, job_id)
    shape = ("name", "kind", "codec", "width", "height", "duration_seconds", "frame_rate")
    assert [[item[key] for key in shape] for item in joined["outputs"]] == [
        [item[key] for key in shape] for item in whole["outputs"]
    ]
    assert frames_of(joined) == frames_of(whole)
    assert frames_of(joined)[0] == 235
    assert not steps.shared(job_id).exists()
    assert stage.leftovers() == []


def test_a_finished_chunk_is_reported_again_and_not_encoded_again(steps: Steps, chunk_clip: Path) -> None:
    job_id = steps.stage.order(chunk_clip)
    steps.run(job_id, "prepare")
    steps.run(job_id, "encode", "window-0001")

    assert steps.run(job_id, "encode", "window-0001")[2] == {"chunk": "window-0001"}
    assert steps.chunks(job_id)["window-0001"] == ("DONE", 1)


@pytest.mark.long
def test_a_new_attempt_encodes_only_the_chunks_that_are_missing(steps: Steps, chunk_clip: Path) -> None:
    job_id = steps.stage.order(chunk_clip)
    steps.run(job_id, "prepare")
    for name in ("sound", "window-0002"):
        steps.run(job_id, "encode", name)
    with steps.stage.database.connect() as conn:
        settlement.fail(conn, job_id, 1, failure(ErrorCode.INTERRUPTED), stack="test")
        jobs.retry(conn, job_id)

    assert steps.run(job_id, "encode", "window-0000")[1] == "FAILED"
    _, _, planned = steps.run(job_id, "prepare", attempt=2)

    assert planned["chunks"] == ["window-0000", "window-0001"]
    for name in planned["chunks"]:
        steps.run(job_id, "encode", name, attempt=2)
    assert steps.run(job_id, "assemble", attempt=2)[2]["status"] == "COMPLETED"
    assert {starts for _, starts in steps.chunks(job_id).values()} == {1}


@pytest.mark.long
def test_other_settings_of_the_encoder_use_nothing_of_an_earlier_plan(steps: Steps, chunk_clip: Path) -> None:
    job_id = steps.stage.order(chunk_clip)
    steps.run(job_id, "prepare")
    for name in NAMES:
        steps.run(job_id, "encode", name)

    _, _, planned = steps.run(job_id, "prepare", chunk_window_seconds=8)

    assert planned["chunks"] == NAMES[:3]


@pytest.mark.long
def test_a_chunk_whose_files_were_lost_or_damaged_is_encoded_again(steps: Steps, chunk_clip: Path) -> None:
    job_id = steps.stage.order(chunk_clip)
    steps.run(job_id, "prepare")
    for name in NAMES:
        steps.run(job_id, "encode", name)
    lost, damaged = (
        next(steps.shared(job_id).glob(f"*/chunks/{name}-1/video_144p.mp4")) for name in NAMES[1:3]
    )
    lost.unlink()
    data = bytearray(damaged.read_bytes())
    data[len(data) // 2] ^= 0xFF
    damaged.write_bytes(data)

    assert steps.run(job_id, "prepare")[2]["chunks"] == ["window-0000"]
    assert steps.run(job_id, "assemble")[2]["status"] == "COMPLETED"
    assert steps.events(job_id)["job.assembled"]["which"] == ["window-0000", "window-0001"]


def test_a_chunk_that_can_never_be_encoded_tells_the_ledger_why(steps: Steps, chunk_clip: Path) -> None:
    job_id = steps.stage.order(chunk_clip)
    steps.run(job_id, "prepare")
    source = next(steps.shared(job_id).glob("*/source"))
    source.write_bytes(b"This is not a video.\n" * 100)

    _, status, (error, cause) = steps.run(job_id, "encode", "window-0001")

    assert (status, error, cause["code"]) == ("FAILED", "InvalidInput", "INPUT_NOT_MEDIA")
    with steps.stage.database.connect() as conn:
        recorded = ledger_chunks.recorded_failure(conn, job_id, 1)
    assert recorded is not None
    assert recorded.code is ErrorCode.INPUT_NOT_MEDIA


def test_a_worker_that_lost_its_chunk_changes_nothing(steps: Steps, chunk_clip: Path) -> None:
    job_id = steps.stage.order(chunk_clip)
    steps.run(job_id, "prepare")
    with steps.stage.database.connect() as conn:
        older, newer = (
            ledger_chunks.claim_chunk(conn, job_id=job_id, attempt=1, name="sound", task_arn=None)
            for _ in range(2)
        )
        assert isinstance(older, ledger_chunks.ChunkClaim)
        assert isinstance(newer, ledger_chunks.ChunkClaim)
        with pytest.raises(FenceLostError, match="another worker"):
            ledger_chunks.finish(conn, older, directory="x", sha256="y", frames=1)
        ledger_chunks.fail(conn, older, failure(ErrorCode.INTERNAL))
        ledger_chunks.heartbeat(conn, newer)
        settlement.fail(conn, job_id, 1, failure(ErrorCode.INTERNAL), stack="test")
        with pytest.raises(FenceLostError, match="FAILED"):
            ledger_chunks.heartbeat(conn, newer)
    assert steps.chunks(job_id)["sound"] == ("ENCODING", 2)


def test_files_of_ended_jobs_go_and_those_of_a_live_job_are_never_touched(
    steps: Steps, chunk_clip: Path
) -> None:
    stage = steps.stage
    failed, cancelled, running = (stage.order(chunk_clip) for _ in range(3))
    for job_id in (failed, cancelled, running):
        steps.run(job_id, "prepare")
    steps.run(running, "encode", "window-0001")
    live = steps.files(running)
    with stage.database.connect() as conn:
        settlement.fail(conn, failed, 1, failure(ErrorCode.INTERNAL), stack="test")
        jobs.cancel(conn, cancelled)

        assert remove_shared_files(stage.shared, conn) == 1
        assert {path.name for path in stage.shared.iterdir()} == {str(failed), str(running)}
        conn.execute("UPDATE jobs SET finished_at = now() - interval '25 hours' WHERE id = %s", (failed,))
        assert remove_shared_files(stage.shared, conn) == 1
    assert {path.name for path in stage.shared.iterdir()} == {str(running)}
    assert steps.files(running) == live


@pytest.mark.long
def test_what_a_killed_assembly_leaves_serves_the_next_attempt_and_goes_in_the_end(
    steps: Steps,
    chunk_clip: Path,
    image: Path,
    access: dict[str, Any],
    background: Callable[..., "subprocess.Popen[str]"],
) -> None:
    stage = steps.stage
    job_id = stage.order(chunk_clip)
    steps.run(job_id, "prepare")
    for name in NAMES:
        steps.run(job_id, "encode", name)
    left = steps.files(job_id)
    settings = steps.settings(job_id, "assemble")
    process = background(
        [sys.executable, "-m", "processor.start"], env=environment(stage, image, settings, access), cwd="/",
        start_new_session=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    while process.poll() is None and not list(stage.scratch.glob("*/work")):
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()

    with stage.database.connect() as conn:
        assert remove_shared_files(stage.shared, conn) == 0
        settlement.fail(conn, job_id, 1, failure(ErrorCode.INTERRUPTED), stack="test")
        assert remove_shared_files(stage.shared, conn) == 0
        assert steps.files(job_id) == left
        jobs.retry(conn, job_id)
        assert steps.run(job_id, "prepare", attempt=2)[2]["chunks"] == []
        kept = stage.shared.with_name("kept")
        shutil.copytree(steps.shared(job_id), kept)
        assert steps.run(job_id, "assemble", attempt=2)[2]["status"] == "COMPLETED"
        assert not steps.shared(job_id).exists()
        # As if the task had been killed between the end of the job and that of its files.
        kept.rename(steps.shared(job_id))
        assert remove_shared_files(stage.shared, conn) == 1
    assert list(stage.shared.iterdir()) == []


def test_progress_of_all_chunks_adds_up_on_the_board(steps: Steps, chunk_clip: Path) -> None:
    job_id = steps.stage.order(chunk_clip)
    steps.run(job_id, "prepare")
    seen = []
    for name in NAMES[:2]:
        steps.run(job_id, "encode", name)
        text = steps.stage.board_client().get(f"job:{job_id}:progress")
        seen.append(json.loads(text or "{}"))
    assert [(each["stage"], each["fence"]) for each in seen] == [("encoding", 1)] * 2
    assert [each["percent"] for each in seen] == [pytest.approx(23.8, abs=0.1), pytest.approx(42.5, abs=0.1)]
