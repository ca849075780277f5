"""The sweep against real buckets and a real ledger: what goes, what stays, and what a broken run leaves."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from ledger.errors import PurgeBegunError
from ledger.jobs import reuse
from ledger.models import ArchivedSource
from ledger.turns import restores
from ledger.videos import deletion
from runtime.steps import MaintenanceError
from tests.integration.functions.sweep_world import World
from tests.ledger_support import (
    SHA256,
    STACK,
    claimed,
    column,
    count,
    event_types,
    new_job,
    new_video,
    pending_job,
    queued_job,
)
from upkeep import sweep as sweep_module

pytestmark = pytest.mark.integration


def test_with_nothing_to_do_it_does_nothing_and_says_so_in_metrics(
    swept: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "sweep")

    assert swept.run()["videos_purged"] == 0

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    assert lines[0]["VideosPurged"] == [0]
    assert (lines[0]["stack"], lines[0]["service"]) == (STACK, "sweep")


def test_after_the_configured_time_every_version_of_source_and_outputs_is_gone(swept: World) -> None:
    job, other = swept.finished(), swept.finished()
    swept.put(swept.media, f"videos/{job.video_id}/{job.id}/1/late.mp4", versions=2)
    swept.delete(job)

    swept.later("6 days")
    assert swept.run()["videos_purged"] == 0
    assert len(swept.versions(swept.ingest, job.source_key)) == 2
    swept.later("1 day")
    assert swept.run()["videos_purged"] == 1

    assert swept.versions(swept.ingest, job.source_key) == []
    assert swept.versions(swept.media, f"videos/{job.video_id}/") == []
    assert len(swept.versions(swept.ingest, other.source_key)) == 2
    assert len(swept.versions(swept.media, f"videos/{other.video_id}/")) == 2
    assert swept.run()["videos_purged"] == 0


def test_originals_in_the_archive_go_like_all_others_and_so_does_the_note_of_their_restore(
    swept: World,
) -> None:
    job = swept.finished()
    swept.s3.put_object(Bucket=swept.ingest, Key=job.source_key, Body=b"old", StorageClass="DEEP_ARCHIVE")
    source = ArchivedSource(bucket=swept.ingest, key=job.source_key, version_id="v1")
    restores.note(swept.conn, source, datetime.now(UTC))
    swept.delete(job)
    swept.later("7 days")

    assert swept.run()["videos_purged"] == 1

    assert swept.versions(swept.ingest, job.source_key) == []
    assert count(swept.conn, "restores") == 0


def test_a_video_that_was_taken_back_stays_and_one_whose_purge_has_begun_cannot_be(swept: World) -> None:
    back, gone = swept.finished(), swept.finished()
    for job in (back, gone):
        swept.delete(job)
    swept.later("7 days")
    assert deletion.take_back(swept.conn, back.video_id)

    assert swept.run()["videos_purged"] == 1

    assert len(swept.versions(swept.ingest, back.source_key)) == 2
    assert len(swept.versions(swept.media, f"videos/{back.video_id}/")) == 2
    with pytest.raises(PurgeBegunError):
        deletion.take_back(swept.conn, gone.video_id)


def test_a_video_that_is_taken_back_while_the_sweep_is_about_to_purge_it_loses_nothing(
    swept: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = swept.finished()
    swept.delete(job)
    swept.later("7 days")
    found = deletion.due(swept.conn, 7, limit=1)
    assert deletion.take_back(swept.conn, job.video_id)
    monkeypatch.setattr(deletion, "due", lambda *_args, **_values: found)

    assert swept.run()["videos_purged"] == 0
    assert len(swept.versions(swept.ingest, job.source_key)) == 2


def test_texts_go_and_the_audit_trail_stays(swept: World) -> None:
    job = swept.finished(filename="secret-name.mov", declared_sha256=SHA256)
    swept.conn.execute(
        "UPDATE videos SET title = 'Secret', description = 'Secret', attributes = '{\"a\": \"Secret\"}'"
    )
    swept.delete(job, purge=True)
    swept.later("11 minutes")

    assert swept.run()["videos_purged"] == 1

    assert event_types(swept.conn, job.id)[-3:] == ["job.completed", "video.deleted", "video.purged"]
    assert count(swept.conn, "outputs") == 0
    for query in (
        "SELECT to_jsonb(videos)::text FROM videos",
        "SELECT to_jsonb(jobs)::text FROM jobs",
        "SELECT to_jsonb(outbox)::text FROM outbox",
    ):
        rows = swept.conn.execute(query).fetchall()
        assert not [row for row in rows if "ecret" in row[0] or SHA256 in row[0]]
    assert column(swept.conn, job.id, "status") == "COMPLETED"


def test_a_video_whose_worker_may_still_upload_waits_even_when_it_is_to_go_at_once(swept: World) -> None:
    job = queued_job(swept.conn, source_bucket=swept.ingest)
    claim = claimed(swept.conn, job)
    swept.delete(job, purge=True)

    assert swept.run()["videos_purged"] == 0
    swept.put(swept.media, f"{claim.output_prefix}720p.mp4")  # its worker has not yet heard of it
    swept.later("11 minutes")

    assert swept.run()["videos_purged"] == 1
    assert swept.versions(swept.media, f"videos/{job.video_id}/") == []


def test_an_announcement_that_is_still_to_be_delivered_holds_the_purge_up(swept: World) -> None:
    job = swept.finished()
    swept.delete(job, purge=True)
    swept.conn.execute(
        "INSERT INTO outbox (event_id, job_id, topic, announcement)"
        " VALUES (gen_random_uuid(), %s, 'completion', '{}')",
        (job.id,),
    )
    swept.later("11 minutes")

    assert swept.run()["videos_purged"] == 0
    swept.conn.execute("UPDATE outbox SET delivered_at = now()")
    assert swept.run()["videos_purged"] == 1


@pytest.mark.parametrize("first", ["made", "borrowed"])
def test_shared_outputs_and_sources_go_with_the_last_video_that_names_them(swept: World, first: str) -> None:
    made = swept.finished(declared_sha256=SHA256, profile_version="v1")
    new = new_job(new_video(swept.conn), declared_sha256=SHA256)
    with swept.conn.transaction():
        known = reuse.find(swept.conn, SHA256, "web", "v1")
        assert known is not None
        reuse.create_completed_job(swept.conn, new, known, stack=STACK)
    borrower = replace(made, id=new.id, video_id=new.video_id)
    order = [made, borrower] if first == "made" else [borrower, made]

    for job, left in zip(order, (2, 0), strict=True):
        swept.delete(job, purge=True)
        swept.later("11 minutes")
        assert swept.run()["videos_purged"] == 1
        assert len(swept.versions(swept.media, f"videos/{made.video_id}/")) == left
        assert len(swept.versions(swept.ingest, made.source_key)) == left


def test_a_key_that_was_dropped_again_keeps_its_object(swept: World) -> None:
    key = f"dropped/{uuid4()}.mov"
    first, second = swept.finished(source_key=key), swept.finished(source_key=key)
    neighbour = f"{key}.bak"
    swept.put(swept.ingest, neighbour)
    swept.delete(first, purge=True)
    swept.at_rest()
    swept.run()
    assert len(swept.versions(swept.ingest, key)) == 5

    swept.delete(second, purge=True)
    swept.at_rest()
    swept.run()
    assert swept.versions(swept.ingest, key) == [neighbour]


def test_what_was_dropped_since_the_deletion_stays_though_its_event_is_yet_to_come(swept: World) -> None:
    key = f"dropped/{uuid4()}.mov"
    job = swept.finished(source_key=key)
    swept.delete(job, purge=True)
    swept.later("11 minutes")  # all that is in the bucket came after that

    assert swept.run()["videos_purged"] == 1

    assert len(swept.versions(swept.ingest, key)) == 2
    assert swept.versions(swept.media, f"videos/{job.video_id}/") == []


def test_a_run_that_breaks_off_is_finished_by_the_next(swept: World, monkeypatch: pytest.MonkeyPatch) -> None:
    job = swept.finished()
    swept.delete(job, purge=True)
    swept.later("11 minutes")

    monkeypatch.setattr(sweep_module, "_MOST_PAGES", 1)
    assert swept.run()["videos_purged"] == 0
    assert swept.versions(swept.ingest, job.source_key) == []
    assert len(swept.versions(swept.media, f"videos/{job.video_id}/")) == 2
    monkeypatch.setattr(sweep_module, "_MOST_PAGES", 2)
    assert swept.run()["videos_purged"] == 1


def test_a_refused_deletion_is_told_and_holds_up_no_other_video(
    swept: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck, free = swept.finished(), swept.finished()
    for job in (stuck, free):
        swept.delete(job, purge=True)
    swept.later("11 minutes")
    delete = swept.s3.delete_objects

    def refuse(**arguments: Any) -> Any:
        if stuck.source_key in {item["Key"] for item in arguments["Delete"]["Objects"]}:
            return {"Errors": [{"Key": stuck.source_key, "Code": "AccessDenied"}]}
        return delete(**arguments)

    with monkeypatch.context() as patch:
        patch.setattr(swept.s3, "delete_objects", refuse)
        with pytest.raises(MaintenanceError, match="videos_purged"):
            swept.run()

    purged = swept.conn.execute("SELECT id FROM videos WHERE purged_at IS NOT NULL").fetchall()
    assert purged == [(free.video_id,)]
    assert swept.run()["videos_purged"] == 1


def test_a_video_that_is_not_deleted_is_never_touched(swept: World) -> None:
    job = swept.finished()
    waiting = pending_job(swept.conn, source_bucket=swept.ingest)
    swept.later("400 days")

    assert swept.run()["videos_purged"] == 0
    assert len(swept.versions(swept.media, f"videos/{job.video_id}/")) == 2
    assert UUID(column(swept.conn, waiting.id, "id")) == waiting.id
