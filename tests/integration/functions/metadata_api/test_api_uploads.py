"""Uploads in parts, against an S3 that checks signatures, sizes and ETags."""

from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from ledger.database.connection import LedgerConnection
from ledger.jobs import jobs, settlement
from ledger.jobs.arrivals import mark_uploaded
from ledger.models import Job, SourceObject
from metadata_api.api import Application
from metadata_api.environment.resources import Resources
from tests.api_client import ApiClient
from tests.ledger_support import STACK

pytestmark = pytest.mark.integration

MIB = 1024 * 1024
CONTENT = bytes(range(256)) * (16 * 4096) + b"the last part"
FORM = {"filename": "a.mp4", "size_bytes": len(CONTENT), "content_type": "video/mp4"}


@pytest.fixture
def roomy(api: ApiClient) -> ApiClient:
    """Takes files of any size."""
    settings = replace(api.settings, max_upload_bytes=100 * 1024 * MIB)
    return ApiClient(Application(Resources(settings)), settings)


def create(api: ApiClient, **changes: Any) -> dict[str, Any]:
    answer = api.call("POST", "/jobs", FORM | {"upload": "multipart"} | changes)
    assert answer.status == 201, answer.text
    created: dict[str, Any] = answer.json
    return created


def piece(ticket: dict[str, Any], part: dict[str, Any]) -> bytes:
    start = (part["part_number"] - 1) * ticket["part_size_bytes"]
    return CONTENT[start : start + part["size_bytes"]]


def send(ticket: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    answer = httpx.put(part["url"], content=piece(ticket, part), timeout=60)
    assert answer.status_code == 200, answer.text
    return {"part_number": part["part_number"], "etag": answer.headers["ETag"]}


def test_a_file_sent_in_parts_becomes_one_object(roomy: ApiClient, aws: Any) -> None:
    created = create(roomy)
    ticket = created["upload"]
    assert (ticket["method"], len(ticket["parts"])) == ("MULTIPART", 2)

    sent = [send(ticket, part) for part in reversed(ticket["parts"])]
    answer = roomy.call("POST", ticket["complete_path"], {"parts": sent})

    assert (answer.status, answer.json["status"]) == (200, "PENDING")
    key = f"uploads/{created['job']['job_id']}/source"
    stored = aws.client("s3").get_object(Bucket=roomy.settings.ingest_bucket, Key=key)
    assert (stored["Body"].read() == CONTENT, stored["ContentType"]) == (True, "video/mp4")


def test_an_upload_goes_on_where_it_was_interrupted(roomy: ApiClient) -> None:
    ticket = create(roomy)["upload"]
    first = send(ticket, ticket["parts"][0])

    early = roomy.call("POST", ticket["complete_path"], {"parts": [first]})
    state = roomy.call("GET", ticket["parts_path"]).json

    assert (early.status, early.json["code"]) == (409, "UPLOAD_INCOMPLETE")
    assert ": 2;" in early.json["detail"]
    assert state["missing"] == 1
    assert state["parts"][0]["etag"] == first["etag"].strip('"')
    assert state["parts"][0]["url"] is None
    second = send(ticket, state["parts"][1])
    assert roomy.call("POST", ticket["complete_path"], {"parts": [first, second]}).status == 200


def test_a_part_link_takes_exactly_its_size(roomy: ApiClient) -> None:
    ticket = create(roomy)["upload"]
    last = ticket["parts"][-1]

    assert httpx.put(last["url"], content=piece(ticket, last) + b"!", timeout=60).status_code == 403
    assert roomy.call("GET", ticket["parts_path"]).json["missing"] == 2


def test_completing_with_a_foreign_etag_or_a_part_too_many_is_refused(roomy: ApiClient) -> None:
    ticket = create(roomy)["upload"]
    sent = [send(ticket, part) for part in ticket["parts"]]

    wrong = [sent[0], {"part_number": 2, "etag": "0" * 32}]
    more = [*sent, {"part_number": 3, "etag": "0" * 32}]

    for parts in (wrong, more):
        answer = roomy.call("POST", ticket["complete_path"], {"parts": parts})
        assert (answer.status, answer.json["code"]) == (409, "UPLOAD_INCOMPLETE")
    twice = roomy.call("POST", ticket["complete_path"], {"parts": [sent[0], sent[0]]})
    assert (twice.status, twice.json["errors"][0]["field"]) == (400, "parts")


def test_the_longest_list_of_parts_is_read(roomy: ApiClient) -> None:
    parts = [{"part_number": number, "etag": '"' + "a" * 126 + '"'} for number in range(1, 10_001)]

    answer = roomy.call("POST", f"/jobs/{uuid4()}/upload/complete", {"parts": parts})

    assert answer.json["code"] == "JOB_NOT_FOUND"


def test_completing_again_changes_nothing(roomy: ApiClient, ledger_conn: LedgerConnection, aws: Any) -> None:
    created = create(roomy)
    ticket, job_id = created["upload"], created["job"]["job_id"]
    body = {"parts": [send(ticket, part) for part in ticket["parts"]]}
    assert roomy.call("POST", ticket["complete_path"], body).status == 200
    before_the_event = roomy.call("POST", ticket["complete_path"], body)
    key = f"uploads/{job_id}/source"
    head = aws.client("s3").head_object(Bucket=roomy.settings.ingest_bucket, Key=key)
    source = SourceObject(
        bucket=roomy.settings.ingest_bucket,
        key=key,
        size_bytes=head["ContentLength"],
        etag=head["ETag"],
        sequencer="1",
    )
    mark_uploaded(ledger_conn, UUID(job_id), source)

    after_the_event = roomy.call("POST", ticket["complete_path"], body)

    assert (before_the_event.status, before_the_event.json["status"]) == (200, "PENDING")
    assert (after_the_event.status, after_the_event.json["status"]) == (200, "QUEUED")


@pytest.mark.parametrize("path", ["upload/abort", "cancel"])
def test_giving_up_throws_the_parts_away_and_cancels_the_job(roomy: ApiClient, aws: Any, path: str) -> None:
    created = create(roomy)
    ticket, job_id = created["upload"], created["job"]["job_id"]
    sent = send(ticket, ticket["parts"][-1])

    answers = [roomy.call("POST", f"/jobs/{job_id}/{path}") for _ in range(2)]

    assert [(answer.status, answer.json["status"]) for answer in answers] == [(200, "CANCELLED")] * 2
    key = f"uploads/{job_id}/source"
    listed = aws.client("s3").list_multipart_uploads(Bucket=roomy.settings.ingest_bucket)
    assert key not in [item["Key"] for item in listed.get("Uploads", [])]
    late = roomy.call("POST", ticket["complete_path"], {"parts": [sent]})
    assert (late.status, late.json["code"]) == (409, "UPLOAD_NOT_OPEN")
    assert roomy.call("GET", ticket["parts_path"]).json["code"] == "UPLOAD_NOT_OPEN"


def test_giving_up_an_upload_that_expires_at_that_moment_is_told_as_such(
    roomy: ApiClient, ledger_conn: LedgerConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = create(roomy)["job"]["job_id"]

    def cancel_too_late(conn: LedgerConnection, cancelled: UUID) -> Job:
        settlement.expire_upload(ledger_conn, cancelled, 1, stack=STACK)
        return real_cancel(conn, cancelled)

    real_cancel = jobs.cancel
    monkeypatch.setattr(jobs, "cancel", cancel_too_late)
    answer = roomy.call("POST", f"/jobs/{job_id}/upload/abort")

    assert (answer.status, answer.json["code"]) == (409, "UPLOAD_NOT_OPEN")
    assert "FAILED" in answer.json["detail"]


def test_large_files_are_sent_in_parts_unless_one_request_is_asked_for(roomy: ApiClient) -> None:
    def method(**changes: Any) -> str:
        answer = roomy.call("POST", "/jobs", FORM | changes)
        return str(answer.json["upload"]["method"] if answer.status == 201 else answer.json["code"])

    assert method(size_bytes=100 * MIB - 1) == "PUT"
    assert method(size_bytes=100 * MIB) == "MULTIPART"
    assert method(size_bytes=100 * MIB, upload="single") == "PUT"
    assert method(size_bytes=5 * 1024 * MIB + 1, upload="single") == "VALIDATION_FAILED"
    assert method(upload="both") == "VALIDATION_FAILED"


def test_a_repeated_order_opens_no_second_upload(roomy: ApiClient, aws: Any) -> None:
    body = FORM | {"upload": "multipart"}

    first, second = (
        roomy.call("POST", "/jobs", body, headers={"Idempotency-Key": "once"}).json for _ in range(2)
    )

    assert first["job"] == second["job"]
    assert len(second["upload"]["parts"]) == 2
    listed = aws.client("s3").list_multipart_uploads(Bucket=roomy.settings.ingest_bucket)["Uploads"]
    assert [item["Key"] for item in listed].count(f"uploads/{first['job']['job_id']}/source") == 1


def test_an_upload_in_one_request_has_no_parts(api: ApiClient) -> None:
    form = FORM | {"size_bytes": 10}
    job_id = api.call("POST", "/jobs", form).json["job"]["job_id"]

    answers = [
        api.call("GET", f"/jobs/{job_id}/upload/parts"),
        api.call("POST", f"/jobs/{job_id}/upload/complete", {"parts": [{"part_number": 1, "etag": "a"}]}),
        api.call("POST", f"/jobs/{job_id}/upload/abort"),
    ]

    assert [(answer.status, answer.json["code"]) for answer in answers] == [(409, "UPLOAD_NOT_OPEN")] * 3
    assert api.call("GET", f"/jobs/{job_id}").json["status"] == "PENDING"
