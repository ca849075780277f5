"""Originals in the archive: refused with what to do, asked for, waited for, and begun when they are there."""

import json
import time
from typing import Any
from uuid import UUID, uuid4

import pytest

from ledger.database.connection import LedgerConnection
from ledger.jobs import jobs
from ledger.turns import admission
from orchestration.ingest import Services as IngestServices
from orchestration.ingest import take_batch
from orchestration.settings import IngestSettings
from runtime.dispatch import Workflow
from tests.api_client import ApiClient
from tests.function_settings import settings_of
from tests.integration.functions.metadata_api.new_jobs import create
from tests.ledger_support import LedgerDatabase, column, event_types

pytestmark = pytest.mark.integration

FILM = b"film" * 100


@pytest.fixture
def ingest_bucket(aws: Any) -> str:
    """A bucket with versions, as the deployed one has them."""
    name, region = f"archive-{uuid4().hex[:12]}", aws.session.Session().region_name
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": region})
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return name


def store(api: ApiClient, aws: Any, key: str = "old/film.mov", storage_class: str = "DEEP_ARCHIVE") -> str:
    """What the lifecycle leaves of an original; gives its version."""
    put = aws.client("s3").put_object(
        Bucket=api.settings.ingest_bucket, Key=key, Body=FILM, StorageClass=storage_class
    )
    return str(put["VersionId"])


def order(api: ApiClient, key: str = "old/film.mov", **more: Any) -> Any:
    return api.call("POST", "/jobs", {"source": {"bucket": api.settings.ingest_bucket, "key": key}} | more)


def archived_job(api: ApiClient, aws: Any, conn: LedgerConnection) -> dict[str, Any]:
    """A cancelled job whose original went into the archive since."""
    store(api, aws, storage_class="STANDARD")
    job: dict[str, Any] = order(api).json["job"]
    jobs.cancel(conn, UUID(job["job_id"]))
    version = store(api, aws)
    conn.execute("UPDATE jobs SET source_version_id = %s WHERE id = %s", (version, job["job_id"]))
    return job


def restored(api: ApiClient, aws: Any, database: LedgerDatabase, key: str = "old/film.mov") -> None:
    """Waits for the emulator's restore and tells of it as EventBridge does."""
    bucket, s3 = api.settings.ingest_bucket, aws.client("s3")
    while 'ongoing-request="false"' not in s3.head_object(Bucket=bucket, Key=key).get("Restore", ""):
        time.sleep(0.2)
    event = {
        "source": "aws.s3",
        "detail-type": "Object Restore Completed",
        "detail": {"bucket": {"name": bucket}, "object": {"key": key}},
    }
    settings = settings_of(
        IngestSettings,
        "ingest",
        ingest_bucket=bucket,
        state_machine_arn=api.settings.state_machine_arn,
        max_running_jobs=100,
        client_prefixes=(),
        max_upload_bytes=10_000,
    )
    workflow = Workflow(
        client=lambda: aws.client("stepfunctions"),
        state_machine_arn=api.settings.state_machine_arn,
        max_running_jobs=100,
    )
    services = IngestServices(settings=settings, keeper=database.keeper(), s3=s3, workflow=workflow)
    assert take_batch([{"messageId": "1", "body": json.dumps(event)}], services) == {"batchItemFailures": []}
    services.keeper.close()


def test_without_a_restore_order_retry_and_download_are_refused_with_what_to_do(
    api: ApiClient, ledger_conn: LedgerConnection, aws: Any
) -> None:
    job = archived_job(api, aws, ledger_conn)

    answers = [
        order(api),
        api.call(
            "POST",
            "/batches",
            {"jobs": [{"source": {"bucket": api.settings.ingest_bucket, "key": "old/film.mov"}}]},
        ),
        api.call("POST", f"/jobs/{job['job_id']}/retry"),
        api.call("GET", f"/jobs/{job['job_id']}/download/original"),
    ]

    for answer in answers:
        assert (answer.status, answer.json["code"]) == (409, "SOURCE_ARCHIVED"), answer.text
        assert f"POST /metadata/{job['video_id']}/restore?job_id={job['job_id']}" in answer.json["detail"]
        assert "DEEP_ARCHIVE" in answer.json["detail"]
    assert len(api.call("GET", "/jobs").json["items"]) == 1


def test_what_no_video_was_made_of_is_to_be_restored_in_s3(api: ApiClient, aws: Any) -> None:
    store(api, aws, "stray.mov")

    answer = order(api, "stray.mov")

    assert answer.json["code"] == "SOURCE_ARCHIVED"
    assert "restore it in S3 itself" in answer.json["detail"]


def test_orders_and_retries_made_during_a_restore_wait_for_it_and_then_begin(
    api: ApiClient, ledger_conn: LedgerConnection, ledger_database: LedgerDatabase, aws: Any
) -> None:
    job = archived_job(api, aws, ledger_conn)
    asked = api.call("POST", f"/metadata/{job['video_id']}/restore")

    retried = api.call("POST", f"/jobs/{job['job_id']}/retry").json
    ordered = order(api).json["job"]
    download = api.call("GET", f"/jobs/{job['job_id']}/download/original")

    assert (asked.status, asked.json["status"], asked.json["job_id"]) == (202, "RESTORING", job["job_id"])
    for waiting in (retried, ordered):
        assert (waiting["status"], waiting["queue_position"]) == ("QUEUED", None)
        assert waiting["waiting_reason"] == "waiting_for_restore"
        assert waiting["waiting_until"] == asked.json["expected_at"]
    assert (download.status, download.json["code"]) == (409, "SOURCE_ARCHIVED")
    assert asked.json["expected_at"] in download.json["detail"]
    assert admission.admit(ledger_conn, 100) is None

    restored(api, aws, ledger_database)

    for begun in (job, ordered):
        view = api.call("GET", f"/jobs/{begun['job_id']}").json
        assert (view["waiting_reason"], view["waiting_until"]) == (None, None)
        assert column(ledger_conn, UUID(begun["job_id"]), "execution_arn") is not None
        types = event_types(ledger_conn, UUID(begun["job_id"]))
        assert types[types.index("job.restoring") :] == [
            "job.restoring",
            "job.restored",
            "job.dispatched",
        ]
    assert api.call("GET", f"/jobs/{job['job_id']}/download/original").status == 200
    again = api.call("POST", f"/metadata/{job['video_id']}/restore")
    assert (again.status, again.json["status"], again.json["expected_at"]) == (200, "READABLE", None)
    assert again.json["readable_until"] is not None


def test_a_job_that_waits_for_its_original_can_be_cancelled_and_never_begins(
    api: ApiClient, ledger_conn: LedgerConnection, ledger_database: LedgerDatabase, aws: Any
) -> None:
    job = archived_job(api, aws, ledger_conn)
    api.call("POST", f"/metadata/{job['video_id']}/restore")
    api.call("POST", f"/jobs/{job['job_id']}/retry")

    cancelled = api.call("POST", f"/jobs/{job['job_id']}/cancel").json

    assert (cancelled["status"], cancelled["waiting_reason"]) == ("CANCELLED", None)
    restored(api, aws, ledger_database)
    assert column(ledger_conn, UUID(job["job_id"]), "status") == "CANCELLED"


def test_a_job_on_a_copy_begins_at_once_and_knows_when_the_copy_ends(
    api: ApiClient, ledger_conn: LedgerConnection, ledger_database: LedgerDatabase, aws: Any
) -> None:
    job = archived_job(api, aws, ledger_conn)
    api.call("POST", f"/metadata/{job['video_id']}/restore", query={"job_id": job["job_id"]})
    restored(api, aws, ledger_database)

    ordered = order(api).json["job"]

    assert ordered["waiting_reason"] is None
    assert column(ledger_conn, UUID(ordered["job_id"]), "execution_arn") is not None
    assert column(ledger_conn, UUID(ordered["job_id"]), "source_readable_until") is not None


def test_what_is_not_archived_can_be_read_and_what_is_not_there_cannot_be_asked_for(
    api: ApiClient, ledger_conn: LedgerConnection, aws: Any
) -> None:
    store(api, aws, "young.mov", storage_class="GLACIER_IR")
    young = order(api, "young.mov").json["job"]
    empty = create(api)["job"]
    path = f"/metadata/{young['video_id']}/restore"

    answer = api.call("POST", path)

    assert (answer.status, answer.json["status"], answer.json["storage_class"]) == (
        200,
        "READABLE",
        "GLACIER_IR",
    )
    assert (answer.json["expected_at"], answer.json["readable_until"]) == (None, None)
    for wrong, query, code in (
        (f"/metadata/{uuid4()}/restore", {}, "VIDEO_NOT_FOUND"),
        (path, {"job_id": empty["job_id"]}, "JOB_NOT_FOUND"),
        (f"/metadata/{empty['video_id']}/restore", {}, "SOURCE_NOT_UPLOADED"),
    ):
        assert api.call("POST", wrong, query=query).json["code"] == code
    aws.client("s3").delete_object(Bucket=api.settings.ingest_bucket, Key="young.mov")
    ledger_conn.execute("UPDATE jobs SET source_version_id = 'gone' WHERE id = %s", (young["job_id"],))
    assert api.call("POST", path).json["code"] == "SOURCE_NOT_UPLOADED"


def test_a_watermark_in_the_archive_is_to_be_stored_again(api: ApiClient, aws: Any) -> None:
    bucket = api.settings.ingest_bucket
    store(api, aws, "new.mov", storage_class="STANDARD")
    store(api, aws, "assets/logo.png")
    watermark = {"source": {"bucket": bucket, "key": "assets/logo.png"}, "position": "center"}

    answer = order(api, "new.mov", watermark=watermark)

    assert (answer.status, answer.json["code"]) == (409, "SOURCE_ARCHIVED"), answer.text
    assert "watermark" in answer.json["detail"]
