"""Cancelling and retrying through the API, against a real ledger, Step Functions and S3."""

import json
from collections.abc import Callable
from secrets import token_hex
from typing import Any
from uuid import UUID, uuid4

import pytest
from botocore.exceptions import EndpointConnectionError

from ledger.database.connection import LedgerConnection
from ledger.errors import ClaimRefusedError, FenceLostError
from ledger.jobs import settlement, worker
from ledger.jobs.arrivals import mark_uploaded
from ledger.models import Claim, Failure, SourceObject
from ledger.states import ErrorCode
from ledger.turns import admission
from runtime import clients
from tests.api_client import ApiClient, ParallelCalls
from tests.ledger_support import completed, event_types

pytestmark = pytest.mark.integration

CONTENT = b"not really a video"
FAILURE = Failure(code=ErrorCode.ENCODE_FAILED, message="It broke.", remedy="Try again.")


def create(api: ApiClient) -> str:
    form = {"filename": "a.mp4", "size_bytes": len(CONTENT), "content_type": "video/mp4"}
    return str(api.call("POST", "/jobs", form).json["job"]["job_id"])


def uploaded(api: ApiClient, conn: LedgerConnection, aws: Any) -> str:
    """A job whose file has arrived; its execution has not been started."""
    job_id = create(api)
    key = f"uploads/{job_id}/source"
    stored = aws.client("s3").put_object(Bucket=api.settings.ingest_bucket, Key=key, Body=CONTENT)
    source = SourceObject(
        bucket=api.settings.ingest_bucket,
        key=key,
        size_bytes=len(CONTENT),
        etag=stored["ETag"],
        version_id=stored.get("VersionId"),
        sequencer="01",
    )
    mark_uploaded(conn, UUID(job_id), source)
    return job_id


def take(conn: LedgerConnection, job_id: str, attempt: int = 1, execution_arn: str = "") -> Claim:
    taken = worker.claim(
        conn,
        job_id=UUID(job_id),
        attempt=attempt,
        execution_arn=execution_arn or f"arn:{job_id}-{attempt}",
        task_arn=None,
        task_token="token",
    )
    assert isinstance(taken, Claim)
    return taken


def fail(conn: LedgerConnection, job_id: str) -> None:
    settlement.fail(conn, UUID(job_id), 1, FAILURE, stack="test")


def complete(conn: LedgerConnection, job_id: str) -> None:
    completed(conn, take(conn, job_id))


def started(aws: Any, api: ApiClient, job_id: str) -> dict[str, str]:
    answer = aws.client("stepfunctions").list_executions(stateMachineArn=api.settings.state_machine_arn)
    return {item["name"]: item["status"] for item in answer["executions"] if item["name"].startswith(job_id)}


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


def test_a_job_without_its_file_is_cancelled_and_a_late_upload_does_not_start_it(
    api: ApiClient, ledger_conn: LedgerConnection
) -> None:
    job_id = create(api)

    answer = api.call("POST", f"/jobs/{job_id}/cancel")

    assert (answer.status, answer.json["status"], answer.json["error"]) == (200, "CANCELLED", None)
    assert answer.json["finished_at"] is not None
    late = SourceObject(
        bucket=api.settings.ingest_bucket,
        key=f"uploads/{job_id}/source",
        size_bytes=1,
        etag="e",
        sequencer="1",
    )
    assert mark_uploaded(ledger_conn, UUID(job_id), late).status == "CANCELLED"
    assert admission.admit(ledger_conn, 1) is None


def test_a_queued_job_that_is_cancelled_cannot_be_started_or_claimed(
    api: ApiClient, ledger_conn: LedgerConnection, aws: Any
) -> None:
    job_id = uploaded(api, ledger_conn, aws)

    assert api.call("POST", f"/jobs/{job_id}/cancel").json["status"] == "CANCELLED"

    assert admission.admit(ledger_conn, 1) is None
    with pytest.raises(ClaimRefusedError):
        take(ledger_conn, job_id)


def test_a_running_job_that_is_cancelled_loses_its_worker_and_its_execution(
    api: ApiClient, ledger_conn: LedgerConnection, aws: Any, waiting_machine: str
) -> None:
    job_id = uploaded(api, ledger_conn, aws)
    # Found by its ARN, whatever its name and that of the machine.
    execution = aws.client("stepfunctions").start_execution(stateMachineArn=waiting_machine, name="by-hand")
    claim = take(ledger_conn, job_id, execution_arn=execution["executionArn"])

    assert api.call("POST", f"/jobs/{job_id}/cancel").json["status"] == "CANCELLED"

    with pytest.raises(FenceLostError):
        worker.heartbeat(ledger_conn, claim, "encoding")
    answer = aws.client("stepfunctions").list_executions(stateMachineArn=waiting_machine)
    assert [(item["name"], item["status"]) for item in answer["executions"]] == [("by-hand", "ABORTED")]


def test_cancelling_again_changes_nothing(
    api: ApiClient, ledger_conn: LedgerConnection, parallel: ParallelCalls
) -> None:
    job_id = create(api)

    answers = parallel([{"method": "POST", "path": f"/jobs/{job_id}/cancel"}] * 4)

    assert [answer.status for answer in answers] == [200] * 4
    assert len({answer.json["finished_at"] for answer in answers}) == 1
    assert event_types(ledger_conn, UUID(job_id)).count("job.cancelled") == 1


def test_a_step_functions_outage_does_not_keep_a_job_from_being_cancelled(
    api: ApiClient, ledger_conn: LedgerConnection, aws: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Away:
        def stop_execution(self, **_: str) -> None:
            raise EndpointConnectionError(endpoint_url="https://states.invalid")

    job_id = uploaded(api, ledger_conn, aws)
    with monkeypatch.context() as patch:
        patch.setattr(clients, "stepfunctions", Away)
        answer = api.call("POST", f"/jobs/{job_id}/cancel")

    assert answer.json["status"] == "CANCELLED"


@pytest.mark.parametrize("settle", [fail, complete])
def test_a_settled_job_cannot_be_cancelled(
    api: ApiClient, ledger_conn: LedgerConnection, aws: Any, settle: Callable[[LedgerConnection, str], None]
) -> None:
    job_id = uploaded(api, ledger_conn, aws)
    settle(ledger_conn, job_id)
    before = api.call("GET", f"/jobs/{job_id}").json

    answer = api.call("POST", f"/jobs/{job_id}/cancel")

    assert (answer.status, answer.json["code"]) == (409, "JOB_SETTLED")
    assert before["status"] in answer.json["detail"]
    assert api.call("GET", f"/jobs/{job_id}").json == before


@pytest.mark.parametrize("how", ["failed", "cancelled"])
def test_a_retry_is_a_new_attempt_with_an_execution_of_its_own(
    api: ApiClient, ledger_conn: LedgerConnection, aws: Any, how: str
) -> None:
    job_id = uploaded(api, ledger_conn, aws)
    if how == "failed":
        fail(ledger_conn, job_id)
    else:
        api.call("POST", f"/jobs/{job_id}/cancel")

    answer = api.call("POST", f"/jobs/{job_id}/retry")

    assert answer.status == 200
    assert (answer.json["status"], answer.json["attempt"], answer.json["error"]) == ("QUEUED", 2, None)
    assert list(started(aws, api, job_id)) == [f"{job_id}-2"]


def test_of_many_retries_at_once_exactly_one_is_done(
    api: ApiClient, ledger_conn: LedgerConnection, aws: Any, parallel: ParallelCalls
) -> None:
    job_id = uploaded(api, ledger_conn, aws)
    fail(ledger_conn, job_id)

    answers = parallel([{"method": "POST", "path": f"/jobs/{job_id}/retry"}] * 4)

    assert sorted(answer.status for answer in answers) == [200, 409, 409, 409]
    assert list(started(aws, api, job_id)) == [f"{job_id}-2"]


def test_only_a_job_that_ended_without_a_result_can_be_retried(
    api: ApiClient, ledger_conn: LedgerConnection, aws: Any
) -> None:
    waiting, done = create(api), uploaded(api, ledger_conn, aws)
    complete(ledger_conn, done)

    def code(job_id: str) -> tuple[int, str]:
        answer = api.call("POST", f"/jobs/{job_id}/retry")
        return answer.status, answer.json["code"]

    assert code(waiting) == (409, "JOB_NOT_RETRYABLE")
    assert code(done) == (409, "JOB_NOT_RETRYABLE")


def test_a_retry_needs_the_file(api: ApiClient, ledger_conn: LedgerConnection, aws: Any) -> None:
    never_came = create(api)
    api.call("POST", f"/jobs/{never_came}/cancel")
    gone = uploaded(api, ledger_conn, aws)
    fail(ledger_conn, gone)
    aws.client("s3").delete_object(Bucket=api.settings.ingest_bucket, Key=f"uploads/{gone}/source")

    first = api.call("POST", f"/jobs/{never_came}/retry")
    second = api.call("POST", f"/jobs/{gone}/retry")

    assert (first.status, first.json["code"]) == (409, "JOB_NOT_RETRYABLE")
    assert "no uploaded file" in first.json["detail"]
    assert (second.status, second.json["code"]) == (409, "SOURCE_NOT_UPLOADED")
    assert api.call("GET", f"/jobs/{gone}").json["status"] == "FAILED"


@pytest.mark.parametrize("action", ["cancel", "retry"])
def test_jobs_that_do_not_exist_or_whose_record_was_deleted_are_not_found(
    api: ApiClient, ledger_conn: LedgerConnection, aws: Any, action: str
) -> None:
    deleted = uploaded(api, ledger_conn, aws)
    fail(ledger_conn, deleted)
    video_id = api.call("GET", f"/jobs/{deleted}").json["video_id"]
    assert api.call("DELETE", f"/metadata/{video_id}").status == 204

    for job_id in (deleted, str(uuid4()), "nonsense"):
        answer = api.call("POST", f"/jobs/{job_id}/{action}")
        assert (answer.status, answer.json["code"]) == (404, "JOB_NOT_FOUND")
