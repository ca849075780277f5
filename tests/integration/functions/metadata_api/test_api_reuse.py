"""Orders on bytes that were processed before: completed and announced once, never with what is gone."""

import hashlib
from typing import Any
from uuid import UUID

import pytest

from ledger.announcements import outbox
from ledger.database.connection import LedgerConnection
from ledger.jobs import worker
from ledger.models import Announcement, Claim
from ledger.states import Topic
from ledger.turns import admission
from local.servers.emulator import EmulatorServer
from metadata_api.settings import ApiSettings
from tests.api_client import ApiClient, ParallelCalls
from tests.buckets import make_bucket
from tests.integration.functions.metadata_api.new_jobs import CONTENT, FORM, arrive
from tests.ledger_support import column, count, event_types, output_of

pytestmark = pytest.mark.integration

SHA256 = hashlib.sha256(CONTENT).hexdigest()
ORDER = FORM | {"sha256": SHA256, "deduplicate": True}


@pytest.fixture(scope="session")
def media_bucket(emulator: EmulatorServer) -> str:
    return make_bucket(emulator, "media")


@pytest.fixture
def api_settings(api_settings: ApiSettings, media_bucket: str) -> ApiSettings:
    from dataclasses import replace

    return replace(api_settings, media_bucket=media_bucket)


def create(api: ApiClient, **changes: Any) -> dict[str, Any]:
    answer = api.call("POST", "/jobs", ORDER | changes)
    assert answer.status == 201, answer.text
    created: dict[str, Any] = answer.json
    return created


def process(api: ApiClient, conn: LedgerConnection, aws: Any, **changes: Any) -> dict[str, Any]:
    """A job that was ordered, uploaded and completed, with its objects in the bucket."""
    job: dict[str, Any] = create(api, **changes)["job"]
    arrive(api, conn, job["job_id"])
    claim = worker.claim(
        conn, job_id=UUID(job["job_id"]), attempt=1, execution_arn="arn:e", task_arn=None, task_token="t"
    )
    assert isinstance(claim, Claim)
    worker.record_source(conn, claim, {"container": "mov"}, len(CONTENT))
    outputs = [output_of(claim), output_of(claim, "manifest", key=f"{claim.output_prefix}manifest.json")]
    for output in outputs:
        aws.client("s3").put_object(Bucket=api.settings.media_bucket, Key=output.key, Body=b"x")
    worker.complete(conn, claim, outputs, {}, stack="test", media_bucket=api.settings.media_bucket)
    return dict(api.call("GET", f"/jobs/{job['job_id']}").json)


def announced(conn: LedgerConnection) -> list[str]:
    told: list[str] = []

    def publish(_topic: Topic, announcement: Announcement) -> None:
        told.append(announcement.attributes["job_id"])

    outbox.drain(conn, publish)
    return told


def test_known_bytes_are_answered_with_the_outputs_that_exist(
    api: ApiClient, ledger_conn: LedgerConnection, aws: Any
) -> None:
    first = process(api, ledger_conn, aws)

    created = create(api, metadata={"title": "Again"}, priority=3)

    job = created["job"]
    assert created["upload"] is None
    assert (job["status"], job["reused_job_id"], job["progress_percent"]) == (
        "COMPLETED",
        first["job_id"],
        100,
    )
    assert [(item["name"], item["sha256"]) for item in job["outputs"]] == [
        (item["name"], item["sha256"]) for item in first["outputs"]
    ]
    assert api.call("GET", f"/jobs/{job['job_id']}/download/720p").status == 200
    record = api.call("GET", f"/metadata/{job['video_id']}").json
    assert (record["state"], record["current_job_id"], record["title"]) == (
        "playable",
        job["job_id"],
        "Again",
    )
    assert record["technical"] == {"container": "mov"}
    assert announced(ledger_conn) == [job["job_id"]]
    assert event_types(ledger_conn, UUID(job["job_id"])) == ["job.created", "job.completed"]
    assert admission.admit(ledger_conn, 10) is None


def test_copies_of_a_copy_are_made_too_and_repeats_make_none(
    api: ApiClient, ledger_conn: LedgerConnection, aws: Any
) -> None:
    process(api, ledger_conn, aws)

    ids = [
        api.call("POST", "/jobs", ORDER, headers={"Idempotency-Key": key}).json["job"]["job_id"]
        for key in ("k1", "k1", "k2")
    ]

    assert ids[0] == ids[1] != ids[2]
    assert sorted(announced(ledger_conn)) == sorted({ids[0], ids[2]})


def test_outputs_of_a_profile_that_has_changed_since_do_not_serve(
    api: ApiClient, ledger_conn: LedgerConnection, aws: Any
) -> None:
    process(api, ledger_conn, aws)
    ledger_conn.execute("UPDATE jobs SET profile_version = %s", ("0" * 16,))

    created = create(api)

    assert (created["job"]["status"], created["job"]["reused_job_id"]) == ("PENDING", None)
    assert created["upload"] is not None


@pytest.mark.parametrize(
    "changes", [{"sha256": "b" * 64}, {"profile": "h264-to-hevc"}, {"deduplicate": False}]
)
def test_other_bytes_another_profile_or_no_request_for_it_are_processed(
    api: ApiClient, ledger_conn: LedgerConnection, aws: Any, changes: dict[str, Any]
) -> None:
    process(api, ledger_conn, aws)

    created = create(api, **changes)

    assert (created["job"]["status"], created["job"]["reused_job_id"]) == ("PENDING", None)
    assert created["upload"] is not None


def test_outputs_of_a_deleted_video_or_that_left_the_bucket_are_not_reused(
    api: ApiClient, ledger_conn: LedgerConnection, aws: Any
) -> None:
    first = process(api, ledger_conn, aws)
    assert api.call("DELETE", f"/metadata/{first['video_id']}").status == 204
    assert create(api)["job"]["status"] == "PENDING"

    second = process(api, ledger_conn, aws)
    key = f"{column(ledger_conn, UUID(second['job_id']), 'output_prefix')}manifest.json"
    aws.client("s3").delete_object(Bucket=api.settings.media_bucket, Key=key)
    assert create(api)["job"]["status"] == "PENDING"


def test_two_orders_at_once_on_known_bytes_both_complete_and_on_new_bytes_both_are_processed(
    api: ApiClient, ledger_conn: LedgerConnection, aws: Any, parallel: ParallelCalls
) -> None:
    call = {"method": "POST", "path": "/jobs", "body": ORDER}
    assert {answer.json["job"]["status"] for answer in parallel([call] * 4)} == {"PENDING"}
    first = process(api, ledger_conn, aws)

    answers = parallel([call] * 4)

    made = {answer.json["job"]["job_id"] for answer in answers}
    reused = {answer.json["job"]["reused_job_id"] for answer in answers}
    assert len(made) == 4
    # The newest job on these bytes is reused, and for a call that comes a moment later that is one of these.
    assert first["job_id"] in reused <= {first["job_id"], *made}
    prefixes = {column(ledger_conn, UUID(job_id), "output_prefix") for job_id in (first["job_id"], *made)}
    assert len(prefixes) == 1
    assert count(ledger_conn, "outbox") == 4


def test_a_video_that_is_deleted_at_this_moment_is_not_waited_for_and_not_reused(
    api: ApiClient, ledger_database: Any, ledger_conn: LedgerConnection, aws: Any
) -> None:
    first = process(api, ledger_conn, aws)

    with ledger_database.connect() as other, other.transaction():
        other.execute("UPDATE videos SET deleted_at = now() WHERE id = %s", (first["video_id"],))
        assert create(api)["job"]["status"] == "PENDING"


def test_without_a_digest_nothing_can_be_recognised(api: ApiClient) -> None:
    answer = api.call("POST", "/jobs", FORM | {"deduplicate": True})

    assert (answer.status, answer.json["errors"][0]["field"]) == (400, "deduplicate")


def test_a_large_file_that_is_known_opens_no_upload_in_parts(
    api: ApiClient, ledger_conn: LedgerConnection, aws: Any
) -> None:
    process(api, ledger_conn, aws)

    created = create(api, upload="multipart")

    assert created["job"]["status"] == "COMPLETED"
    assert column(ledger_conn, UUID(created["job"]["job_id"]), "upload_id") is None


def test_outputs_of_other_overrides_are_not_the_answer(
    api: ApiClient, ledger_conn: LedgerConnection, aws: Any
) -> None:
    first = process(api, ledger_conn, aws, max_height=360)

    assert create(api)["job"]["reused_job_id"] is None
    assert create(api, max_height=480)["job"]["reused_job_id"] is None
    assert create(api, max_height=360)["job"]["reused_job_id"] == first["job_id"]


def test_what_was_made_of_a_damaged_file_is_no_answer_to_who_would_refuse_it(
    api: ApiClient, ledger_conn: LedgerConnection, aws: Any
) -> None:
    first = process(api, ledger_conn, aws, damage="keep")

    assert create(api)["job"]["reused_job_id"] is None
    assert create(api, damage="refuse")["job"]["reused_job_id"] is None
    assert create(api, damage="keep")["job"]["reused_job_id"] == first["job_id"]
