"""One attempt against real servers: what is published, in which order, and what the workflow is told."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from processor.worker import Exit
from tests.integration.processor.conftest import Stage

pytestmark = pytest.mark.integration


def test_a_good_source_is_published_with_the_manifest_last_and_completed_once(
    stage: Stage, clip: Path
) -> None:
    puts: list[str] = []
    stage.s3.meta.events.register(
        "provide-client-params.s3.PutObject", lambda params, **_: puts.append(params["Key"])
    )
    job_id = stage.order(
        clip,
        declared_size_bytes=clip.stat().st_size,
        declared_sha256=hashlib.sha256(clip.read_bytes()).hexdigest(),
    )
    puts.clear()
    callback = stage.wait_for_task()

    assert stage.run(job_id, callback) is Exit.ANSWERED

    status, output = callback.result()
    assert status == "SUCCEEDED"
    assert (output["job_id"], output["status"]) == (str(job_id), "COMPLETED")
    assert output["announcement"]["attributes"]["event_type"] == "job.completed"
    assert puts[-1].endswith("/manifest.json")
    assert sum(key.endswith("/manifest.json") for key in puts) == 1
    job = stage.job(job_id).job
    assert job.status == "COMPLETED"
    prefix = f"videos/{job.video_id}/{job_id}/1/"
    assert sorted(puts) == sorted(stage.published())
    assert all(key.startswith(prefix) for key in puts)
    assert stage.leftovers() == []
    assert stage.events(job_id)[-1] == "job.completed"


def test_the_manifest_describes_every_object_as_it_is_stored(stage: Stage, clip: Path) -> None:
    job_id = stage.order(clip)
    stage.run(job_id, stage.wait_for_task())
    prefix = next(key for key in stage.published() if key.endswith("manifest.json")).removesuffix(
        "manifest.json"
    )
    manifest = read_json(stage, prefix + "manifest.json")
    assert manifest["schema_version"] == 1
    assert (manifest["job_id"], manifest["fence"], manifest["attempt"]) == (str(job_id), 1, 1)
    assert manifest["source"]["size_bytes"] == clip.stat().st_size
    for output in manifest["outputs"]:
        stored = stage.s3.get_object(Bucket=stage.media_bucket, Key=prefix + output["file"])
        body = stored["Body"].read()
        assert len(body) == output["size_bytes"]
        assert hashlib.sha256(body).hexdigest() == output["sha256"]
        assert stored["ContentType"] == output["content_type"]
    files = {output["file"] for output in manifest["outputs"]}
    assert {prefix + name for name in files} | {prefix + "manifest.json"} == set(stage.published())
    assert {"180p.mp4", "audio.mp4", "master.m3u8", "manifest.mpd", "download.mp4", "poster.jpg"} <= files
    rung = next(output for output in manifest["outputs"] if output["name"] == "180p")
    assert (rung["width"], rung["height"]) == (320, 180)
    assert rung["codec"].startswith("avc1.")
    for stage_name in ("downloading", "inspecting", "encoding", "packaging", "verifying", "uploading"):
        assert manifest["stage_seconds"][stage_name] >= 0


def test_the_manifest_holds_the_commands_with_paths_relative_to_the_job(stage: Stage, clip: Path) -> None:
    stage.run(stage.order(clip), stage.wait_for_task())
    key = next(key for key in stage.published() if key.endswith("manifest.json"))
    commands = read_json(stage, key)["commands"]
    assert any(Path(command["argv"][0]).name == "ffmpeg" for command in commands)
    assert all(command["seconds"] >= 0 for command in commands)
    assert str(stage.scratch) not in json.dumps(commands)


def test_the_ledger_and_the_board_show_the_finished_job(stage: Stage, clip: Path) -> None:
    job_id = stage.order(clip)
    stage.run(job_id, stage.wait_for_task())
    detail = stage.job(job_id)
    names = {output["name"] for output in detail.outputs}
    assert {"180p", "audio", "hls", "dash", "mp4", "poster", "manifest"} <= names
    assert {"downloading", "encoding", "uploading", "publishing"} <= set(detail.job.stage_seconds)
    shown = json.loads(stage.board_client().get(f"job:{job_id}:progress") or "{}")
    assert (shown["fence"], shown["stage"]) == (1, "publishing")
    assert shown["percent"] >= 99


def test_a_worker_that_comes_after_completion_reports_the_same_success(stage: Stage, clip: Path) -> None:
    job_id = stage.order(clip)
    first, second = stage.wait_for_task(), stage.wait_for_task()
    stage.run(job_id, first)
    published = stage.published()
    assert stage.run(job_id, second) is Exit.ANSWERED
    assert second.result() == first.result()
    assert stage.published() == published
    assert stage.events(job_id).count("job.completed") == 1


def read_json(stage: Stage, key: str) -> Any:
    return json.loads(stage.s3.get_object(Bucket=stage.media_bucket, Key=key)["Body"].read())
