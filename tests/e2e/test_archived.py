"""An original in the archive is refused with what to do, restored, and processed when it is there."""

from pathlib import Path

from tests.platform_client import Platform, wait_for


def test_an_archived_original_is_refused_restored_and_processed(platform: Platform, short_clip: Path) -> None:
    bucket, key = platform.exports["ingest_bucket"], "archive/old-film.mp4"
    platform.aws("s3").put_object(
        Bucket=bucket, Key=key, Body=short_clip.read_bytes(), StorageClass="DEEP_ARCHIVE"
    )
    jobs = wait_for(
        "the job of the dropped file",
        lambda: (
            [
                job
                for job in platform.api("GET", "/jobs?status=FAILED").json()["items"]
                if job["filename"] == "old-film.mp4"
            ]
            or None
        ),
    )
    job_id, video_id = jobs[0]["job_id"], jobs[0]["video_id"]
    assert jobs[0]["error"]["code"] == "SOURCE_ARCHIVED"
    assert f"POST /metadata/{video_id}/restore" in jobs[0]["error"]["remedy"]
    order = {"source": {"bucket": bucket, "key": key}}
    for refused in (
        platform.api("POST", "/jobs", order),
        platform.api("POST", f"/jobs/{job_id}/retry"),
        platform.api("GET", f"/jobs/{job_id}/download/original"),
    ):
        assert (refused.status_code, refused.json()["code"]) == (409, "SOURCE_ARCHIVED"), refused.text

    asked = platform.api("POST", f"/metadata/{video_id}/restore")
    retried = platform.api("POST", f"/jobs/{job_id}/retry").json()

    assert (asked.status_code, asked.json()["status"]) == (202, "RESTORING"), asked.text
    assert (retried["status"], retried["waiting_reason"]) == ("QUEUED", "waiting_for_restore")
    assert retried["waiting_until"] == asked.json()["expected_at"]
    done = platform.settled(job_id)
    assert done["status"] == "COMPLETED", done
    types = [event["type"] for event in platform.api("GET", f"/jobs/{job_id}/events").json()["items"]]
    woken = types.index("job.restored")
    assert types[woken - 2 : woken + 2] == ["job.retried", "job.restoring", "job.restored", "job.dispatched"]


def test_an_original_is_marked_for_the_archive_when_it_is_accepted(
    platform: Platform, short_clip: Path
) -> None:
    job_id = platform.upload(short_clip)
    place = {"Bucket": platform.exports["ingest_bucket"], "Key": f"uploads/{job_id}/source"}

    tags = wait_for("the tag", lambda: platform.aws("s3").get_object_tagging(**place)["TagSet"] or None)

    assert tags == [{"Key": "content", "Value": "original"}]
    assert platform.settled(job_id)["status"] == "COMPLETED"
