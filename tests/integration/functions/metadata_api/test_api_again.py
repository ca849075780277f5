"""A video ordered again: on the very version of the file that plays, or on that of a named job."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from ledger.database.connection import LedgerConnection
from ledger.jobs import worker
from tests.api_client import Answer, ApiClient
from tests.integration.functions.metadata_api.new_jobs import create, finish, start
from tests.ledger_support import output_of

pytestmark = pytest.mark.integration

KEY = "films/2026/holiday.mov"


@pytest.fixture
def ingest_bucket(aws: Any) -> str:
    """A bucket with versions, as the deployed one has them."""
    name, region = f"again-{uuid4().hex[:12]}", aws.session.Session().region_name
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": region})
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return name


def store(api: ApiClient, aws: Any, content: bytes, **how: str) -> str:
    put = aws.client("s3").put_object(Bucket=api.settings.ingest_bucket, Key=KEY, Body=content, **how)
    return str(put["VersionId"])


def order(api: ApiClient, **body: Any) -> Answer:
    return api.call("POST", "/jobs", body)


def film(api: ApiClient, conn: LedgerConnection, **more: Any) -> dict[str, Any]:
    """A completed job on what lies under the key now."""
    source = {"bucket": api.settings.ingest_bucket, "key": KEY}
    answer = order(api, source=source, **more)
    assert answer.status == 201, answer.text
    job: dict[str, Any] = answer.json["job"]
    finish(conn, start(conn, job["job_id"]))
    return job


def pictures(api: ApiClient, conn: LedgerConnection, video_id: str) -> dict[str, Any]:
    source = {"bucket": api.settings.ingest_bucket, "key": KEY}
    job: dict[str, Any] = order(api, source=source, video_id=video_id, profile="thumbnails").json["job"]
    claim = start(conn, job["job_id"])
    worker.complete(
        conn, claim, [output_of(claim, "poster", kind="poster")], {}, stack="t", media_bucket="media-test"
    )
    return job


def test_an_order_by_video_alone_takes_the_version_that_plays_and_keeps_the_file_name(
    api: ApiClient, ledger_conn: LedgerConnection, aws: Any
) -> None:
    older = store(api, aws, b"the film that plays")
    played = film(api, ledger_conn)
    newer = store(api, aws, b"another film")
    shots = pictures(api, ledger_conn, played["video_id"])

    again = order(api, video_id=played["video_id"], profile="web-hevc").json["job"]

    assert (played["source"]["version_id"], shots["source"]["version_id"]) == (older, newer)
    assert again["source"] == played["source"]
    assert again["source"]["etag"]
    assert (again["status"], again["filename"], again["video_id"], again["size_bytes"]) == (
        "QUEUED",
        "holiday.mov",
        played["video_id"],
        len(b"the film that plays"),
    )
    record = api.call("GET", f"/metadata/{played['video_id']}").json
    assert record["source"] == {
        "bucket": api.settings.ingest_bucket,
        "key": KEY,
        "version_id": older,
        "etag": played["source"]["etag"],
    }


def test_where_that_version_is_gone_the_newest_that_is_there_serves_and_a_job_can_be_named(
    api: ApiClient, ledger_conn: LedgerConnection, aws: Any
) -> None:
    older = store(api, aws, b"first")
    played = film(api, ledger_conn)
    video_id = played["video_id"]
    newer = store(api, aws, b"second")
    shots = pictures(api, ledger_conn, video_id)
    s3, bucket = aws.client("s3"), api.settings.ingest_bucket

    named = order(api, source={"job_id": played["job_id"]}, video_id=video_id).json["job"]
    s3.delete_object(Bucket=bucket, Key=KEY, VersionId=older)
    by_video = order(api, video_id=video_id).json["job"]
    gone = order(api, source={"job_id": played["job_id"]})
    elsewhere = order(api, source={"job_id": shots["job_id"]}).json["job"]
    s3.delete_object(Bucket=bucket, Key=KEY, VersionId=newer)
    nothing = order(api, video_id=video_id)

    assert (named["source"]["version_id"], by_video["source"]["version_id"]) == (older, newer)
    assert elsewhere["video_id"] != video_id
    for answer in (gone, nothing):
        assert (answer.status, answer.json["code"]) == (409, "SOURCE_GONE")


def test_an_order_again_on_what_never_came_is_unknown_or_archived_is_refused(
    api: ApiClient, ledger_conn: LedgerConnection, aws: Any
) -> None:
    waiting = create(api)["job"]
    store(api, aws, b"film")
    played = film(api, ledger_conn)
    archived = store(api, aws, b"film", StorageClass="DEEP_ARCHIVE")
    ledger_conn.execute(
        "UPDATE jobs SET source_version_id = %s WHERE id = %s", (archived, UUID(played["job_id"]))
    )

    answers = [
        order(api, video_id=waiting["video_id"]),
        order(api, source={"job_id": waiting["job_id"]}),
        order(api, video_id=str(uuid4())),
        order(api, source={"job_id": str(uuid4())}),
        order(api, source={"job_id": "no-id"}),
        order(api, video_id=played["video_id"]),
    ]

    assert [(answer.status, answer.json["code"]) for answer in answers] == [
        (409, "SOURCE_NOT_UPLOADED"),
        (409, "SOURCE_NOT_UPLOADED"),
        (404, "VIDEO_NOT_FOUND"),
        (400, "SOURCE_NOT_FOUND"),
        (400, "VALIDATION_FAILED"),
        (409, "SOURCE_ARCHIVED"),
    ]
    assert answers[4].json["errors"][0]["field"] == "source.job_id"


def test_a_batch_may_order_videos_again(api: ApiClient, ledger_conn: LedgerConnection, aws: Any) -> None:
    version = store(api, aws, b"film")
    played = film(api, ledger_conn)

    answer = api.call(
        "POST", "/batches", {"jobs": [{"video_id": played["video_id"], "profile": "thumbnails"}] * 2}
    )

    assert answer.status == 201, answer.text
    jobs = [item["job"] for item in answer.json["items"]]
    assert [job["source"]["version_id"] for job in jobs] == [version, version]


def test_jobs_are_found_by_the_version_that_their_profile_had(
    api: ApiClient, ledger_conn: LedgerConnection
) -> None:
    profiles = {item["name"]: item["version"] for item in api.call("GET", "/profiles").json["items"]}
    job = create(api)["job"]
    old = create(api)["job"]
    ledger_conn.execute("UPDATE jobs SET profile_version = %s WHERE id = %s", ("0" * 16, UUID(old["job_id"])))

    def found(**query: str) -> list[str]:
        items = api.call("GET", "/jobs", query={"profile": "web", **query}).json["items"]
        return [item["job_id"] for item in items]

    assert job["profile_version"] == profiles["web"]
    assert found(profile_version=profiles["web"]) == [job["job_id"]]
    assert found(profile_version="0" * 16) == [old["job_id"]]
    assert found() == [old["job_id"], job["job_id"]]
    assert len(set(profiles.values())) == len(profiles)
