"""Small programs applied to a real emulator: permissions, persistence and failures."""

import stat
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from local.program_errors import ApplyError, UnsupportedError

if TYPE_CHECKING:
    from tests.integration.local.apply.conftest import TinyPlatform

pytestmark = pytest.mark.integration

TRUST = """
trust = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ecs-tasks.amazonaws.com"}}]})

def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
"""
WRITER = (
    TRUST
    + """
bucket = aws.s3.Bucket("bucket")
role = aws.iam.Role("writer", assume_role_policy=trust)
pulumi.export("bucket", bucket.bucket)
pulumi.export("role", role.arn)
"""
)
ALLOW_WRITE = """
aws.iam.RolePolicy("write", role=role.name, policy=bucket.arn.apply(lambda arn: policy(
    {"Effect": "Allow", "Action": "s3:PutObject", "Resource": arn + "/allowed/*"})))
"""


def test_a_role_may_do_what_its_policy_says_and_nothing_else(tiny: "TinyPlatform") -> None:
    exports = tiny.apply(WRITER + ALLOW_WRITE).exports
    s3 = tiny.as_role(exports["role"], "s3")

    s3.put_object(Bucket=exports["bucket"], Key="allowed/a", Body=b"1")
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.put_object(Bucket=exports["bucket"], Key="elsewhere/a", Body=b"1")
    with pytest.raises(ClientError, match=r"AccessDenied|Forbidden|403"):
        s3.get_object(Bucket=exports["bucket"], Key="allowed/a")


def test_a_policy_removed_from_the_program_is_gone_after_the_next_application(tiny: "TinyPlatform") -> None:
    tiny.apply(WRITER + ALLOW_WRITE)

    exports = tiny.apply(WRITER).exports

    role_name = exports["role"].rsplit("/", 1)[-1]
    assert tiny.client("iam").list_role_policies(RoleName=role_name)["PolicyNames"] == []
    with pytest.raises(ClientError, match="AccessDenied"):
        tiny.as_role(exports["role"], "s3").put_object(Bucket=exports["bucket"], Key="allowed/a", Body=b"1")


def test_objects_passwords_and_keys_survive_a_restart(tiny: "TinyPlatform") -> None:
    program = """
bucket = aws.s3.Bucket("bucket")
aws.s3.BucketVersioning("versioning", bucket=bucket.id, versioning_configuration={"status": "Enabled"})
password = random.RandomPassword("password", length=24)
key = aws.apigateway.ApiKey("key")
pulumi.export("bucket", bucket.bucket)
pulumi.export("password", password.result)
pulumi.export("key", key.value)
"""
    first = tiny.apply(program)
    tiny.client("s3").put_object(Bucket=first.exports["bucket"], Key="kept", Body=b"content")

    second = tiny.apply(program)

    assert second.exports == first.exports
    assert second.api_key == first.api_key
    assert len(str(first.exports["password"])) == 24
    body = tiny.client("s3").get_object(Bucket=first.exports["bucket"], Key="kept")["Body"]
    assert body.read() == b"content"


def test_applying_twice_to_one_control_plane_is_refused(tiny: "TinyPlatform") -> None:
    tiny.apply(WRITER)

    with pytest.raises(ApplyError, match="already holds resources"):
        tiny.apply(WRITER, restart=False)


def test_a_type_that_local_mode_does_not_know_is_refused_by_name(tiny: "TinyPlatform") -> None:
    with pytest.raises(UnsupportedError, match=r"aws:dynamodb/table:Table"):
        tiny.apply(
            "aws.dynamodb.Table('t', hash_key='a', attributes=[{'name': 'a', 'type': 'S'}],"
            " billing_mode='PAY_PER_REQUEST')\n"
        )


def test_a_refusal_of_the_emulator_names_the_resource(tiny: "TinyPlatform") -> None:
    with pytest.raises(ApplyError, match=r"SecretVersion::orphan could not be created.*ResourceNotFound"):
        tiny.apply("aws.secretsmanager.SecretVersion('orphan', secret_id='nowhere', secret_string='x')\n")


def test_an_input_that_would_have_no_effect_here_is_refused_by_name(tiny: "TinyPlatform") -> None:
    with pytest.raises(UnsupportedError, match=r"would ignore httpSuccessFeedbackSampleRate of aws:sns"):
        tiny.apply("aws.sns.Topic('topic', http_success_feedback_sample_rate=5)\n")


FUNCTION = (
    TRUST
    + """
role = aws.iam.Role("role", assume_role_policy=trust)
function = aws.lambda_.Function("function", runtime="python3.12", handler="main.handler", role=role.arn,
    code=pulumi.FileArchive("function.zip"), timeout=10,
    environment={"variables": {"GREETING": "hello"}})
call = aws.lambda_.Invocation("call", function_name=function.name, input=json.dumps({"to": "you"}))
pulumi.export("answer", call.result)
"""
)


def write_function(directory: Path, body: str) -> None:
    with zipfile.ZipFile(directory / "function.zip", "w") as package:
        package.writestr("main.py", f"import os\ndef handler(event, context):\n    {body}\n")


def test_an_invocation_really_calls_the_function(tiny: "TinyPlatform") -> None:
    write_function(tiny.project, "return os.environ['GREETING'] + ' ' + event['to']")

    assert tiny.apply(FUNCTION).exports["answer"] == '"hello you"'


def test_a_failing_invocation_stops_the_application_with_what_the_function_said(
    tiny: "TinyPlatform",
) -> None:
    write_function(tiny.project, "raise ValueError('column exists already')")

    with pytest.raises(ApplyError, match=r"failed during the deployment.*column exists already"):
        tiny.apply(FUNCTION)


def test_code_that_does_not_exist_is_refused(tiny: "TinyPlatform") -> None:
    with pytest.raises(ApplyError, match=r"function\.zip.*neither"):
        tiny.apply(FUNCTION)


def test_a_file_system_is_a_directory_that_stays(tiny: "TinyPlatform") -> None:
    program = """
shared = aws.efs.FileSystem("shared")
point = aws.efs.AccessPoint("point", file_system_id=shared.id, root_directory={"path": "/work"})
pulumi.export("shared", shared.id)
pulumi.export("point", point.id)
"""
    applied = tiny.apply(program)
    (applied.mounts[applied.exports["point"]] / "file").write_text("kept")

    again = tiny.apply(program)

    assert (again.mounts[again.exports["shared"]] / "work" / "file").read_text() == "kept"
    assert stat.S_IMODE(again.mounts[again.exports["point"]].stat().st_mode) == 0o711
