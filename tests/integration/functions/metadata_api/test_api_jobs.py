"""Ordering jobs: what may be ordered, what is stored, and who has to wait."""

import base64
import hashlib
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest

from ledger.database.connection import LedgerConnection
from metadata_api.api import Application
from metadata_api.environment.resources import Resources
from tests.api_client import ApiClient, ParallelCalls
from tests.integration.functions.conftest import MAX_UPLOAD_BYTES
from tests.integration.functions.metadata_api.new_jobs import CONTENT, FORM, arrive, create, upload

pytestmark = pytest.mark.integration


def test_an_ordered_upload_stores_exactly_the_announced_file(api: ApiClient) -> None:
    created = create(api, sha256=hashlib.sha256(CONTENT).hexdigest())
    ticket = created["upload"]

    assert created["job"]["status"] == "PENDING"
    assert created["job"]["profile"] == "web"
    assert upload(ticket, CONTENT[:-1], {"Content-Length": str(len(CONTENT) - 1)}) == 403
    assert upload(ticket, CONTENT + b"!", {"Content-Length": str(len(CONTENT) + 1)}) == 403
    assert upload(ticket, headers={"Content-Type": "text/html"}) == 403
    assert upload(ticket) == 200
    signed = parse_qs(urlsplit(ticket["url"]).query)
    assert signed["X-Amz-SignedHeaders"] == ["content-length;content-type;host;x-amz-checksum-sha256"]
    assert (
        ticket["headers"]["x-amz-checksum-sha256"]
        == base64.b64encode(hashlib.sha256(CONTENT).digest()).decode()
    )


def test_an_upload_form_makes_a_record_titled_like_the_file(api: ApiClient) -> None:
    plain = create(api)["job"]
    described = create(api, metadata={"title": "Holiday", "tags": ["sea"], "attributes": {"a": 1}})["job"]

    first = api.call("GET", f"/metadata/{plain['video_id']}").json
    second = api.call("GET", f"/metadata/{described['video_id']}").json

    assert (first["title"], first["latest_job"], first["latest_job_id"]) == (
        "holiday.mov",
        "PENDING",
        plain["job_id"],
    )
    assert (second["title"], second["tags"], second["attributes"]) == ("Holiday", ["sea"], {"a": 1})


def test_a_job_can_be_ordered_for_an_existing_record(api: ApiClient) -> None:
    video_id = api.call("POST", "/metadata", {"title": "First the record"}).json["video_id"]

    job = create(api, video_id=video_id)["job"]

    assert job["video_id"] == video_id
    assert api.call("GET", f"/metadata/{video_id}").json["latest_job_id"] == job["job_id"]


def test_a_job_for_an_unknown_record_is_refused_whole(api: ApiClient) -> None:
    answer = api.call("POST", "/jobs", FORM | {"video_id": str(uuid4())})

    assert (answer.status, answer.json["code"]) == (404, "VIDEO_NOT_FOUND")
    assert api.call("GET", "/jobs").json["items"] == []


def test_an_empty_file_may_be_ordered_and_uploaded(api: ApiClient) -> None:
    assert upload(create(api, size_bytes=0)["upload"], b"") == 200


def test_the_largest_file_is_taken_and_one_byte_more_is_not(api: ApiClient) -> None:
    assert create(api, size_bytes=MAX_UPLOAD_BYTES)["upload"]["headers"]["Content-Length"] == str(
        MAX_UPLOAD_BYTES
    )

    answer = api.call("POST", "/jobs", FORM | {"size_bytes": MAX_UPLOAD_BYTES + 1})

    assert (answer.status, answer.json["code"]) == (413, "UPLOAD_TOO_LARGE")


def test_an_object_in_the_ingest_bucket_is_processed_at_once(api: ApiClient, aws: Any) -> None:
    aws.client("s3").put_object(Bucket=api.settings.ingest_bucket, Key="drop/fähre.mp4", Body=CONTENT)
    source = {"bucket": api.settings.ingest_bucket, "key": "drop/fähre.mp4"}

    answer = api.call("POST", "/jobs", {"source": source, "profile": "web"})

    assert answer.status == 201
    job = answer.json["job"]
    assert (job["status"], job["filename"], job["size_bytes"]) == ("QUEUED", "fähre.mp4", len(CONTENT))
    assert answer.json["upload"] is None
    executions = aws.client("stepfunctions").list_executions(stateMachineArn=api.settings.state_machine_arn)
    started = [execution["name"] for execution in executions["executions"]]
    assert started.count(f"{job['job_id']}-1") == 1


@pytest.mark.parametrize(
    ("bucket", "key", "code", "field"),
    [
        ("someone-elses", "drop/a.mp4", "SOURCE_NOT_ALLOWED", "source.bucket"),
        (None, "drop/missing.mp4", "SOURCE_NOT_FOUND", "source.key"),
    ],
)
def test_a_source_must_be_allowed_and_there(
    api: ApiClient, bucket: str | None, key: str, code: str, field: str
) -> None:
    answer = api.call(
        "POST", "/jobs", {"source": {"bucket": bucket or api.settings.ingest_bucket, "key": key}}
    )

    assert (answer.status, answer.json["code"]) == (400, code)
    assert answer.json["errors"][0]["field"] == field


def test_a_source_beyond_the_limit_is_refused(api: ApiClient, aws: Any) -> None:
    aws.client("s3").put_object(
        Bucket=api.settings.ingest_bucket, Key="big.mp4", Body=bytes(MAX_UPLOAD_BYTES + 1)
    )

    answer = api.call("POST", "/jobs", {"source": {"bucket": api.settings.ingest_bucket, "key": "big.mp4"}})

    assert (answer.status, answer.json["code"]) == (413, "UPLOAD_TOO_LARGE")


def test_a_repeated_order_makes_one_job_with_a_fresh_link(
    api: ApiClient, ledger_conn: LedgerConnection
) -> None:
    headers = {"Idempotency-Key": "order-1"}
    first = api.call("POST", "/jobs", FORM, headers=headers).json
    second = api.call("POST", "/jobs", FORM, headers=headers)
    arrive(api, ledger_conn, first["job"]["job_id"])
    third = api.call("POST", "/jobs", FORM, headers=headers)

    assert (second.status, third.status) == (201, 201)
    assert second.json["job"] == first["job"]
    assert upload(second.json["upload"]) == 200
    assert (third.json["job"]["job_id"], third.json["upload"]) == (first["job"]["job_id"], None)
    assert len(api.call("GET", "/metadata").json["items"]) == 1


def test_parallel_orders_with_one_key_make_one_job(api: ApiClient, parallel: ParallelCalls) -> None:
    call = {"method": "POST", "path": "/jobs", "body": FORM, "headers": {"Idempotency-Key": "order-1"}}

    answers = parallel([call] * 6)

    assert {answer.status for answer in answers} == {201}
    assert len({answer.json["job"]["job_id"] for answer in answers}) == 1
    assert len(api.call("GET", "/jobs").json["items"]) == 1


@pytest.mark.parametrize(
    ("profile", "declared", "sent"),
    [
        ("image", "image/png", "image/png"),
        ("web", "video/webm;codecs=vp8,opus", "video/webm;codecs=vp8,opus"),
        ("web", 'video/mp4; codecs="avc1.42E01E, mp4a.40.2" ', 'video/mp4; codecs="avc1.42E01E, mp4a.40.2"'),
        ("web", "", "application/octet-stream"),
        ("web", "image/png", "image/png"),
        ("image", "video/mp4", "video/mp4"),
        ("audio", "text/plain", "text/plain"),
    ],
)
def test_what_an_upload_is_declared_as_is_a_hint_that_its_ticket_repeats(
    api: ApiClient, profile: str, declared: str, sent: str
) -> None:
    answer = api.call("POST", "/jobs", FORM | {"profile": profile, "content_type": declared})

    assert answer.status == 201, answer.text
    assert answer.json["upload"]["headers"]["Content-Type"] == sent


def test_jobs_beyond_the_slots_wait_in_the_order_of_their_priority(
    api: ApiClient, ledger_conn: LedgerConnection, aws: Any
) -> None:
    settings = replace(api.settings, max_running_jobs=1)
    api = ApiClient(Application(Resources(settings)), settings)
    aws.client("s3").put_object(Bucket=settings.ingest_bucket, Key="shared.mov", Body=CONTENT)
    body = {"source": {"bucket": settings.ingest_bucket, "key": "shared.mov"}}

    running = api.call("POST", "/jobs", body).json["job"]
    plain = api.call("POST", "/jobs", body).json["job"]
    urgent = api.call("POST", "/jobs", body | {"priority": 9}).json["job"]

    def places() -> list[int | None]:
        found = [api.call("GET", f"/jobs/{job['job_id']}").json for job in (running, urgent, plain)]
        return [job["queue_position"] for job in found]

    assert (running["priority"], urgent["priority"]) == (5, 9)
    assert places() == [None, 1, 2]
    assert api.call("POST", f"/jobs/{running['job_id']}/cancel").status == 200
    assert places() == [None, None, 1]


@pytest.mark.parametrize("priority", [-1, 10, 5.5, "5", None, True])
def test_a_priority_out_of_range_is_refused(api: ApiClient, priority: Any) -> None:
    answer = api.call("POST", "/jobs", FORM | {"priority": priority})

    assert (answer.status, answer.json["errors"][0]["field"]) == (400, "priority")


def test_a_key_with_too_many_jobs_that_have_not_begun_is_asked_to_wait(
    api: ApiClient, ledger_conn: LedgerConnection
) -> None:
    settings = replace(api.settings, max_waiting_jobs=2)
    api = ApiClient(Application(Resources(settings)), settings)
    first = api.call("POST", "/jobs", FORM, headers={"Idempotency-Key": "k1"}).json["job"]["job_id"]

    batch = api.call("POST", "/batches", {"jobs": [FORM, FORM]})
    create(api)
    full = api.call("POST", "/jobs", FORM, headers={"Idempotency-Key": "k2"})

    assert (batch.status, full.status, full.json["code"]) == (429, 429, "QUEUE_FULL")
    assert int(full.headers["Retry-After"]) > 0
    again = api.call("POST", "/jobs", FORM, headers={"Idempotency-Key": "k1"})
    assert (again.status, again.json["job"]["job_id"]) == (201, first)
    assert create(replace(api, api_key_id="key-2"))
    assert api.call("POST", f"/jobs/{first}/cancel").status == 200
    assert api.call("POST", "/jobs", FORM, headers={"Idempotency-Key": "k2"}).status == 201
