"""There is one copy of each definition: what is edited in a checkout is what runs."""

import os
import signal
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from tests.e2e.processes import kill_while_encoding, processes_of
from tests.e2e.small_tasks import LARGE_MIB, TOO_SMALL_MIB, size, tasks_of
from tests.media import BUNNY, ffmpeg
from tests.platform_client import Platform, wait_for

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def job(edited: Platform) -> dict[str, Any]:
    return edited.settled(edited.upload(BUNNY))


def test_an_edited_rung_and_topic_are_what_runs(edited: Platform, job: dict[str, Any]) -> None:
    assert [output["name"] for output in job["outputs"] if output["kind"] == "rendition"] == ["240p"]
    assert edited.exports["completion_topic_arn"].endswith(":films-completion-dev")
    edited.mail(job["job_id"])


def test_a_job_in_chunks_is_encoded_by_a_distributed_map_and_completes(
    edited: Platform, job: dict[str, Any]
) -> None:
    job_id = job["job_id"]
    assert job["status"] == "COMPLETED", job
    told = {event["type"]: event["data"] for event in edited.events(job_id)}
    assert told["job.planned"]["mode"] == "chunked"
    assert told["job.assembled"] == {"chunks": 2, "encoded_again": 0, "which": []}
    (rendition,) = (output for output in job["outputs"] if output["kind"] == "rendition")
    assert rendition["details"]["frames"] == _frames(BUNNY)
    execution = edited.ended_execution(job_id)
    assert execution["status"] == "SUCCEEDED"
    (run,) = edited.aws("stepfunctions").list_map_runs(executionArn=execution["executionArn"])["mapRuns"]
    counts = edited.aws("stepfunctions").describe_map_run(mapRunArn=run["mapRunArn"])["itemCounts"]
    assert (counts["total"], counts["succeeded"]) == (2, 2)
    edited.mail(job_id)
    assert len(edited.mails(job_id)) == 1
    shared = edited.data_dir / str(edited.description["stack"]) / "efs"
    assert shared.is_dir()
    assert list(shared.rglob(f"{job_id}/*/plan.json")) == []


def test_the_sweep_deletes_what_a_job_in_chunks_left_on_the_shared_file_system(edited: Platform) -> None:
    (shared,) = edited.data_dir.glob("**/efs/*/jobs")
    left = shared / str(uuid4()) / "plan" / "source"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"video")

    name = edited.exports["sweep_function_name"]
    answer = edited.aws("lambda").invoke(FunctionName=name)

    assert "FunctionError" not in answer, answer["Payload"].read()
    assert not left.parent.parent.exists()


def test_only_the_killed_chunk_is_encoded_again(edited: Platform, tmp_path: Path) -> None:
    clip = tmp_path / "twice.mp4"
    ffmpeg("-stream_loop", "1", "-i", str(BUNNY), "-c", "copy", str(clip))
    job_id = edited.upload(clip)
    wait_for("an encode", lambda: _encoders(job_id) or None)
    os.kill(_encoders(job_id)[0], signal.SIGKILL)

    job = edited.settled(job_id)

    assert (job["status"], job["attempt"]) == ("COMPLETED", 1), job
    told = {event["type"]: event["data"] for event in edited.events(job_id)}
    assert told["job.assembled"]["encoded_again"] == 1
    edited.mail(job_id)
    assert len(edited.mails(job_id)) == 1


def test_a_chunk_killed_for_its_memory_is_encoded_in_a_larger_task(edited: Platform) -> None:
    with tasks_of(edited, chunks=size(TOO_SMALL_MIB, LARGE_MIB)):
        job_id = edited.upload(BUNNY)
        job = edited.settled(job_id)

    assert (job["status"], job["attempt"]) == ("COMPLETED", 1), job
    told = [event["data"] for event in edited.events(job_id) if event["type"] == "job.enlarged"]
    assert {item["step"] for item in told} == {"encode"}
    assert len({item["chunk"] for item in told}) == len(told) == 2
    assert {item["to_memory_mib"] for item in told} == {LARGE_MIB}
    edited.mail(job_id)


def _encoders(job_id: str) -> list[int]:
    """Processes that encode a window, without the fences around them."""
    return [
        pid
        for pid in processes_of(job_id, "libx264")
        if Path(f"/proc/{pid}/comm").read_text().strip() == "ffmpeg"
    ]


def _frames(path: Path) -> int:
    shown = subprocess.run(
        ["ffprobe", "-v", "error", "-count_packets", "-select_streams", "v:0", "-show_entries",
         "stream=nb_read_packets", "-of", "csv=p=0", str(path)],
        capture_output=True, text=True, check=True, timeout=30,
    )  # fmt: skip
    return int(shown.stdout.strip().strip(","))


def test_an_edited_retry_is_what_runs(edited: Platform, tmp_path: Path) -> None:
    # A container that cannot be read from the middle is left to one task.
    whole = tmp_path / "whole.flv"
    ffmpeg("-i", str(BUNNY), "-c", "copy", str(whole))
    job_id = edited.upload(whole)
    kill_while_encoding(job_id, "libx264")
    job = edited.settled(job_id)
    assert (job["status"], job["attempt"]) == ("FAILED", 1), "without a Retry, the first kill is the end"


def test_two_platforms_share_neither_ports_nor_jobs(
    edited: Platform, secured: Platform, picture: Path
) -> None:
    assert urlsplit(edited.description["api_url"]).port != urlsplit(secured.description["api_url"]).port
    job_id = secured.upload(picture, content_type="image/png", profile="image")
    secured.settled(job_id)
    assert edited.api("GET", f"/jobs/{job_id}").status_code in {403, 404}
    secured.mail(job_id)
    assert edited.mails(job_id) == []
