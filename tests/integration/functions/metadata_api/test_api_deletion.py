"""Deleting a video takes everything with it: its jobs, their work, their place in the queue."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from secrets import token_hex
from typing import Any
from uuid import UUID

import pytest

from ledger.database.connection import LedgerConnection
from ledger.errors import FenceLostError
from ledger.jobs import worker
from ledger.turns import admission
from ledger.videos import videos
from metadata_api.api import Application
from metadata_api.environment.resources import Resources
from tests.api_client import ApiClient, ParallelCalls
from tests.integration.functions.metadata_api.new_jobs import FORM, arrive, create, finish, start
from tests.ledger_support import LedgerDatabase, column, create_upload_job, event_types, new_job, pending_job

pytestmark = pytest.mark.integration


@pytest.fixture
def waiting_machine(aws: Any) -> str:
    """A machine whose executions run until they are stopped."""
    definition = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 600, "End": True}}}
    name = f"waiting-{token_hex(6)}"
    trust = {"Version": "2012-10-17", "Statement": []}
    role = aws.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
    made = aws.client("stepfunctions").create_state_machine(
        name=name, definition=json.dumps(definition), roleArn=role["Role"]["Arn"]
    )
    return str(made["stateMachineArn"])


@pytest.fixture
def busy_api(api: ApiClient, waiting_machine: str) -> ApiClient:
    """An API with one slot, whose executions run until they are stopped."""
    settings = replace(api.settings, state_machine_arn=waiting_machine, max_running_jobs=1)
    return ApiClient(Application(Resources(settings)), settings)


def executions(aws: Any, machine: str) -> dict[str, str]:
    answer = aws.client("stepfunctions").list_executions(stateMachineArn=machine)
    return {item["name"]: item["status"] for item in answer["executions"]}


def test_a_running_job_loses_its_worker_its_execution_and_its_slot(
    busy_api: ApiClient, ledger_conn: LedgerConnection, aws: Any, waiting_machine: str
) -> None:
    body = {"source": {"bucket": busy_api.settings.ingest_bucket, "key": "shared.mov"}}
    aws.client("s3").put_object(Bucket=busy_api.settings.ingest_bucket, Key="shared.mov", Body=b"film")
    running, waiting = (busy_api.call("POST", "/jobs", body).json["job"] for _ in range(2))
    execution = column(ledger_conn, UUID(running["job_id"]), "execution_arn")
    claim = start(ledger_conn, running["job_id"], execution)

    assert busy_api.call("DELETE", f"/metadata/{running['video_id']}").status == 204

    with pytest.raises(FenceLostError):
        worker.heartbeat(ledger_conn, claim, "encoding")
    assert executions(aws, waiting_machine) == {
        f"{running['job_id']}-1": "ABORTED",
        f"{waiting['job_id']}-1": "RUNNING",
    }
    for path in (f"/metadata/{running['video_id']}", f"/jobs/{running['job_id']}"):
        assert busy_api.call("GET", path).status == 404
    assert event_types(ledger_conn, UUID(running["job_id"]))[-2:] == ["job.cancelled", "video.deleted"]


def test_jobs_that_await_their_file_or_their_turn_are_cancelled_and_their_parts_thrown_away(
    api: ApiClient, ledger_conn: LedgerConnection, aws: Any
) -> None:
    parted = api.call("POST", "/jobs", FORM | {"upload": "multipart"}).json["job"]
    queued = create(api, video_id=parted["video_id"])["job"]
    arrive(api, ledger_conn, queued["job_id"])

    assert api.call("DELETE", f"/metadata/{parted['video_id']}").status == 204

    for job in (parted, queued):
        assert column(ledger_conn, UUID(job["job_id"]), "status") == "CANCELLED"
    listed = aws.client("s3").list_multipart_uploads(
        Bucket=api.settings.ingest_bucket, Prefix=f"uploads/{parted['job_id']}/"
    )
    assert listed.get("Uploads", []) == []
    assert admission.admit(ledger_conn, 10) is None


def test_the_history_tells_of_the_deletion_and_of_how_soon_the_content_goes(
    api: ApiClient, ledger_conn: LedgerConnection
) -> None:
    for query, at_once in (({}, False), ({"purge": "true"}, True)):
        job = create(api)["job"]
        arrive(api, ledger_conn, job["job_id"])
        finish(ledger_conn, start(ledger_conn, job["job_id"]))

        assert api.call("DELETE", f"/metadata/{job['video_id']}", query=query).status == 204

        row = ledger_conn.execute(
            "SELECT deleted_at IS NOT NULL, purge_after <= now() FROM videos WHERE id = %s",
            (job["video_id"],),
        ).fetchone()
        assert row == (True, True if at_once else None)
        data = ledger_conn.execute(
            "SELECT data FROM events WHERE job_id = %s AND type = 'video.deleted'", (job["job_id"],)
        ).fetchall()
        assert data == [({"purge_at_once": at_once},)]


def test_a_version_that_does_not_match_cancels_nothing(api: ApiClient, ledger_conn: LedgerConnection) -> None:
    job = create(api)["job"]

    answer = api.call("DELETE", f"/metadata/{job['video_id']}", headers={"If-Match": '"7"'})

    assert answer.status == 412
    assert api.call("GET", f"/jobs/{job['job_id']}").json["status"] == "PENDING"


def test_of_many_deletions_at_once_one_is_done(
    api: ApiClient, ledger_conn: LedgerConnection, parallel: ParallelCalls
) -> None:
    job = create(api)["job"]

    answers = parallel([{"method": "DELETE", "path": f"/metadata/{job['video_id']}"}] * 4)

    assert sorted(answer.status for answer in answers) == [204, 404, 404, 404]
    assert event_types(ledger_conn, UUID(job["job_id"])).count("video.deleted") == 1


def test_a_job_that_is_ordered_while_its_video_is_deleted_is_never_left_behind(
    api: ApiClient, ledger_conn: LedgerConnection, parallel: ParallelCalls
) -> None:
    job = create(api)["job"]
    body = FORM | {"video_id": job["video_id"]}

    answers = parallel(
        [
            {"method": "DELETE", "path": f"/metadata/{job['video_id']}"},
            *[{"method": "POST", "path": "/jobs", "body": body}] * 3,
        ]
    )

    assert answers[0].status in {204, 409}
    assert {answer.status for answer in answers[1:]} <= {201, 404}
    deleted = answers[0].status == 204
    assert videos.has_unfinished_job(ledger_conn, UUID(job["video_id"])) is not deleted


def test_workers_that_report_while_their_video_is_deleted_do_not_stand_in_its_way(
    ledger_database: LedgerDatabase, ledger_conn: LedgerConnection
) -> None:
    first = pending_job(ledger_conn)
    second = create_upload_job(ledger_conn, new_job(first.video_id))
    ledger_conn.execute("UPDATE jobs SET status = 'QUEUED', uploaded_at = now(), queued_at = now()")
    claims = [start(ledger_conn, str(job.id)) for job in (first, second)]

    def report(number: int) -> int:
        done = 0
        with ledger_database.connect() as conn:
            try:
                for done in range(200):
                    worker.record_source(conn, claims[number], {"turn": done}, 1000)
            except FenceLostError:
                pass
        return done

    def delete() -> None:
        from metadata_api.jobs.execution_control import cancel_all

        with ledger_database.connect() as conn, conn.transaction():
            assert len(cancel_all(conn, first.video_id)) == 2
            videos.mark_deleted(conn, first.video_id, purge_at_once=False)

    with ThreadPoolExecutor(3) as pool:
        reports = [pool.submit(report, number) for number in range(2)]
        pool.submit(delete).result(timeout=30)
        assert all(item.result(timeout=30) >= 0 for item in reports)
