import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4

import httpx
import pytest
import redis

from ledger import jobs, settlement, worker
from ledger.connection import LedgerConnection
from ledger.models import Claim, Failure, OutputRecord, SourceObject
from ledger.states import ErrorCode
from local.servers.redis import RedisServer
from metadata_api.api import Application
from metadata_api.resources import Resources
from tests.api_client import ApiClient, ParallelCalls
from tests.integration.metadata_api.conftest import MAX_UPLOAD_BYTES

pytestmark = pytest.mark.integration

CONTENT = b"not really a video" * 10
FORM = {"filename": "holiday.mov", "size_bytes": len(CONTENT), "content_type": "video/quicktime"}


def order(api: ApiClient, **changes: Any) -> dict[str, Any]:
    answer = api.call("POST", "/jobs", FORM | changes)
    assert answer.status == 201, answer.text
    created: dict[str, Any] = answer.json
    return created


def upload(
    ticket: dict[str, Any], content: bytes = CONTENT, headers: Mapping[str, str] = MappingProxyType({})
) -> int:
    return httpx.put(ticket["url"], content=content, headers={**ticket["headers"], **headers}).status_code


def arrive(api: ApiClient, conn: LedgerConnection, job_id: str) -> None:
    from ledger.arrivals import mark_uploaded

    source = SourceObject(
        bucket=api.settings.ingest_bucket,
        key=f"uploads/{job_id}/source",
        size_bytes=len(CONTENT),
        etag="abc",
        sequencer="01",
    )
    mark_uploaded(conn, UUID(job_id), source)


def start(conn: LedgerConnection, job_id: str) -> Claim:
    taken = worker.claim(
        conn, job_id=UUID(job_id), attempt=1, execution_arn="arn:execution", task_arn=None, task_token="token"
    )
    assert isinstance(taken, Claim)
    return taken


def finish(conn: LedgerConnection, taken: Claim) -> None:
    def output(name: str, file: str, **facts: Any) -> OutputRecord:
        return OutputRecord(
            name=name,
            kind="rendition",
            key=taken.output_prefix + file,
            content_type="video/mp4",
            size_bytes=10,
            sha256="0" * 64,
            **facts,
        )

    outputs = [
        output("480p", "480p.mp4", width=854, height=480, codec="avc1.64001f", bitrate_kbps=900),
        output("720p", "720p.mp4", width=1280, height=720),
        output("720p.m3u8", "720p.m3u8"),
        output("hls", "master.m3u8"),
    ]
    worker.complete(conn, taken, outputs, {"encoding": 2.5}, stack="test", media_bucket="media-test")


def test_an_ordered_upload_stores_exactly_the_announced_file(api: ApiClient) -> None:
    created = order(api, sha256=hashlib.sha256(CONTENT).hexdigest())
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
    plain = order(api)["job"]
    described = order(api, metadata={"title": "Holiday", "tags": ["sea"], "attributes": {"a": 1}})["job"]

    first = api.call("GET", f"/metadata/{plain['video_id']}").json
    second = api.call("GET", f"/metadata/{described['video_id']}").json

    assert (first["title"], first["state"], first["latest_job_id"]) == (
        "holiday.mov",
        "PENDING",
        plain["job_id"],
    )
    assert (second["title"], second["tags"], second["attributes"]) == ("Holiday", ["sea"], {"a": 1})


def test_a_job_can_be_ordered_for_an_existing_record(api: ApiClient) -> None:
    video_id = api.call("POST", "/metadata", {"title": "First the record"}).json["video_id"]

    job = order(api, video_id=video_id)["job"]

    assert job["video_id"] == video_id
    assert api.call("GET", f"/metadata/{video_id}").json["latest_job_id"] == job["job_id"]


def test_a_job_for_an_unknown_record_is_refused_whole(api: ApiClient) -> None:
    answer = api.call("POST", "/jobs", FORM | {"video_id": str(uuid4())})

    assert (answer.status, answer.json["code"]) == (404, "VIDEO_NOT_FOUND")
    assert api.call("GET", "/jobs").json["items"] == []


def test_an_empty_file_may_be_ordered_and_uploaded(api: ApiClient) -> None:
    assert upload(order(api, size_bytes=0)["upload"], b"") == 200


def test_the_largest_file_is_taken_and_one_byte_more_is_not(api: ApiClient) -> None:
    assert order(api, size_bytes=MAX_UPLOAD_BYTES)["upload"]["headers"]["Content-Length"] == str(
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


def test_a_running_job_shows_what_its_worker_reports(
    api: ApiClient, ledger_conn: LedgerConnection, redis_server: RedisServer
) -> None:
    job_id = order(api)["job"]["job_id"]
    arrive(api, ledger_conn, job_id)
    taken = start(ledger_conn, job_id)
    worker.heartbeat(ledger_conn, taken, "downloading")
    before = api.call("GET", f"/jobs/{job_id}").json
    report(redis_server, job_id, fence=taken.fence, percent=41.26)
    during = api.call("GET", f"/jobs/{job_id}").json
    report(redis_server, job_id, fence=taken.fence + 1, percent=99.0)
    superseded = api.call("GET", f"/jobs/{job_id}").json

    assert (before["status"], before["stage"], before["progress_percent"]) == (
        "PROCESSING",
        "downloading",
        None,
    )
    assert (during["stage"], during["progress_percent"], during["fps"], during["eta_seconds"]) == (
        "encoding",
        41.3,
        88.5,
        12.0,
    )
    assert (superseded["stage"], superseded["progress_percent"]) == ("downloading", None)


def test_an_unreadable_report_is_left_out(
    api: ApiClient, ledger_conn: LedgerConnection, redis_server: RedisServer
) -> None:
    job_id = order(api)["job"]["job_id"]
    arrive(api, ledger_conn, job_id)
    start(ledger_conn, job_id)
    client(redis_server).set(f"job:{job_id}:progress", "not json")

    answer = api.call("GET", f"/jobs/{job_id}")

    assert (answer.status, answer.json["progress_percent"]) == (200, None)


def test_a_completed_job_lists_its_outputs_and_links_to_them(
    api: ApiClient, ledger_conn: LedgerConnection
) -> None:
    job_id = order(api)["job"]["job_id"]
    arrive(api, ledger_conn, job_id)
    finish(ledger_conn, start(ledger_conn, job_id))

    job = api.call("GET", f"/jobs/{job_id}").json
    link = api.call("GET", job["outputs"][0]["download"])
    playlist = api.call("GET", f"/jobs/{job_id}/download/720p.m3u8").json
    original = api.call("GET", f"/jobs/{job_id}/download/original").json
    record = api.call("GET", f"/metadata/{job['video_id']}").json

    assert (job["status"], job["progress_percent"], job["stage_seconds"]) == (
        "COMPLETED",
        100.0,
        {"encoding": 2.5},
    )
    assert [output["name"] for output in job["outputs"]] == ["720p", "480p", "720p.m3u8", "hls"]
    assert link.status == 200
    assert link.json["filename"] == "holiday-720p.mp4"
    assert "X-Amz-Expires=3600" in link.json["download_url"]
    assert playlist["filename"] == "holiday-720p.m3u8"
    assert original["filename"] == "holiday.mov"
    assert (record["state"], record["current_job_id"]) == ("COMPLETED", job_id)


def test_the_link_to_the_original_returns_the_uploaded_bytes(
    api: ApiClient, ledger_conn: LedgerConnection
) -> None:
    created = order(api, filename='a"b;\\../ü.mp4')
    upload(created["upload"])
    arrive(api, ledger_conn, created["job"]["job_id"])

    link = api.call("GET", f"/jobs/{created['job']['job_id']}/download/original").json
    file = httpx.get(link["download_url"])

    assert file.content == CONTENT
    assert link["filename"] == 'a"b;\\../ü.mp4'
    assert 'attachment; filename="a_b__.._' in file.headers["Content-Disposition"]


def test_downloads_before_their_time_conflict_and_unknown_ones_are_not_found(
    api: ApiClient, ledger_conn: LedgerConnection
) -> None:
    waiting = order(api)["job"]["job_id"]
    done = order(api)["job"]["job_id"]
    arrive(api, ledger_conn, done)
    finish(ledger_conn, start(ledger_conn, done))

    def code(path: str) -> tuple[int, str]:
        answer = api.call("GET", path)
        return answer.status, answer.json["code"]

    assert code(f"/jobs/{waiting}/download/original") == (409, "SOURCE_NOT_UPLOADED")
    assert code(f"/jobs/{waiting}/download/720p") == (409, "JOB_NOT_COMPLETED")
    assert code(f"/jobs/{done}/download/1080p") == (404, "OUTPUT_NOT_FOUND")
    assert code(f"/jobs/{uuid4()}/download/original") == (404, "JOB_NOT_FOUND")
    assert code(f"/jobs/{uuid4()}/download/720p") == (404, "JOB_NOT_FOUND")
    assert code(f"/jobs/{done}/download/..%2f..%2fsecret") == (404, "OUTPUT_NOT_FOUND")


def test_a_failed_job_says_why_and_what_to_do(api: ApiClient, ledger_conn: LedgerConnection) -> None:
    job_id = order(api)["job"]["job_id"]
    arrive(api, ledger_conn, job_id)
    start(ledger_conn, job_id)
    failure = Failure(
        code=ErrorCode.INPUT_TRUNCATED, message="The file ends early.", remedy="Upload it again."
    )
    settlement.fail(ledger_conn, UUID(job_id), 1, failure, stack="test")

    job = api.call("GET", f"/jobs/{job_id}").json

    assert job["status"] == "FAILED"
    assert job["error"] == {
        "code": "INPUT_TRUNCATED",
        "message": "The file ends early.",
        "remedy": "Upload it again.",
    }


def test_the_history_of_a_job_is_paged_oldest_first(api: ApiClient, ledger_conn: LedgerConnection) -> None:
    job_id = order(api)["job"]["job_id"]
    arrive(api, ledger_conn, job_id)
    finish(ledger_conn, start(ledger_conn, job_id))
    types, cursor = [], None

    while True:
        query = {"limit": "1"} | ({"cursor": cursor} if cursor else {})
        page = api.call("GET", f"/jobs/{job_id}/events", query=query).json
        types += [item["type"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break

    assert types[0] == "job.created"
    assert types[-1] == "job.completed"
    assert len(types) == len(set(types)) >= 4
    assert api.call("GET", f"/jobs/{uuid4()}/events").status == 404


def test_jobs_are_listed_newest_first_and_filtered(api: ApiClient, ledger_conn: LedgerConnection) -> None:
    ids = [order(api)["job"]["job_id"] for _ in range(3)]
    jobs.cancel(ledger_conn, UUID(ids[0]))
    video_id = api.call("GET", f"/jobs/{ids[1]}").json["video_id"]

    def listed(**query: str) -> list[str]:
        return [item["job_id"] for item in api.call("GET", "/jobs", query=query).json["items"]]

    assert listed() == ids[::-1]
    assert listed(status="CANCELLED") == [ids[0]]
    assert listed(video_id=video_id) == [ids[1]]
    first = api.call("GET", "/jobs", query={"limit": "2"}).json
    assert listed(limit="2", cursor=first["next_cursor"]) == [ids[0]]
    assert api.call("GET", "/jobs", query={"status": "done"}).status == 400


def report(server: RedisServer, job_id: str, *, fence: int, percent: float) -> None:
    told = {"fence": fence, "stage": "encoding", "percent": percent, "fps": 88.5, "eta_seconds": 12.0}
    client(server).set(f"job:{job_id}:progress", json.dumps(told))


def client(server: RedisServer) -> "redis.Redis":
    return redis.Redis(
        host=server.host,
        port=server.port,
        password=server.auth_token,
        ssl=True,
        ssl_ca_certs=str(server.ca_path),
    )


@pytest.mark.parametrize(
    ("profile", "content_type", "status"),
    [
        ("image", "image/png", 201),
        ("audio", "audio/mpeg", 201),
        ("web", "image/png", 400),
        ("web", "audio/mpeg", 400),
        ("image", "image/svg+xml", 400),
        ("image", "video/mp4", 400),
    ],
)
def test_an_upload_declared_as_something_the_profile_cannot_take_is_refused_before_it_is_made(
    api: ApiClient, profile: str, content_type: str, status: int
) -> None:
    answer = api.call("POST", "/jobs", FORM | {"profile": profile, "content_type": content_type})

    assert answer.status == status, answer.text
    if status == 400:
        assert answer.json["errors"][0]["field"] == "content_type"


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
    order(api)
    full = api.call("POST", "/jobs", FORM, headers={"Idempotency-Key": "k2"})

    assert (batch.status, full.status, full.json["code"]) == (429, 429, "QUEUE_FULL")
    assert int(full.headers["Retry-After"]) > 0
    again = api.call("POST", "/jobs", FORM, headers={"Idempotency-Key": "k1"})
    assert (again.status, again.json["job"]["job_id"]) == (201, first)
    assert order(replace(api, api_key_id="key-2"))
    assert api.call("POST", f"/jobs/{first}/cancel").status == 200
    assert api.call("POST", "/jobs", FORM, headers={"Idempotency-Key": "k2"}).status == 201
