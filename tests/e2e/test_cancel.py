"""A job cancelled while it encodes: the encoder goes away, nothing is published, and nobody is told."""

from pathlib import Path

import pytest

from tests import media
from tests.e2e.processes import held, kill, processes_of
from tests.platform_client import Platform, wait_for

# The worker's heartbeat, the end of its children, and room for a loaded machine.
STOPS_WITHIN_SECONDS = 40


@pytest.fixture(scope="module")
def long_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Takes much longer to encode than a cancellation may take to arrive."""
    return media.make_long(tmp_path_factory.mktemp("clip"))


def test_a_job_cancelled_while_encoding_stops_and_can_be_retried(platform: Platform, long_clip: Path) -> None:
    job_id = platform.upload(long_clip)
    wait_for("the encode", lambda: bool(processes_of(job_id, "libx264")) or None)

    # A held encoder costs no processor time until the worker is told; it also does not hear SIGTERM.
    with held(job_id, "libx264"):
        cancelled = platform.api("POST", f"/jobs/{job_id}/cancel")
        assert (cancelled.status_code, cancelled.json()["status"]) == (200, "CANCELLED")
        assert platform.api("POST", f"/jobs/{job_id}/cancel").status_code == 200
        wait_for(
            "the end of every process of the job",
            lambda: not processes_of(job_id, "") or None,
            timeout_seconds=STOPS_WITHIN_SECONDS,
        )
    assert platform.ended_execution(job_id)["status"] == "ABORTED"
    assert platform.job(job_id)["status"] == "CANCELLED"
    assert platform.media_objects(job_id) == {}
    assert platform.mails(job_id) == []
    assert [event["type"] for event in platform.events(job_id)].count("job.cancelled") == 1

    retried = platform.api("POST", f"/jobs/{job_id}/retry")
    assert (retried.status_code, retried.json()["attempt"]) == (200, 2)
    wait_for("the second encode", lambda: bool(processes_of(job_id, "libx264")) or None)
    assert platform.api("POST", f"/jobs/{job_id}/cancel").json()["status"] == "CANCELLED"
    kill(processes_of(job_id, ""))  # it would only take processor time from the next test until it is told


def test_a_job_cancelled_before_its_file_arrives_never_starts(platform: Platform) -> None:
    form = {"filename": "late.mp4", "size_bytes": media.BUNNY.stat().st_size, "content_type": "video/mp4"}
    created = platform.api("POST", "/jobs", form).json()
    job_id = created["job"]["job_id"]
    assert platform.api("POST", f"/jobs/{job_id}/cancel").json()["status"] == "CANCELLED"

    platform.send(created["upload"], media.BUNNY)

    def arrived() -> bool | None:
        return any(event["type"] == "job.uploaded" for event in platform.events(job_id)) or None

    wait_for("the note of the late upload", arrived)
    assert platform.job(job_id)["status"] == "CANCELLED"
    assert platform.executions(job_id) == []
