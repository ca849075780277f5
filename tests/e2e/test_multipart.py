"""A file sent in parts is processed like any other."""

from pathlib import Path

from local.api_client import ApiClient
from tests.platform_client import Platform


def test_a_file_that_the_command_line_sends_in_parts_is_processed_by_itself(
    platform: Platform, tmp_path: Path, short_clip: Path
) -> None:
    # Behind the last atom players skip free space, so a small clip can be a file of two parts.
    content = short_clip.read_bytes()
    padding = 17 * 1024 * 1024 - len(content)
    content += padding.to_bytes(4, "big") + b"free" + bytes(padding - 8)
    clip = tmp_path / "parts.mp4"
    clip.write_bytes(content)
    form = {"filename": "parts.mp4", "size_bytes": len(content), "content_type": "video/mp4"}
    created = platform.api("POST", "/jobs", form | {"upload": "multipart"})
    assert created.status_code == 201, created.text
    ticket = created.json()["upload"]
    assert len(ticket["parts"]) == 2

    told: list[int] = []
    with ApiClient(platform.description["api_url"], platform.description["api_key"]) as client:
        client.upload(clip, ticket, told.append)

    assert sum(told) == len(content)
    job = platform.settled(created.json()["job"]["job_id"])
    assert job["status"] == "COMPLETED", job
    assert job["size_bytes"] == len(content)
    assert len(platform.executions(job["job_id"])) == 1


def test_an_upload_that_is_given_up_leaves_no_parts(platform: Platform) -> None:
    form = {"filename": "parts.mp4", "size_bytes": 1, "content_type": "video/mp4", "upload": "multipart"}
    ticket = platform.api("POST", "/jobs", form).json()["upload"]
    assert platform.http.put(ticket["parts"][0]["url"], content=b"x").status_code == 200

    answer = platform.api("POST", ticket["abort_path"])

    assert (answer.status_code, answer.json()["status"]) == (200, "CANCELLED")
    listed = platform.aws("s3").list_multipart_uploads(Bucket=platform.exports["ingest_bucket"])
    assert listed.get("Uploads", []) == []
