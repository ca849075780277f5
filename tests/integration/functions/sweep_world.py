"""Buckets, a queue and a ledger for the tests of the sweep, and hands to bring them into trouble."""

import secrets
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from ledger.database.connection import LedgerConnection
from ledger.jobs import jobs, worker
from ledger.models import Claim, Job
from ledger.videos import videos
from tests.function_settings import settings_of
from tests.ledger_support import (
    STACK,
    LedgerDatabase,
    claimed,
    create_object_job,
    new_job,
    new_video,
    output_of,
    source_of,
)
from upkeep.settings import SweepSettings
from upkeep.sweep import sweep
from upkeep.sweeping import Services


def make_buckets(s3: Any, region: str) -> dict[str, str]:
    """Two versioned buckets; every test uses ids and keys of its own."""
    names = {role: f"{role}-{secrets.token_hex(6)}" for role in ("ingest", "media")}
    for name in names.values():
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": region})
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return names


def make_world(
    aws: Any, buckets: dict[str, str], database: LedgerDatabase, conn: LedgerConnection, shared: Path
) -> "World":
    """A sweep on these buckets, with a queue of its own."""
    queue = aws.client("sqs").create_queue(QueueName=f"ingest-{secrets.token_hex(6)}")["QueueUrl"]
    settings = settings_of(
        SweepSettings,
        "sweep",
        ingest_bucket=buckets["ingest"],
        media_bucket=buckets["media"],
        ingest_queue_url=queue,
        shared_dir=str(shared),
        deleted_retention_days=7,
    )
    services = Services(
        settings=settings, keeper=database.keeper(), s3=aws.client("s3"), sqs=aws.client("sqs")
    )
    return World(services, conn, services.s3, buckets["ingest"], buckets["media"])


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
        job = create_object_job(self.conn, new, source_of(key, bucket=self.ingest))
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
        self.conn.execute(
            "UPDATE jobs SET finished_at = finished_at - %(time)s::interval,"
            " leftovers_seen_at = leftovers_seen_at - %(time)s::interval",
            {"time": time},
        )
        self.conn.execute(
            "UPDATE resent_events SET due_at = due_at - %(time)s::interval,"
            " seen_at = seen_at - %(time)s::interval",
            {"time": time},
        )
        self.conn.execute("UPDATE walks SET started_at = started_at - %s::interval", (time,))

    def at_rest(self) -> None:
        """Makes every job look as if it had ended long enough ago for its worker to be gone."""
        self.conn.execute("UPDATE jobs SET finished_at = finished_at - interval '11 minutes'")

    def an_hour_later(self) -> dict[str, int]:
        """Runs as if everything that is there now had been there for an hour."""
        self.later("1 hour")
        clock = lambda: datetime.now(UTC) + timedelta(hours=1)  # noqa: E731
        return sweep(replace(self.services, clock=clock))

    def messages(self) -> list[str]:
        """Takes what waits in the ingest queue."""
        queue, sqs = self.services.settings.ingest_queue_url, self.services.sqs
        bodies = []
        while found := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
            for message in found:
                bodies.append(message["Body"])
                sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return bodies
