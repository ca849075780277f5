"""Objects of the media bucket that belong to no job, in a real bucket: tagged, and nothing else is."""

from uuid import uuid4

import pytest

from tests.integration.functions.sweep_world import World
from tests.ledger_support import claimed, queued_job
from upkeep import orphans, sweeping

pytestmark = pytest.mark.integration

SUPERSEDED = [{"Key": "attempt", "Value": "superseded"}]


def tagged(swept: World, key: str) -> bool:
    return bool(swept.s3.get_object_tagging(Bucket=swept.media, Key=key)["TagSet"] == SUPERSEDED)


def orphan(swept: World) -> str:
    key = f"videos/{uuid4()}/{uuid4()}/1/720p.mp4"
    swept.put(swept.media, key)
    return key


def a_day_later(swept: World) -> int:
    swept.later("23 hours")
    return swept.an_hour_later()["outputs_without_job"]


def test_an_output_without_any_job_is_tagged_once_it_is_old(swept: World) -> None:
    key = orphan(swept)

    assert swept.run()["outputs_without_job"] == 0
    assert not tagged(swept, key)
    assert swept.an_hour_later()["outputs_without_job"] == 0  # the next scan begins a day after the last one
    assert a_day_later(swept) == 1
    assert tagged(swept, key)


def test_outputs_of_known_jobs_and_what_any_row_names_are_left_alone(swept: World) -> None:
    done, deleted = swept.finished(), swept.finished()
    swept.delete(deleted)
    running = claimed(swept.conn, queued_job(swept.conn, source_bucket=swept.ingest))
    begun = f"{running.output_prefix}720p.mp4"
    named = orphan(swept)
    swept.conn.execute("UPDATE outputs SET key = %s WHERE job_id = %s AND name = '720p'", (named, done.id))
    foreign = ["videos/readme.txt", f"videos/{uuid4()}/poster.jpg", "elsewhere/a.mp4"]
    swept.put(swept.media, begun, *foreign)

    assert swept.an_hour_later()["outputs_without_job"] == 0
    assert not any(tagged(swept, key) for key in swept.versions(swept.media, ""))


def test_a_scan_through_a_large_bucket_takes_several_runs(
    swept: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = [orphan(swept) for _ in range(5)]
    monkeypatch.setattr(orphans, "_MOST_TAGS", 2)
    monkeypatch.setattr(sweeping, "_PAGE_ITEMS", 2)

    assert [swept.an_hour_later()["outputs_without_job"] for _ in range(4)] == [2, 2, 1, 0]
    assert all(tagged(swept, key) for key in keys)
