"""A job whose task is killed for its memory goes on in a larger task, or says that there is none."""

from pathlib import Path

from tests.e2e.small_tasks import LARGE_MIB, TOO_SMALL_MIB, size, tasks_of
from tests.platform_client import Platform


def test_a_task_killed_for_its_memory_is_started_again_one_size_up_and_completes(
    platform: Platform, picture: Path
) -> None:
    with tasks_of(platform, first=size(TOO_SMALL_MIB, LARGE_MIB)):
        job_id = platform.upload(picture, content_type="image/png", profile="image")
        job = platform.settled(job_id)

    assert (job["status"], job["attempt"]) == ("COMPLETED", 1), job
    (told,) = [event["data"] for event in platform.events(job_id) if event["type"] == "job.enlarged"]
    assert (told["from_memory_mib"], told["to_memory_mib"]) == (TOO_SMALL_MIB, LARGE_MIB)
    assert (told["step"], told["code"]) == ("prepare", "OUT_OF_MEMORY")
    platform.mail(job_id)
    assert len(platform.mails(job_id)) == 1


def test_a_job_too_large_for_the_largest_task_fails_with_the_code_and_a_remedy(
    platform: Platform, picture: Path
) -> None:
    with tasks_of(platform, first=size(TOO_SMALL_MIB, TOO_SMALL_MIB + 1)):
        job_id = platform.upload(picture, content_type="image/png", profile="image")
        job = platform.settled(job_id)

    assert (job["status"], job["attempt"]) == ("FAILED", 1), job
    assert job["error"]["code"] == "OUT_OF_MEMORY"
    assert f"{TOO_SMALL_MIB + 1} MiB" in job["error"]["message"]
    assert "larger tasks" in job["error"]["remedy"]
    types = [event["type"] for event in platform.events(job_id)]
    assert types.count("job.enlarged") == 1
    platform.mail(job_id)
