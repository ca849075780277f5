"""Files whose event got lost, in real buckets: the sweep tells it again and the job happens once."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from ledger.jobs import jobs
from ledger.jobs.arrivals import ASSET_PREFIX
from orchestration.ingest import Services as IngestServices
from orchestration.ingest import take_batch
from orchestration.settings import IngestSettings
from runtime.dispatch import Workflow
from runtime.steps import MaintenanceError
from tests.integration.functions.sweep_world import World
from tests.ledger_support import (
    MACHINE_ARN,
    FakeStepFunctions,
    column,
    count,
    pending_job,
)
from upkeep import lost_events, sweeping

pytestmark = pytest.mark.integration


def ingest(swept: World, bodies: list[str]) -> None:
    """Takes messages as the deployed function does, against the same bucket and ledger."""
    executions = FakeStepFunctions()
    values = {name: getattr(swept.services.settings, name) for name in IngestSettings.__dataclass_fields__
              if hasattr(swept.services.settings, name)}  # fmt: skip
    settings = IngestSettings(
        **values,
        state_machine_arn=MACHINE_ARN,
        max_running_jobs=100,
        max_upload_bytes=10_000,
        client_prefixes=(),
    )
    workflow = Workflow(
        client=lambda: executions,  # type: ignore[arg-type,return-value]
        state_machine_arn=MACHINE_ARN,
        max_running_jobs=100,
    )
    services = IngestServices(
        settings=settings, keeper=swept.services.keeper, s3=swept.services.s3, workflow=workflow
    )
    records = [{"messageId": str(number), "body": body} for number, body in enumerate(bodies)]
    assert take_batch(records, services) == {"batchItemFailures": []}


def test_a_lost_event_of_a_dropped_file_leads_to_exactly_one_job(swept: World) -> None:
    swept.put(swept.ingest, "dropped/holiday film+1.mov", versions=2)

    assert swept.an_hour_later()["events_resent"] == 1
    told = swept.messages()
    ingest(swept, told * 3)
    assert count(swept.conn, "jobs") == 1
    assert swept.conn.execute("SELECT status, source_key FROM jobs").fetchone() == (
        "QUEUED",
        "dropped/holiday film+1.mov",
    )

    assert swept.an_hour_later()["events_resent"] == 0
    assert swept.messages() == []


def test_an_event_that_was_only_late_finds_the_job_that_was_made_instead(swept: World) -> None:
    key = "late.mov"
    swept.put(swept.ingest, key)
    version = swept.s3.head_object(Bucket=swept.ingest, Key=key)
    swept.an_hour_later()
    ingest(swept, swept.messages())

    object_told = {
        "key": key,
        "version-id": version["VersionId"],
        "etag": version["ETag"],
        "sequencer": "0060",
    }
    told = {"bucket": {"name": swept.ingest}, "object": object_told}
    ingest(swept, [json.dumps({"detail-type": "Object Created", "detail": told})])

    assert count(swept.conn, "jobs") == 1


@pytest.mark.parametrize("end", [None, "cancelled"])
def test_a_lost_event_of_an_upload_reaches_its_job_even_when_that_has_ended(
    swept: World, end: str | None
) -> None:
    job = pending_job(swept.conn, source_bucket=swept.ingest)
    swept.put(swept.ingest, job.source_key)
    if end:
        jobs.cancel(swept.conn, job.id)

    assert swept.an_hour_later()["events_resent"] == 1
    ingest(swept, swept.messages())

    assert count(swept.conn, "jobs") == 1
    assert column(swept.conn, job.id, "status") == ("CANCELLED" if end else "QUEUED")
    assert column(swept.conn, job.id, "uploaded_at") is not None  # so that it can be retried
    assert swept.an_hour_later()["events_resent"] == 0


def test_young_files_files_with_a_job_and_what_is_no_source_are_left_alone(swept: World) -> None:
    swept.finished()
    known = swept.finished(source_key="dropped/known.mov")
    version = swept.s3.head_object(Bucket=swept.ingest, Key=known.source_key)["VersionId"]
    swept.conn.execute("UPDATE jobs SET source_version_id = %s WHERE id = %s", (version, known.id))
    stranger = f"uploads/{uuid4()}/source"
    swept.put(swept.ingest, f"{ASSET_PREFIX}logo.png", "folder/", stranger)
    assert swept.an_hour_later()["events_resent"] == 0
    assert swept.versions(swept.ingest, stranger) == [stranger]

    swept.put(swept.ingest, "young.mov")
    swept.later("1 hour")
    assert swept.run()["events_resent"] == 0
    assert swept.messages() == []


def test_a_scan_goes_on_where_the_last_run_stopped_and_the_next_one_waits(
    swept: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"drop-{number}.mov" for number in range(5)]
    swept.put(swept.ingest, *names, versions=2)
    monkeypatch.setattr(lost_events, "_MOST_PAGES", 1)
    monkeypatch.setattr(sweeping, "_PAGE_ITEMS", 4)

    swept.services = replace(swept.services, clock=lambda: datetime.now(UTC) + timedelta(hours=1))

    assert [swept.run()["events_resent"] for _ in range(3)] == [2, 2, 1]
    assert sorted(json.loads(body)["detail"]["object"]["key"] for body in swept.messages()) == names
    assert swept.run()["events_resent"] == 0  # not due yet
    swept.later("1 hour")
    assert swept.run()["events_resent"] == 2


def test_a_queue_that_refuses_is_told_and_asked_again(swept: World, monkeypatch: pytest.MonkeyPatch) -> None:
    swept.put(swept.ingest, "refused.mov")
    refusal = {"Failed": [{"Id": "0", "Code": "KMS.AccessDeniedException"}]}
    with monkeypatch.context() as patch:
        patch.setattr(swept.services.sqs, "send_message_batch", lambda **_: refusal)
        with pytest.raises(MaintenanceError, match="events_resent"):
            swept.an_hour_later()

    assert swept.an_hour_later()["events_resent"] == 1
