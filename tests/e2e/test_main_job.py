"""A real clip goes in through the API; verified outputs, a mail and a clean history come out."""

import json
import subprocess
from pathlib import Path
from typing import Any

import m3u8
import pytest

from tests.media import BUNNY
from tests.platform_client import Platform, wait_for

BUNNY_SECONDS = 5.28


@pytest.fixture(scope="module")
def job(footage_job: dict[str, Any]) -> dict[str, Any]:
    return footage_job


def probe(file: Path) -> dict[str, Any]:
    done = subprocess.run(
        ["ffprobe", "-v", "error", "-of", "json", "-show_format", "-show_streams", str(file)],
        capture_output=True,
        check=True,
    )
    return dict(json.loads(done.stdout))


def test_the_job_completes_at_its_first_attempt_and_names_no_error(job: dict[str, Any]) -> None:
    assert job["status"] == "COMPLETED", job
    assert (job["attempt"], job["error"], job["progress_percent"]) == (1, None, 100)


def test_the_ladder_never_exceeds_the_source(job: dict[str, Any]) -> None:
    sizes = {
        (output["name"], output["width"], output["height"])
        for output in job["outputs"]
        if output["kind"] == "rendition"
    }
    assert sizes == {("720p", 1280, 720), ("480p", 854, 480), ("360p", 640, 360)}


def test_every_output_probes_as_the_api_says(platform: Platform, job: dict[str, Any], tmp_path: Path) -> None:
    for name in ("720p", "480p", "360p", "mp4"):
        output = next(item for item in job["outputs"] if item["name"] == name)
        file = platform.download(job["job_id"], name, tmp_path)
        assert file.stat().st_size == output["size_bytes"]
        probed = probe(file)
        video = next(stream for stream in probed["streams"] if stream["codec_type"] == "video")
        assert (video["width"], video["height"]) == (output["width"], output["height"])
        assert abs(float(probed["format"]["duration"]) - BUNNY_SECONDS) < 0.5


def test_the_manifests_name_only_objects_that_were_published(
    platform: Platform, job: dict[str, Any], tmp_path: Path
) -> None:
    objects = {key.rsplit("/", 1)[1]: size for key, size in platform.media_objects(job["job_id"]).items()}
    master = m3u8.load(str(platform.download(job["job_id"], "hls", tmp_path)))
    assert len(master.playlists) == 3
    for variant in master.playlists:
        playlist = m3u8.load(str(platform.download(job["job_id"], variant.uri, tmp_path)))
        assert playlist.is_endlist
        end = 0
        for segment in playlist.segments:
            length, _, offset = segment.byterange.partition("@")
            end = int(offset or end) + int(length)
            assert end <= objects[segment.uri]
        assert end == objects[playlist.segments[-1].uri], "the last segment ends with its file"
    assert {"manifest.mpd", "manifest.json", "poster.jpg", "audio.mp4"} <= objects.keys()


def test_the_execution_went_straight_to_the_announcement(platform: Platform, job: dict[str, Any]) -> None:
    execution = platform.ended_execution(job["job_id"])
    assert execution["status"] == "SUCCEEDED"
    assert platform.states_entered(execution["executionArn"]) == [
        "WhoStarted",
        "ChooseTaskSize",
        "ProcessVideo",
        "WhatHappened",
        "NotifyCompletion",
        "Succeeded",
    ]


def test_one_mail_tells_a_person_what_is_ready_and_where(platform: Platform, job: dict[str, Any]) -> None:
    mail = platform.mail(job["job_id"])
    body = mail.get_content()
    assert BUNNY.name in mail["Subject"]
    assert len(mail["Subject"]) <= 100
    assert platform.exports["media_bucket"] in body
    assert len(platform.mails(job["job_id"])) == 1


def test_the_record_holds_what_ffprobe_saw(platform: Platform, job: dict[str, Any]) -> None:
    record = platform.api("GET", f"/metadata/{job['video_id']}").json()
    assert record["state"] == "playable"
    assert "h264" in json.dumps(record["technical"])


def test_the_source_can_be_downloaded_again_byte_for_byte(
    platform: Platform, job: dict[str, Any], tmp_path: Path
) -> None:
    assert platform.download(job["job_id"], "original", tmp_path).read_bytes() == BUNNY.read_bytes()


def test_a_file_dropped_in_the_bucket_becomes_exactly_one_job(platform: Platform, short_clip: Path) -> None:
    bucket = platform.exports["ingest_bucket"]
    key = "drops/a b+c (é)/dropped.mp4"
    platform.aws("s3").upload_file(str(short_clip), bucket, key)

    def found() -> str | None:
        jobs = platform.api("GET", "/jobs?limit=100").json()["items"]
        return next((job["job_id"] for job in jobs if job["filename"] == "dropped.mp4"), None)

    job = platform.settled(wait_for("the job of the dropped file", found))
    assert job["status"] == "COMPLETED", job
    assert platform.ended_execution(job["job_id"])["status"] == "SUCCEEDED"
