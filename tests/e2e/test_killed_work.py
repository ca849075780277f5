"""Killed processes: the job still completes, once."""

from pathlib import Path

import pytest

from tests import media
from tests.e2e.platform_client import Platform
from tests.e2e.processes import kill_while_encoding, processes_of


@pytest.fixture(scope="module")
def long_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return media.make_landscape(tmp_path_factory.mktemp("clip"), seconds=4)


@pytest.mark.parametrize("program", ["ffmpeg", "processor"])
def test_a_job_whose_process_is_killed_while_encoding_completes_once(
    platform: Platform, long_clip: Path, program: str
) -> None:
    job_id = platform.upload(long_clip)

    kill_while_encoding(job_id, "libx264" if program == "ffmpeg" else "-m processor")

    job = platform.settled(job_id)
    assert job["status"] == "COMPLETED", job
    assert platform.ended_execution(job_id)["status"] == "SUCCEEDED"
    prefixes = {key.rsplit("/", 1)[0] for key in platform.media_objects(job_id)}
    assert len(prefixes) == 1, "only one attempt published"
    platform.mail(job_id)
    assert len(platform.mails(job_id)) == 1
    finished = [event for event in platform.events(job_id) if "complete" in event["type"].lower()]
    assert len(finished) == 1
    assert processes_of(job_id, "") == []
