"""Many jobs in one call: all or none, once, and summed up."""

from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from ledger.database.connection import LedgerConnection
from ledger.jobs import jobs
from tests.api_client import ApiClient, ParallelCalls
from tests.ledger_support import count

pytestmark = pytest.mark.integration

CONTENT = b"not really a video"
FORM = {"filename": "a.mp4", "size_bytes": len(CONTENT), "content_type": "video/mp4"}


def forms(number: int) -> dict[str, Any]:
    return {"jobs": [FORM | {"filename": f"{position}.mp4"} for position in range(number)]}


def create(api: ApiClient, body: dict[str, Any], **headers: str) -> dict[str, Any]:
    answer = api.call("POST", "/batches", body, headers=headers)
    assert answer.status == 201, answer.text
    assert answer.headers["Location"] == f"/batches/{answer.json['batch_id']}"
    created: dict[str, Any] = answer.json
    return created


def test_a_hundred_jobs_are_made_in_one_call_in_their_create(api: ApiClient) -> None:
    created = create(api, forms(100))

    assert [item["job"]["filename"] for item in created["items"]] == [f"{n}.mp4" for n in range(100)]
    ticket = created["items"][99]["upload"]
    assert httpx.put(ticket["url"], content=CONTENT, headers=ticket["headers"]).status_code == 200
    assert len({item["job"]["video_id"] for item in created["items"]}) == 100
    refused = api.call("POST", "/batches", forms(101))
    assert (refused.status, refused.json["errors"][0]["field"]) == (400, "jobs")


@pytest.mark.parametrize(
    ("wrong", "code", "field"),
    [
        ({"size_bytes": -1}, "VALIDATION_FAILED", "jobs.1.size_bytes"),
        ({"profile": "none-such"}, "VALIDATION_FAILED", "jobs.1.profile"),
        ({"unknown": 1}, "VALIDATION_FAILED", "jobs.1.unknown"),
    ],
)
def test_one_wrong_order_refuses_the_batch_and_is_named(
    api: ApiClient, ledger_conn: LedgerConnection, wrong: dict[str, Any], code: str, field: str
) -> None:
    answer = api.call("POST", "/batches", {"jobs": [FORM, FORM | wrong]})

    assert (answer.status, answer.json["code"]) == (400, code)
    assert answer.json["errors"][0]["field"] == field
    assert (count(ledger_conn, "jobs"), count(ledger_conn, "batches")) == (0, 0)


def test_what_only_the_ledger_knows_to_be_wrong_undoes_the_whole_batch(
    api: ApiClient, ledger_conn: LedgerConnection
) -> None:
    answer = api.call("POST", "/batches", {"jobs": [FORM, FORM | {"video_id": str(uuid4())}]})

    assert (answer.status, answer.json["code"]) == (404, "VIDEO_NOT_FOUND")
    assert answer.json["detail"].startswith("jobs.1: ")
    counted = {table: count(ledger_conn, table) for table in ("videos", "jobs", "batches", "events")}
    assert set(counted.values()) == {0}


def test_sources_in_the_bucket_start_at_once_and_large_files_get_their_links_later(
    api: ApiClient, aws: Any
) -> None:
    bucket = api.settings.ingest_bucket
    aws.client("s3").put_object(Bucket=bucket, Key="drop/b.mp4", Body=CONTENT)
    source = {"source": {"bucket": bucket, "key": "drop/b.mp4"}}

    first, second = create(api, {"jobs": [source, FORM | {"upload": "multipart"}]})["items"]

    assert (first["job"]["status"], first["upload"]) == ("QUEUED", None)
    machine = api.settings.state_machine_arn
    executions = aws.client("stepfunctions").list_executions(stateMachineArn=machine)["executions"]
    assert f"{first['job']['job_id']}-1" in [execution["name"] for execution in executions]
    assert second["upload"]["parts"] == []
    assert api.call("GET", second["upload"]["parts_path"]).json["missing"] == 1


def test_a_repeated_batch_is_the_same_batch(
    api: ApiClient, ledger_conn: LedgerConnection, parallel: ParallelCalls
) -> None:
    call = {"method": "POST", "path": "/batches", "body": forms(3), "headers": {"Idempotency-Key": "once"}}

    answers = parallel([call] * 4)

    assert [answer.status for answer in answers] == [201] * 4
    assert len({answer.json["batch_id"] for answer in answers}) == 1
    ids = {tuple(item["job"]["job_id"] for item in answer.json["items"]) for answer in answers}
    assert len(ids) == 1
    assert (count(ledger_conn, "jobs"), count(ledger_conn, "batches")) == (3, 1)
    other = api.call("POST", "/batches", forms(2), headers={"Idempotency-Key": "once"})
    assert (other.status, other.json["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")


def test_the_summary_counts_jobs_by_status_until_all_have_ended(
    api: ApiClient, ledger_conn: LedgerConnection
) -> None:
    created = create(api, forms(3))
    ids = [item["job"]["job_id"] for item in created["items"]]
    jobs.cancel(ledger_conn, UUID(ids[0]))

    half = api.call("GET", f"/batches/{created['batch_id']}").json
    for job_id in ids[1:]:
        jobs.cancel(ledger_conn, UUID(job_id))
    whole = api.call("GET", f"/batches/{created['batch_id']}").json

    assert (half["total"], half["settled"]) == (3, False)
    assert (half["by_status"]["PENDING"], half["by_status"]["CANCELLED"]) == (2, 1)
    assert [job["job_id"] for job in half["jobs"]] == ids
    assert (whole["settled"], whole["by_status"]["CANCELLED"]) == (True, 3)


def test_two_batches_on_the_same_records_do_not_block_each_other(
    api: ApiClient, parallel: ParallelCalls
) -> None:
    videos = [api.call("POST", "/metadata", {"title": "t"}).json["video_id"] for _ in range(5)]
    there = {"jobs": [FORM | {"video_id": video_id} for video_id in videos]}
    back = {"jobs": there["jobs"][::-1]}

    answers = parallel([{"method": "POST", "path": "/batches", "body": body} for body in (there, back) * 2])

    assert [answer.status for answer in answers] == [201] * 4


@pytest.mark.parametrize("batch_id", ["6f0b5f5e-9a4e-4f6d-8d1f-7c119c0c5a3b", "nonsense"])
def test_an_unknown_batch_is_not_found(api: ApiClient, batch_id: str) -> None:
    answer = api.call("GET", f"/batches/{batch_id}")

    assert (answer.status, answer.json["code"]) == (404, "BATCH_NOT_FOUND")
