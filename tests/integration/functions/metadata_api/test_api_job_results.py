"""Watching jobs: progress, results, links to them, history and lists."""

import json
from uuid import UUID, uuid4

import httpx
import pytest
import redis

from ledger.database.connection import LedgerConnection
from ledger.jobs import jobs, settlement, worker
from ledger.models import Failure
from ledger.states import ErrorCode
from local.servers.redis import RedisServer
from tests.api_client import ApiClient
from tests.integration.functions.metadata_api.new_jobs import CONTENT, arrive, create, finish, start, upload

pytestmark = pytest.mark.integration


def test_a_running_job_shows_what_its_worker_reports(
    api: ApiClient, ledger_conn: LedgerConnection, redis_server: RedisServer
) -> None:
    job_id = create(api)["job"]["job_id"]
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
    job_id = create(api)["job"]["job_id"]
    arrive(api, ledger_conn, job_id)
    start(ledger_conn, job_id)
    client(redis_server).set(f"job:{job_id}:progress", "not json")

    answer = api.call("GET", f"/jobs/{job_id}")

    assert (answer.status, answer.json["progress_percent"]) == (200, None)


def test_a_completed_job_lists_its_outputs_and_links_to_them(
    api: ApiClient, ledger_conn: LedgerConnection
) -> None:
    job_id = create(api)["job"]["job_id"]
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
    assert (record["state"], record["current_job_id"]) == ("playable", job_id)


def test_the_link_to_the_original_returns_the_uploaded_bytes(
    api: ApiClient, ledger_conn: LedgerConnection
) -> None:
    created = create(api, filename='a"b;\\../ü.mp4')
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
    waiting = create(api)["job"]["job_id"]
    done = create(api)["job"]["job_id"]
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
    job_id = create(api)["job"]["job_id"]
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
    job_id = create(api)["job"]["job_id"]
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
    ids = [create(api)["job"]["job_id"] for _ in range(3)]
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
