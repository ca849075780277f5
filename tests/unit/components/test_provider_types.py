"""Every input fits the types of the installed provider packages, nested ones included."""

from typing import Any

import pytest

from local.program import ProgramRun
from tests.wheel_schema import problems

PROVIDERS = ("aws:", "awsx:", "random:")


def test_every_input_of_every_resource_is_known_complete_and_of_its_type(run: ProgramRun) -> None:
    checked = [entry for entry in run.registrations.values() if entry.type.startswith(PROVIDERS)]
    assert len(checked) > 150
    found = [problem for entry in checked for problem in problems(entry.type, without_assets(entry.inputs))]
    assert found == []


def without_assets(inputs: Any) -> dict[str, Any]:
    # A package is recorded as the SDK's own archive value, which no input type describes.
    return {key: value for key, value in inputs.items() if key != "code"}


QUEUE = "aws:sqs/queue:Queue"
LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"


@pytest.mark.parametrize(
    ("token", "inputs", "finding"),
    [
        (QUEUE, {"name": "a", "encrypted": True}, "encrypted is unknown"),
        (QUEUE, {"visibilityTimeoutSeconds": "30"}, "visibilityTimeoutSeconds is '30', not int"),
        (QUEUE, {"tags": ["a"]}, "is ['a'], not a mapping"),
        (QUEUE, {"tags": {"a": 1}}, "tags.a is 1, not str"),
        (LIFECYCLE, {"rules": []}, "bucket is missing"),
        (LIFECYCLE, {"bucket": "b", "rules": [{"id": "r"}]}, "rules[0]: status is missing"),
        (
            LIFECYCLE,
            {"bucket": "b", "rules": [{"id": "r", "status": "Enabled", "days": 1}]},
            "rules[0]: days is unknown",
        ),
        ("awsx:ec2:Vpc", {"natGateways": {"strategy": "Two"}}, "is 'Two', not one of"),
        ("awsx:ec2:Vpc", {"natGateways": {}}, "strategy is missing"),
    ],
)
def test_a_wrong_input_is_found(token: str, inputs: dict[str, Any], finding: str) -> None:
    assert any(finding in problem for problem in problems(token, inputs)), problems(token, inputs)
