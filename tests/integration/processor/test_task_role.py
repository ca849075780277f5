"""Actions of the task's role that the end-to-end run cannot show: without one of them, something fails.

The role has the policy of the synthesised stack, with the buckets of the test in it; the emulator decides.
The table tests/policy/access.yaml gives the reason `withdrawn` to what is shown here.
"""

import json
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import boto3
import pytest

from local.aws import AwsAccess, Credentials
from processor.exchange.publish import Publisher, Upload
from processor.exchange.storage import CLIENT_CONFIG, PART_BYTES
from processor.task.stop import StoppedError, StopReason
from processor.task.token import TaskToken
from tests.integration.processor.conftest import Stage
from tests.integration.processor.test_superseded import SUPERSEDED, killed_after_uploading, tags
from tests.policy.permissions import WITHDRAWN, load_rows, many
from tests.policy.stack import stack_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_stepfunctions import SFNClient

pytestmark = pytest.mark.integration

CARRIER = "task-task-policy"
BUCKETS = {"storage-ingest-bucket": "ingest_bucket", "storage-media-bucket": "media_bucket"}


class Role:
    """The task's role in the emulator, less one action."""

    def __init__(self, stage: Stage, withdrawn: str | None) -> None:
        owner = AwsAccess(stage.emulator.url, stage.emulator.region)
        trust = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::000000000000:root"}}
        name = f"task-{secrets.token_hex(6)}"
        made = owner.client("iam").create_role(
            RoleName=name, AssumeRolePolicyDocument=_document([trust | {"Action": "sts:AssumeRole"}])
        )
        owner.client("iam").put_role_policy(
            RoleName=name, PolicyName="task", PolicyDocument=_document(statements(stage, withdrawn))
        )
        self._stage = stage
        self._credentials: Credentials = owner.assume(made["Role"]["Arn"], "worker")

    def s3(self) -> "S3Client":
        return boto3.client("s3", config=CLIENT_CONFIG, **self._access())

    def token(self, value: str) -> TaskToken:
        states: SFNClient = boto3.client("stepfunctions", **self._access())
        return TaskToken(states, value)

    def _access(self) -> dict[str, Any]:
        return {
            "endpoint_url": self._stage.emulator.url,
            "region_name": self._stage.emulator.region,
            "aws_access_key_id": self._credentials.access_key_id,
            "aws_secret_access_key": self._credentials.secret_access_key,
            "aws_session_token": self._credentials.session_token,
        }


def _document(found: list[dict[str, Any]]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": found})


def statements(stage: Stage, withdrawn: str | None) -> list[dict[str, Any]]:
    """Give the role's statements for the buckets of the test, less one `Sid/action`."""
    stack = stack_of("dev")
    (policy,) = [item for item in stack.resources if item.name == CARRIER]
    text = json.dumps(policy.document())
    for bucket in stack.of("aws:s3/bucket:Bucket"):
        if bucket.name in BUCKETS:
            text = text.replace(bucket.outputs["arn"], f"arn:aws:s3:::{getattr(stage, BUCKETS[bucket.name])}")
    kept = []
    for statement in json.loads(text):
        actions = [name for name in many(statement["Action"]) if f"{statement['Sid']}/{name}" != withdrawn]
        kept += [statement | {"Action": actions}] if actions else []
    return kept


def reads_the_version_that_was_uploaded(stage: Stage, role: Role, clip: Path) -> bool:
    """A job is for the bytes that were uploaded, whatever comes after them under the same key."""
    job_id, callback = stage.order(clip), stage.wait_for_task()
    stage.run(job_id, callback, s3=role.s3(), token=role.token(callback.token))
    status, answer = callback.result()
    assert status == "SUCCEEDED" or answer[1]["code"] == "ACCESS_DENIED"
    return status == "SUCCEEDED"


def tags_what_a_replaced_worker_left(stage: Stage, role: Role, clip: Path) -> bool:
    """Without the tag the outputs of a killed attempt are kept, and paid, for good."""
    job_id, callback, left_behind = killed_after_uploading(stage, clip)
    stage.run(job_id, callback, s3=role.s3(), token=role.token(callback.token))
    assert callback.result()[0] == "SUCCEEDED"
    found = {key for key, carried in tags(stage).items() if carried == SUPERSEDED}
    assert found in (left_behind, set())
    return found == left_behind


def aborts_an_upload_that_it_gives_up(stage: Stage, role: Role, clip: Path) -> bool:
    """A stopped task leaves no parts, which nobody sees and everybody pays."""
    large = stage.scratch / "1080p.mp4"
    with large.open("wb") as file:
        file.truncate(12 * PART_BYTES)
    publisher = Publisher(role.s3(), stage.media_bucket, f"videos/{uuid4()}/1/", stage.stop)
    with pytest.raises(StoppedError):
        publisher.publish(
            [Upload(path=large, name=large.name, content_type="video/mp4")],
            lambda _: stage.stop.request(StopReason.INTERRUPTED),
        )
    return "Uploads" not in stage.s3.list_multipart_uploads(Bucket=stage.media_bucket)


SHOWN: Mapping[str, Callable[[Stage, Role, Path], bool]] = {
    "ReadSources/s3:GetObjectVersion": reads_the_version_that_was_uploaded,
    "TagSupersededOutputs/s3:PutObjectTagging": tags_what_a_replaced_worker_left,
    "PublishRenditions/s3:AbortMultipartUpload": aborts_an_upload_that_it_gives_up,
}


@pytest.mark.long
@pytest.mark.parametrize("action", SHOWN)
def test_with_its_whole_policy_the_worker_does_it(stage: Stage, clip: Path, action: str) -> None:
    assert SHOWN[action](stage, Role(stage, None), clip)


@pytest.mark.long_but(1)
@pytest.mark.parametrize("action", SHOWN)
def test_without_the_one_action_the_worker_cannot(stage: Stage, clip: Path, action: str) -> None:
    assert not SHOWN[action](stage, Role(stage, action), clip)


def test_exactly_these_actions_are_called_withdrawn_in_the_table() -> None:
    said = {
        f"{sid}/{action}"
        for sid, row in load_rows()[CARRIER].items()
        for action in row["may"]
        if WITHDRAWN in (row.get("because"), row.get("not_shown", {}).get(action))
    }
    assert said == set(SHOWN)
