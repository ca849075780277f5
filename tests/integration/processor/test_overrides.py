"""A worker honours what one job asks for: it fetches the watermark that was ordered, or refuses."""

import json
from pathlib import Path

import pytest

from ledger.overrides import Overrides, Trim
from processor.worker import Exit
from tests import damage_sources, media_pictures
from tests.integration.processor.conftest import Stage

pytestmark = pytest.mark.integration


def test_the_overrides_are_honoured_and_told_in_the_manifest(
    stage: Stage, clip: Path, tmp_path: Path
) -> None:
    watermark = stage.put_watermark(media_pictures.make_picture(tmp_path, "logo.png"))
    job_id = stage.order(clip)
    stage.override(job_id, Overrides(trim=Trim(end_seconds=1.0), watermark=watermark, max_height=180))
    # What is put there later is not what was ordered.
    stage.s3.put_object(Bucket=stage.ingest_bucket, Key="watermarks/logo", Body=b"something else")

    assert stage.run(job_id, stage.wait_for_task()) is Exit.ANSWERED

    detail = stage.job(job_id)
    assert detail.job.status == "COMPLETED", detail.job.error_message
    renditions = [output for output in detail.outputs if output["kind"] == "rendition"]
    assert [(item["height"], item["duration_seconds"]) for item in renditions] == [(180, 1.0)]
    key = next(key for key in stage.published() if key.endswith("manifest.json"))
    manifest = json.loads(stage.s3.get_object(Bucket=stage.media_bucket, Key=key)["Body"].read())
    assert manifest["overrides"]["trim"] == {"start_seconds": 0.0, "end_seconds": 1.0}
    assert manifest["overrides"]["watermark"]["key"] == "watermarks/logo"
    assert stage.leftovers() == []


def test_a_cut_source_is_published_where_damage_is_kept_and_refused_elsewhere(
    stage: Stage, tmp_path: Path
) -> None:
    source = damage_sources.cut_mp4(tmp_path)
    refused, kept = stage.order(source), stage.order(source)
    stage.override(kept, Overrides(damage="keep"))
    callback = stage.wait_for_task()

    assert stage.run(refused, callback) is Exit.ANSWERED
    assert stage.run(kept, stage.wait_for_task()) is Exit.ANSWERED

    status, (_, cause) = callback.result()
    assert (status, cause["code"]) == ("FAILED", "INPUT_TRUNCATED")
    detail = stage.job(kept)
    assert detail.job.status == "COMPLETED", detail.job.error_message
    assert "missing_bytes" in detail.warnings[0]["facts"]
    assert {warning["code"] for warning in detail.warnings} >= {"SOURCE_DAMAGED", "LENGTH_FROM_PACKETS"}


@pytest.mark.parametrize(
    ("change", "code"),
    [("deleted", "SOURCE_MISSING"), ("text", "INPUT_NOT_MEDIA"), ("bucket", "ACCESS_DENIED")],
)
def test_a_watermark_that_cannot_be_used_fails_the_job_with_the_reason(
    stage: Stage, clip: Path, tmp_path: Path, change: str, code: str
) -> None:
    picture = media_pictures.make_picture(tmp_path, "logo.png")
    if change == "text":
        picture.write_bytes(b"#EXTM3U\nfile:///etc/passwd\n")
    watermark = stage.put_watermark(picture, bucket=stage.media_bucket if change == "bucket" else None)
    if change == "deleted":
        stage.s3.delete_object(
            Bucket=watermark.bucket, Key=watermark.key, VersionId=watermark.version_id or ""
        )
    job_id = stage.order(clip)
    stage.override(job_id, Overrides(watermark=watermark))
    callback = stage.wait_for_task()

    assert stage.run(job_id, callback) is Exit.ANSWERED

    status, (_, cause) = callback.result()
    assert (status, cause["code"]) == ("FAILED", code)
    assert stage.published() == []
