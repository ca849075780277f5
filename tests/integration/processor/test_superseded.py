"""The worker that completes a job tags what earlier holds on it left behind, and nothing else."""

import json
import logging
import secrets
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import boto3
import pytest

from components.buckets import SUPERSEDED_TAG_KEY, SUPERSEDED_TAG_VALUE
from ledger.jobs import worker
from ledger.models import Claim
from processor.exchange.storage import CLIENT_CONFIG
from processor.exchange.superseded import tag_superseded
from processor.task.stop import Stop, StopReason
from processor.worker import Exit
from tests.integration.processor.conftest import Callback, Stage
from tests.integration.processor.faults import Fault, FaultyProxy

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

pytestmark = pytest.mark.integration

SUPERSEDED = {SUPERSEDED_TAG_KEY: SUPERSEDED_TAG_VALUE}
INCOMPLETE = "superseded outputs not all tagged"
TRIES: int = vars(CLIENT_CONFIG)["retries"]["total_max_attempts"]
LEFT_BEHIND = ("1080p.mp4", "poster.jpg")


def killed_after_uploading(stage: Stage, clip: Path) -> tuple[UUID, Callback, set[str]]:
    """Order a job whose first worker uploaded some files and was never heard of again."""
    job_id, callback = stage.order(clip), stage.wait_for_task()
    claim = claim_once(stage, job_id)
    keys = {claim.output_prefix + name for name in LEFT_BEHIND}
    for key in keys:
        stage.s3.put_object(Bucket=stage.media_bucket, Key=key, Body=b"half a job")
    return job_id, callback, keys


def claim_once(stage: Stage, job_id: UUID) -> Claim:
    with stage.database.connect() as conn:
        taken = worker.claim(
            conn,
            job_id=job_id,
            attempt=1,
            execution_arn="arn:e",
            task_arn=None,
            task_token=secrets.token_hex(),
        )
    assert isinstance(taken, Claim)
    return taken


def tags(stage: Stage) -> dict[str, dict[str, str]]:
    """The tags of every object in the media bucket by key."""
    found = {}
    for key in stage.published():
        tag_set = stage.s3.get_object_tagging(Bucket=stage.media_bucket, Key=key)["TagSet"]
        found[key] = {tag["Key"]: tag["Value"] for tag in tag_set}
    return found


def referenced(stage: Stage, job_id: UUID) -> set[str]:
    with stage.database.connect() as conn:
        return {row[0] for row in conn.execute("SELECT key FROM outputs WHERE job_id = %s", (job_id,))}


def asked(s3: "S3Client") -> Counter[str]:
    """Count the S3 operations of a client from now on."""
    calls: Counter[str] = Counter()
    s3.meta.events.register("before-call.s3", lambda model, **_: calls.update([model.name]))
    return calls


def incomplete(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [record for record in caplog.records if record.getMessage() == INCOMPLETE]


def assert_completed(stage: Stage, job_id: UUID, callback: Callback) -> None:
    status, output = callback.result()
    assert (status, output["status"]) == ("SUCCEEDED", "COMPLETED")
    assert stage.job(job_id).job.status == "COMPLETED"


def test_what_a_replaced_worker_uploaded_is_tagged_when_the_next_one_completes_the_job(
    stage: Stage, clip: Path
) -> None:
    job_id, callback, left_behind = killed_after_uploading(stage, clip)
    other_job = "videos/another/job/1/poster.jpg"
    stage.s3.put_object(Bucket=stage.media_bucket, Key=other_job, Body=b"a customer's only poster")
    assert stage.run(job_id, callback) is Exit.ANSWERED
    assert_completed(stage, job_id, callback)
    found = tags(stage)
    assert {key for key, carried in found.items() if carried == SUPERSEDED} == left_behind
    kept = set(found) - left_behind
    assert {key: found[key] for key in kept} == {key: {} for key in kept}
    assert referenced(stage, job_id) == kept - {other_job}


def test_the_workflow_has_its_answer_before_anything_is_tagged(stage: Stage, clip: Path) -> None:
    job_id, callback, left_behind = killed_after_uploading(stage, clip)
    waiting: list[bool] = []
    stage.s3.meta.events.register(
        "before-call.s3.PutObjectTagging", lambda **_: waiting.append(callback.is_waiting())
    )
    assert stage.run(job_id, callback) is Exit.ANSWERED
    assert waiting == [False] * len(left_behind)


def test_a_job_that_needed_one_worker_costs_no_call(stage: Stage, clip: Path) -> None:
    job_id, callback = stage.order(clip), stage.wait_for_task()
    calls = asked(stage.s3)
    assert stage.run(job_id, callback) is Exit.ANSWERED
    assert calls["HeadObject"]
    assert (calls["ListObjectsV2"], calls["PutObjectTagging"]) == (0, 0)


@pytest.mark.long
def test_a_replaced_worker_that_uploaded_nothing_costs_one_listing(stage: Stage, clip: Path) -> None:
    job_id, callback = stage.order(clip), stage.wait_for_task()
    claim_once(stage, job_id)
    calls = asked(stage.s3)
    assert stage.run(job_id, callback) is Exit.ANSWERED
    assert (calls["ListObjectsV2"], calls["PutObjectTagging"]) == (1, 0)


@pytest.mark.long
@pytest.mark.parametrize("failing", ["tagging", "list-type"])
def test_a_call_that_fails_for_good_leaves_the_job_completed_and_is_logged(
    stage: Stage, clip: Path, access: dict[str, Any], caplog: pytest.LogCaptureFixture, failing: str
) -> None:
    def fails(_: str, path: str) -> Fault | None:
        hit = failing in parse_qs(urlsplit(path).query, keep_blank_values=True)
        return Fault.ERROR if hit else None

    job_id, callback, left_behind = killed_after_uploading(stage, clip)
    with FaultyProxy(access["endpoint_url"], fails).running() as proxy:
        s3 = boto3.client("s3", config=CLIENT_CONFIG, **{**access, "endpoint_url": proxy.url})
        assert stage.run(job_id, callback, s3=s3) is Exit.ANSWERED
        s3.close()
    assert proxy.failures == TRIES, "the client asks again as for any call, and nobody else does"
    assert_completed(stage, job_id, callback)
    assert len(incomplete(caplog)) == 1
    assert not any(tags(stage)[key] for key in left_behind)


def test_a_task_that_is_being_ended_leaves_the_rest_untagged(
    stage: Stage, clip: Path, caplog: pytest.LogCaptureFixture
) -> None:
    job_id, _, _ = killed_after_uploading(stage, clip)
    stop = Stop(on_stop=lambda: None)
    stop.request(StopReason.INTERRUPTED)
    tag_superseded(stage.s3, stage.media_bucket, claim_once(stage, job_id), stop)
    assert len(incomplete(caplog)) == 1
    assert not any(tags(stage).values())


@pytest.mark.parametrize("listed", ["videos/*", "elsewhere/*"])
def test_the_conditions_of_the_task_role_suffice_for_videos_and_for_nothing_else(
    stage: Stage, clip: Path, access: dict[str, Any], listed: str
) -> None:
    job_id, _, left_behind = killed_after_uploading(stage, clip)
    bucket = f"arn:aws:s3:::{stage.media_bucket}"
    may_list = {"Action": "s3:ListBucket", "Condition": {"StringLike": {"s3:prefix": listed}}}
    may_tag = {"Action": "s3:PutObjectTagging", "Resource": f"{bucket}/videos/*"}
    s3 = limited_client(access, [may_list | {"Resource": bucket}, may_tag])
    tag_superseded(s3, stage.media_bucket, claim_once(stage, job_id), stage.stop)
    tagged = {key for key, carried in tags(stage).items() if carried == SUPERSEDED}
    assert tagged == (left_behind if listed == "videos/*" else set())


def limited_client(access: dict[str, Any], statements: list[dict[str, Any]]) -> "S3Client":
    iam, user = boto3.client("iam", **access), f"tagger-{secrets.token_hex(6)}"
    iam.create_user(UserName=user)
    allowed = [{"Effect": "Allow"} | statement for statement in statements]
    policy = json.dumps({"Version": "2012-10-17", "Statement": allowed})
    iam.put_user_policy(UserName=user, PolicyName="tag", PolicyDocument=policy)
    key = iam.create_access_key(UserName=user)["AccessKey"]
    login = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
    client: S3Client = boto3.client("s3", config=CLIENT_CONFIG, **{**access, **login})
    return client
