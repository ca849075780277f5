"""What one job may ask for beyond its profile: checked when it is ordered, kept, and shown."""

from typing import Any
from uuid import UUID

import pytest

from ledger.database.connection import LedgerConnection
from ledger.jobs import jobs, settlement, worker
from ledger.models import Claim, Failure
from ledger.overrides import Overrides, Trim, Watermark
from ledger.states import ErrorCode
from tests.api_client import ApiClient
from tests.integration.functions.metadata_api.new_jobs import FORM, arrive, create, start

pytestmark = pytest.mark.integration


def _put_mark(api: ApiClient, size_bytes: int = 100) -> dict[str, str]:
    from runtime import clients

    bucket = api.settings.ingest_bucket
    clients.s3().put_object(Bucket=bucket, Key="marks/logo.png", Body=b"x" * size_bytes)
    return {"bucket": bucket, "key": "marks/logo.png"}


def test_the_overrides_of_a_job_are_shown_and_reach_its_worker_also_after_a_retry(
    api: ApiClient, ledger_conn: LedgerConnection
) -> None:
    source = _put_mark(api)
    overrides = {
        "trim": {"start_seconds": 1.5, "end_seconds": 4},
        "watermark": {"source": source, "position": "top-left", "opacity": 0.5, "width_percent": 10},
        "max_height": 480,
        "damage": "keep",
    }

    job = create(api, **overrides)["job"]

    shown = api.call("GET", f"/jobs/{job['job_id']}").json["overrides"]
    assert shown["trim"] == {"start_seconds": 1.5, "end_seconds": 4.0}
    assert (shown["max_height"], shown["damage"]) == (480, "keep")
    assert (shown["watermark"]["position"], shown["watermark"]["opacity"]) == ("top-left", 0.5)
    arrive(api, ledger_conn, job["job_id"])
    claimed = start(ledger_conn, job["job_id"])
    mark = claimed.overrides.watermark
    assert isinstance(mark, Watermark)
    assert claimed.overrides.damage == "keep"
    assert (mark.bucket, mark.key) == (source["bucket"], source["key"])
    assert mark.etag
    failure = Failure(code=ErrorCode.INTERNAL, message="m", remedy="r")
    settlement.fail(ledger_conn, UUID(job["job_id"]), 1, failure, stack="test")
    jobs.retry(ledger_conn, UUID(job["job_id"]))
    again = worker.claim(
        ledger_conn,
        job_id=UUID(job["job_id"]),
        attempt=2,
        execution_arn="arn:2",
        task_arn=None,
        task_token="token",
    )
    assert isinstance(again, Claim)
    assert again.overrides == claimed.overrides


def test_a_job_without_overrides_shows_none(api: ApiClient) -> None:
    assert create(api)["job"]["overrides"] == {}


@pytest.mark.parametrize(
    ("overrides", "field"),
    [
        ({"trim": {"start_seconds": 4, "end_seconds": 4}}, "trim"),
        ({"trim": {"start_seconds": -1}}, "trim.start_seconds"),
        ({"trim": {"end_seconds": 1e9}}, "trim.end_seconds"),
        ({"trim": {"stop": 1}}, "trim.stop"),
        ({"max_height": 10}, "max_height"),
        ({"max_height": 720.5}, "max_height"),
        ({"watermark": {"source": {"bucket": "other-bucket", "key": "a"}}}, "watermark.source.bucket"),
        ({"watermark": {"position": "center"}}, "watermark.source"),
        ({"profile": "image", "content_type": "image/png", "trim": {"end_seconds": 1}}, "trim"),
        ({"profile": "audio", "max_height": 720}, "max_height"),
        ({"profile": "passthrough", "max_height": 720}, "max_height"),
        ({"profile": "thumbnails", "trim": {"end_seconds": 1}}, "trim"),
        ({"damage": "repair"}, "damage"),
        ({"profile": "passthrough", "damage": "keep"}, "damage"),
        ({"profile": "image", "content_type": "image/png", "damage": "refuse"}, "damage"),
    ],
)
def test_an_override_that_cannot_be_honoured_is_refused_with_its_field(
    api: ApiClient, overrides: dict[str, Any], field: str
) -> None:
    answer = api.call("POST", "/jobs", FORM | overrides)

    assert answer.status == 400, answer.text
    assert answer.json["errors"][0]["field"] == field


@pytest.mark.parametrize("profile", ["web", "h264-to-hevc", "audio", "thumbnails"])
def test_what_is_decoded_may_be_kept_with_its_damage(api: ApiClient, profile: str) -> None:
    assert create(api, profile=profile, damage="keep")["job"]["overrides"] == {"damage": "keep"}


def test_an_idempotency_key_stands_for_one_way_with_damage(api: ApiClient) -> None:
    headers = {"Idempotency-Key": "damaged-1"}
    assert api.call("POST", "/jobs", FORM | {"damage": "keep"}, headers=headers).status == 201

    other = api.call("POST", "/jobs", FORM | {"damage": "refuse"}, headers=headers)

    assert (other.status, other.json["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")


def test_a_watermark_that_is_missing_or_too_large_is_refused(
    api: ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    absent = {"bucket": api.settings.ingest_bucket, "key": "marks/absent.png"}
    answer = api.call("POST", "/jobs", FORM | {"watermark": {"source": absent}})
    assert (answer.status, answer.json["code"]) == (400, "SOURCE_NOT_FOUND")
    assert answer.json["errors"][0]["field"] == "watermark.source.key"

    monkeypatch.setattr("metadata_api.jobs.overrides.MAX_WATERMARK_BYTES", 50)
    large = _put_mark(api, 51)
    answer = api.call("POST", "/jobs", FORM | {"watermark": {"source": large}})
    assert (answer.status, answer.json["errors"][0]["field"]) == (400, "watermark.source.key")


def test_jobs_of_a_batch_have_overrides_of_their_own(api: ApiClient) -> None:
    answer = api.call("POST", "/batches", {"jobs": [FORM | {"max_height": 360}, FORM]})

    assert answer.status == 201, answer.text
    ids = [item["job"]["job_id"] for item in answer.json["items"]]
    shown = [api.call("GET", f"/jobs/{job_id}").json["overrides"] for job_id in ids]
    assert shown == [{"max_height": 360}, {}]
    refused = api.call("POST", "/batches", {"jobs": [FORM, FORM | {"max_height": 1}]})
    assert refused.json["errors"][0]["field"] == "jobs.1.max_height"


def test_overrides_survive_the_way_through_json() -> None:
    overrides = Overrides(trim=Trim(start_seconds=1, end_seconds=None), max_height=360)

    assert Overrides.from_dict(overrides.as_dict()) == overrides
