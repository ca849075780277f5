"""One clip and one file that is no video, through the whole platform."""

from pathlib import Path

import pytest

from tests.deployed.stack import DeployedStack, wait_for
from tests.media import make_ntsc, make_text

# On AWS a cold start of a Fargate task takes minutes; the clip itself takes seconds.
JOB_TIMEOUT_SECONDS = 900
pytestmark = pytest.mark.timeout(JOB_TIMEOUT_SECONDS + 120)


@pytest.fixture(scope="module")
def job_id(stack: DeployedStack, tmp_path_factory: pytest.TempPathFactory) -> str:
    return stack.upload(make_ntsc(tmp_path_factory.mktemp("clip"), seconds=2))


def test_an_execution_processes_the_clip(stack: DeployedStack, job_id: str) -> None:
    job = stack.settled(job_id, timeout_seconds=JOB_TIMEOUT_SECONDS)
    assert job["status"] == "COMPLETED", job

    def ended() -> str | None:
        statuses = [item["status"] for item in stack.executions(job_id)]
        return statuses[0] if statuses and "RUNNING" not in statuses else None

    assert wait_for("the end of the execution", ended, timeout_seconds=60) == "SUCCEEDED"


def test_the_result_can_be_downloaded_and_is_in_the_media_bucket(stack: DeployedStack, job_id: str) -> None:
    assert stack.settled(job_id, timeout_seconds=JOB_TIMEOUT_SECONDS)["status"] == "COMPLETED"
    link = stack.call("GET", f"/jobs/{job_id}/download/mp4").raise_for_status().json()
    content = stack.http.get(link["download_url"]).raise_for_status().content
    assert content[4:8] == b"ftyp"
    listed = (
        stack.aws("s3")
        .get_paginator("list_objects_v2")
        .paginate(Bucket=stack.outputs["media_bucket"], Prefix="videos/")
    )
    keys = [item["Key"] for page in listed for item in page.get("Contents", []) if job_id in item["Key"]]
    names = {key.rpartition("/")[2] for key in keys}
    assert {"manifest.json", "master.m3u8", "manifest.mpd", "poster.jpg", "download.mp4"} <= names


def test_the_task_wrote_its_log(stack: DeployedStack, job_id: str) -> None:
    stack.settled(job_id, timeout_seconds=JOB_TIMEOUT_SECONDS)
    group = f"/aws/ecs/video-processor-{stack.name}"
    client = stack.aws("logs")

    def logged() -> bool | None:
        answer = client.filter_log_events(logGroupName=group, filterPattern=f'"{job_id}"')
        return True if answer["events"] else None

    assert wait_for("a log line about the job", logged, timeout_seconds=60)


def test_a_file_that_is_no_video_fails_with_its_reason(stack: DeployedStack, tmp_path: Path) -> None:
    job = stack.settled(stack.upload(make_text(tmp_path)), timeout_seconds=JOB_TIMEOUT_SECONDS)
    assert (job["status"], job["error"]["code"]) == ("FAILED", "INPUT_NOT_MEDIA")
