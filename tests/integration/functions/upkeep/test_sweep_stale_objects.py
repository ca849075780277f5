"""What ended jobs left in real buckets: outputs are tagged, unfinished uploads aborted, all else stays."""

from typing import Any
from uuid import uuid4

import pytest

from ledger.jobs import jobs
from ledger.models import Claim, Job
from runtime.steps import MaintenanceError
from tests.integration.functions.sweep_world import World
from tests.ledger_support import (
    claimed,
    client_error,
    column,
    pending_job,
    queued_job,
)
from upkeep import stale_objects, sweeping

pytestmark = pytest.mark.integration


def tags(swept: World, key: str) -> list[dict[str, str]]:
    answer = swept.s3.get_object_tagging(Bucket=swept.media, Key=key)["TagSet"]
    return [{item["Key"]: item["Value"]} for item in answer]


SUPERSEDED = [{"attempt": "superseded"}]


def failed_with_output(swept: World) -> tuple[Job, str]:
    """A job that failed after its worker had uploaded something."""
    job = queued_job(swept.conn, source_bucket=swept.ingest)
    return job, fail_with_output(swept, claimed(swept.conn, job, task=str(job.id)))


def fail_with_output(swept: World, claim: Claim) -> str:
    key = f"{claim.output_prefix}720p.mp4"
    swept.put(swept.media, key)
    jobs.cancel(swept.conn, claim.job_id)
    return key


def test_outputs_of_an_ended_job_that_nothing_names_are_tagged_once(swept: World) -> None:
    _, key = failed_with_output(swept)
    assert swept.run()["outputs_superseded"] == 0
    assert tags(swept, key) == []

    assert swept.an_hour_later()["outputs_superseded"] == 1
    assert tags(swept, key) == SUPERSEDED
    assert swept.an_hour_later()["outputs_superseded"] == 0


def test_a_completed_job_keeps_its_outputs_and_loses_those_of_earlier_holds(swept: World) -> None:
    job, earlier = failed_with_output(swept)
    again = jobs.retry(swept.conn, job.id)
    claim = claimed(swept.conn, again, task="second")
    swept.complete(claim)

    assert swept.an_hour_later()["outputs_superseded"] == 1
    assert tags(swept, earlier) == SUPERSEDED
    assert tags(swept, f"{claim.output_prefix}manifest.json") == []


def test_a_job_that_runs_again_is_left_alone_and_seen_to_after_its_next_end(swept: World) -> None:
    job, earlier = failed_with_output(swept)
    swept.an_hour_later()
    claim = claimed(swept.conn, jobs.retry(swept.conn, job.id), task="second")
    running = f"{claim.output_prefix}720p.mp4"
    swept.put(swept.media, running)

    assert swept.an_hour_later()["outputs_superseded"] == 0
    assert tags(swept, running) == []
    jobs.cancel(swept.conn, job.id)
    swept.an_hour_later()
    assert tags(swept, running) == SUPERSEDED
    assert tags(swept, earlier) == SUPERSEDED


def test_a_retry_between_reading_the_ledger_and_the_bucket_is_safe(
    swept: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, earlier = failed_with_output(swept)
    found = sweeping.list_current

    def retried(*arguments: Any) -> Any:
        claim = claimed(swept.conn, jobs.retry(swept.conn, job.id), task="second")
        swept.put(swept.media, f"{claim.output_prefix}720p.mp4")
        monkeypatch.setattr("upkeep.stale_objects.list_current", found)
        return found(*arguments)

    monkeypatch.setattr("upkeep.stale_objects.list_current", retried)
    assert swept.an_hour_later()["outputs_superseded"] == 1
    assert tags(swept, earlier) == SUPERSEDED
    assert tags(swept, earlier.replace("/1/", "/2/")) == []
    assert column(swept.conn, job.id, "leftovers_seen_at") is None


def test_an_output_that_any_row_names_is_never_tagged(swept: World) -> None:
    job, key = failed_with_output(swept)
    other = swept.finished()
    swept.conn.execute("UPDATE outputs SET key = %s WHERE job_id = %s AND name = '720p'", (key, other.id))

    assert swept.an_hour_later()["outputs_superseded"] == 0
    assert tags(swept, key) == []
    assert column(swept.conn, job.id, "leftovers_seen_at") is not None


def test_an_object_that_came_after_the_end_waits_until_it_is_old(swept: World) -> None:
    _, key = failed_with_output(swept)
    swept.later("1 hour")
    assert swept.run()["outputs_superseded"] == 0
    assert swept.an_hour_later()["outputs_superseded"] == 1
    assert tags(swept, key) == SUPERSEDED


def test_a_job_with_very_many_stale_outputs_takes_several_runs(
    swept: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, key = failed_with_output(swept)
    swept.put(swept.media, *(f"{key}.{number}" for number in range(4)))
    monkeypatch.setattr(stale_objects, "_MOST_TAGS", 2)
    monkeypatch.setattr(sweeping, "_PAGE_ITEMS", 2)

    assert [swept.an_hour_later()["outputs_superseded"] for _ in range(4)] == [2, 2, 1, 0]


def test_a_job_whose_stale_outputs_cannot_be_tagged_holds_up_no_other(
    swept: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    (_, stuck), (_, free) = failed_with_output(swept), failed_with_output(swept)
    tag = swept.s3.put_object_tagging

    def refuse(**arguments: Any) -> Any:
        if arguments["Key"] == stuck:
            raise client_error("AccessDenied")
        return tag(**arguments)

    with monkeypatch.context() as patch:
        patch.setattr(swept.s3, "put_object_tagging", refuse)
        with pytest.raises(MaintenanceError, match="outputs_superseded"):
            swept.an_hour_later()
    assert (tags(swept, stuck), tags(swept, free)) == ([], SUPERSEDED)
    assert swept.an_hour_later()["outputs_superseded"] == 1


def begin_upload(swept: World, bucket: str, key: str) -> None:
    begun = swept.s3.create_multipart_upload(Bucket=bucket, Key=key)
    part = {"Bucket": bucket, "Key": key, "UploadId": begun["UploadId"]}
    swept.s3.upload_part(**part, PartNumber=1, Body=b"part")


def unfinished(swept: World) -> list[str]:
    return [
        item["Key"]
        for bucket in (swept.ingest, swept.media)
        for item in swept.s3.list_multipart_uploads(Bucket=bucket).get("Uploads", [])
    ]


def test_uploads_in_parts_of_ended_jobs_are_aborted_in_both_buckets_and_others_stay(swept: World) -> None:
    waiting = pending_job(swept.conn, source_bucket=swept.ingest)
    given_up = pending_job(swept.conn, source_bucket=swept.ingest)
    running = claimed(swept.conn, queued_job(swept.conn, source_bucket=swept.ingest), task="running")
    _, output = failed_with_output(swept)
    stranger = f"uploads/{uuid4()}/source"
    for key in (waiting.source_key, given_up.source_key, stranger, "dropped.mov"):
        begin_upload(swept, swept.ingest, key)
    for key in (f"{running.output_prefix}720p.mp4", output):
        begin_upload(swept, swept.media, key)
    jobs.cancel(swept.conn, given_up.id)
    swept.later("1 hour")
    before = sorted(unfinished(swept))

    assert swept.run()["uploads_aborted"] == 0  # they are young
    assert sorted(unfinished(swept)) == before
    assert swept.an_hour_later()["uploads_aborted"] == 2
    gone = {given_up.source_key, output}
    assert sorted(unfinished(swept)) == [key for key in before if key not in gone]
    assert swept.an_hour_later()["uploads_aborted"] == 0
