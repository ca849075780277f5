"""The sweep against real buckets and a real ledger: what goes, what stays, and what a broken run leaves."""

import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID, uuid4

import boto3
import pytest

from ledger import jobs, reuse, videos, worker
from ledger.connection import LedgerConnection
from ledger.models import Claim, Job
from local.servers.emulator import EmulatorServer
from metadata_api import sweep as sweep_module
from metadata_api.settings import SweepSettings
from metadata_api.steps import MaintenanceError
from metadata_api.sweep import Services, sweep
from tests.ledger_support import (
    SHA256,
    STACK,
    LedgerDatabase,
    claimed,
    column,
    count,
    event_types,
    new_job,
    new_video,
    output_of,
    pending_job,
    queued_job,
    source_of,
)

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def buckets(emulator: EmulatorServer, account: boto3.session.Session) -> dict[str, str]:
    """Two versioned buckets; every test uses ids and keys of its own."""
    s3 = account.client("s3", endpoint_url=emulator.url)
    names = {role: f"{role}-{secrets.token_hex(6)}" for role in ("ingest", "media")}
    for name in names.values():
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": emulator.region})
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return names


@dataclass
class World:
    services: Services
    conn: LedgerConnection
    s3: Any
    ingest: str
    media: str

    def run(self) -> dict[str, int]:
        return sweep(self.services)

    def put(self, bucket: str, *keys: str, versions: int = 1) -> None:
        for key in keys:
            for number in range(versions):
                self.s3.put_object(Bucket=bucket, Key=key, Body=str(number).encode())

    def versions(self, bucket: str, prefix: str) -> list[str]:
        page = self.s3.list_object_versions(Bucket=bucket, Prefix=prefix)
        return sorted(item["Key"] for item in (*page.get("Versions", []), *page.get("DeleteMarkers", [])))

    def finished(self, **changes: Any) -> Job:
        """A completed job whose source has two versions and whose outputs are in the bucket."""
        job_id = uuid4()
        key = changes.pop("source_key", f"uploads/{job_id}/source")
        new = new_job(new_video(self.conn), id=job_id, source_bucket=self.ingest, source_key=key, **changes)
        job = jobs.create_object_job(self.conn, new, source_of(key, bucket=self.ingest))
        self.complete(claimed(self.conn, job, task=str(job_id)))
        self.put(self.ingest, key, versions=2)
        return job

    def complete(self, claim: Claim) -> None:
        outputs = [output_of(claim), output_of(claim, "manifest", key=f"{claim.output_prefix}manifest.json")]
        self.put(self.media, *(item.key for item in outputs))
        worker.complete(self.conn, claim, outputs, {}, stack=STACK, media_bucket=self.media)

    def delete(self, job: Job, *, purge: bool = False) -> None:
        self.conn.execute("UPDATE outbox SET delivered_at = now()")
        with self.conn.transaction():
            for row in self.conn.execute(
                "SELECT id FROM jobs WHERE video_id = %s AND finished_at IS NULL", (job.video_id,)
            ).fetchall():
                jobs.cancel(self.conn, row[0])
            videos.mark_deleted(self.conn, job.video_id, purge_at_once=purge)

    def later(self, time: str) -> None:
        """Makes everything look as if it had happened so much earlier."""
        self.conn.execute(
            "UPDATE videos SET deleted_at = deleted_at - %(time)s::interval,"
            " purge_after = purge_after - %(time)s::interval",
            {"time": time},
        )
        self.conn.execute("UPDATE jobs SET finished_at = finished_at - %s::interval", (time,))


@pytest.fixture
def world(
    aws: Any, buckets: dict[str, str], ledger_database: LedgerDatabase, ledger_conn: LedgerConnection
) -> Iterator[World]:
    settings = SweepSettings(
        stack=STACK,
        powertools_service_name="sweep",
        powertools_log_level="INFO",
        database_host="h",
        database_port=1,
        database_name="n",
        database_secret_arn="a",
        ingest_bucket=buckets["ingest"],
        media_bucket=buckets["media"],
        deleted_retention_days=7,
    )
    services = Services(settings=settings, keeper=ledger_database.keeper(), s3=aws.client("s3"))
    yield World(services, ledger_conn, services.s3, buckets["ingest"], buckets["media"])
    services.keeper.close()


def test_with_nothing_to_do_it_does_nothing_and_says_so_in_metrics(
    world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "sweep")

    assert world.run()["videos_purged"] == 0

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    assert lines[0]["VideosPurged"] == [0]
    assert (lines[0]["stack"], lines[0]["service"]) == (STACK, "sweep")


def test_after_the_configured_time_every_version_of_source_and_outputs_is_gone(world: World) -> None:
    job, other = world.finished(), world.finished()
    world.put(world.media, f"videos/{job.video_id}/{job.id}/1/late.mp4", versions=2)
    world.delete(job)

    world.later("6 days")
    assert world.run()["videos_purged"] == 0
    assert len(world.versions(world.ingest, job.source_key)) == 2
    world.later("1 day")
    assert world.run()["videos_purged"] == 1

    assert world.versions(world.ingest, job.source_key) == []
    assert world.versions(world.media, f"videos/{job.video_id}/") == []
    assert len(world.versions(world.ingest, other.source_key)) == 2
    assert len(world.versions(world.media, f"videos/{other.video_id}/")) == 2
    assert world.run()["videos_purged"] == 0


def test_texts_go_and_the_audit_trail_stays(world: World) -> None:
    job = world.finished(filename="secret-name.mov", declared_sha256=SHA256)
    world.conn.execute(
        "UPDATE videos SET title = 'Secret', description = 'Secret', attributes = '{\"a\": \"Secret\"}'"
    )
    world.delete(job, purge=True)
    world.later("11 minutes")

    assert world.run()["videos_purged"] == 1

    assert event_types(world.conn, job.id)[-3:] == ["job.completed", "video.deleted", "video.purged"]
    assert count(world.conn, "outputs") == 0
    for query in (
        "SELECT to_jsonb(videos)::text FROM videos",
        "SELECT to_jsonb(jobs)::text FROM jobs",
        "SELECT to_jsonb(outbox)::text FROM outbox",
    ):
        rows = world.conn.execute(query).fetchall()
        assert not [row for row in rows if "ecret" in row[0] or SHA256 in row[0]]
    assert column(world.conn, job.id, "status") == "COMPLETED"


def test_a_video_whose_worker_may_still_upload_waits_even_when_it_is_to_go_at_once(world: World) -> None:
    job = queued_job(world.conn, source_bucket=world.ingest)
    claim = claimed(world.conn, job)
    world.delete(job, purge=True)

    assert world.run()["videos_purged"] == 0
    world.put(world.media, f"{claim.output_prefix}720p.mp4")  # its worker has not yet heard of it
    world.later("11 minutes")

    assert world.run()["videos_purged"] == 1
    assert world.versions(world.media, f"videos/{job.video_id}/") == []


def test_an_announcement_that_is_still_to_be_delivered_holds_the_purge_up(world: World) -> None:
    job = world.finished()
    world.delete(job, purge=True)
    world.conn.execute(
        "INSERT INTO outbox (event_id, job_id, topic, announcement)"
        " VALUES (gen_random_uuid(), %s, 'completion', '{}')",
        (job.id,),
    )
    world.later("11 minutes")

    assert world.run()["videos_purged"] == 0
    world.conn.execute("UPDATE outbox SET delivered_at = now()")
    assert world.run()["videos_purged"] == 1


@pytest.mark.parametrize("first", ["made", "borrowed"])
def test_shared_outputs_and_sources_go_with_the_last_video_that_names_them(world: World, first: str) -> None:
    made = world.finished(declared_sha256=SHA256)
    new = new_job(new_video(world.conn), declared_sha256=SHA256)
    with world.conn.transaction():
        known = reuse.find(world.conn, SHA256, "web")
        assert known is not None
        reuse.create_completed_job(world.conn, new, known, stack=STACK)
    borrower = replace(made, id=new.id, video_id=new.video_id)
    order = [made, borrower] if first == "made" else [borrower, made]

    for job, left in zip(order, (2, 0), strict=True):
        world.delete(job, purge=True)
        world.later("11 minutes")
        assert world.run()["videos_purged"] == 1
        assert len(world.versions(world.media, f"videos/{made.video_id}/")) == left
        assert len(world.versions(world.ingest, made.source_key)) == left


def test_a_key_that_was_dropped_again_keeps_its_object(world: World) -> None:
    key = f"dropped/{uuid4()}.mov"
    first, second = world.finished(source_key=key), world.finished(source_key=key)
    neighbour = f"{key}.bak"
    world.put(world.ingest, neighbour)
    world.delete(first, purge=True)
    world.later("11 minutes")
    world.run()
    assert len(world.versions(world.ingest, key)) == 5

    world.delete(second, purge=True)
    world.later("11 minutes")
    world.run()
    assert world.versions(world.ingest, key) == [neighbour]


def test_a_run_that_breaks_off_is_finished_by_the_next(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    job = world.finished()
    world.delete(job, purge=True)
    world.later("11 minutes")

    monkeypatch.setattr(sweep_module, "_MOST_PAGES", 1)
    assert world.run()["videos_purged"] == 0
    assert world.versions(world.ingest, job.source_key) == []
    assert len(world.versions(world.media, f"videos/{job.video_id}/")) == 2
    monkeypatch.setattr(sweep_module, "_MOST_PAGES", 2)
    assert world.run()["videos_purged"] == 1


def test_a_refused_deletion_is_told_and_holds_up_no_other_video(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck, free = world.finished(), world.finished()
    for job in (stuck, free):
        world.delete(job, purge=True)
    world.later("11 minutes")
    delete = world.s3.delete_objects

    def refuse(**arguments: Any) -> Any:
        if stuck.source_key in {item["Key"] for item in arguments["Delete"]["Objects"]}:
            return {"Errors": [{"Key": stuck.source_key, "Code": "AccessDenied"}]}
        return delete(**arguments)

    with monkeypatch.context() as patch:
        patch.setattr(world.s3, "delete_objects", refuse)
        with pytest.raises(MaintenanceError, match="videos_purged"):
            world.run()

    purged = world.conn.execute("SELECT id FROM videos WHERE purged_at IS NOT NULL").fetchall()
    assert purged == [(free.video_id,)]
    assert world.run()["videos_purged"] == 1


def test_a_video_that_is_not_deleted_is_never_touched(world: World) -> None:
    job = world.finished()
    waiting = pending_job(world.conn, source_bucket=world.ingest)
    world.later("400 days")

    assert world.run()["videos_purged"] == 0
    assert len(world.versions(world.media, f"videos/{job.video_id}/")) == 2
    assert UUID(column(world.conn, waiting.id, "id")) == waiting.id
