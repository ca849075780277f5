"""Every policy document through parliament, which knows each action's resource types and conditions."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.policy.checkers import CHECKERS_PYTHON
from tests.policy.permissions import many
from tests.policy.stack import Resource, Stack, stack_of
from tests.policy.waivers import Finding, load_waivers, unused, unwaived
from tests.synthesised import STACKS

SCRIPT = Path(__file__).with_name("parliament_findings.py")
KEYS = ("policy", "assumeRolePolicy")


def lint(documents: dict[str, str]) -> dict[str, Any]:
    ended = subprocess.run(
        [CHECKERS_PYTHON, SCRIPT], input=json.dumps(documents), capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    return dict(json.loads(ended.stdout))


def documents_of(stack: Stack) -> dict[str, str]:
    return {
        f"{stack.name} {resource.label}": complete(resource, key)
        for resource in stack.resources
        for key in KEYS
        if isinstance(resource.inputs.get(key), str)
    }


def complete(resource: Resource, key: str) -> str:
    """Say in a trust policy what AWS takes for granted, its role, because parliament asks for a resource."""
    document = json.loads(resource.inputs[key])
    if key == "assumeRolePolicy":
        for statement in document["Statement"]:
            statement["Resource"] = resource.outputs["arn"]
    return json.dumps(document)


@pytest.fixture(scope="session")
def findings() -> list[Finding]:
    documents = {name: text for stack in STACKS for name, text in documents_of(stack_of(stack)).items()}
    report = lint(documents)
    assert report["checked"] == len(documents) > 60
    found = []
    for item in report["findings"]:
        stack, _, resource = item["document"].partition(" ")
        found.append(Finding("parliament", item["id"], stack, resource, item["detail"]))
    return found


def test_every_finding_of_parliament_has_a_waiver(findings: list[Finding]) -> None:
    assert unwaived(findings, load_waivers()) == []


def test_every_waiver_for_parliament_is_needed(findings: list[Finding]) -> None:
    assert unused(findings, load_waivers(), "parliament") == []


@pytest.mark.parametrize(
    ("statement", "identifier"),
    [
        ({"Action": "s3:GetObjekt", "Resource": "arn:aws:s3:::b/*"}, "UNKNOWN_ACTION"),
        ({"Action": "s3:GetObject", "Resource": "arn:aws:s3:::b"}, "RESOURCE_MISMATCH"),
        ({"Action": "s3:*", "Resource": "*"}, "RESOURCE_STAR"),
        ({"Action": "s3:GetObject"}, "MALFORMED"),
    ],
)
def test_parliament_finds_a_bad_statement(statement: dict[str, Any], identifier: str) -> None:
    document = {"Version": "2012-10-17", "Statement": [{"Sid": "A", "Effect": "Allow", **statement}]}
    assert identifier in {item["id"] for item in lint({"bad": json.dumps(document)})["findings"]}


def test_no_allow_has_a_star_for_its_action(stack: Stack) -> None:
    for name, text in documents_of(stack).items():
        for statement in json.loads(text)["Statement"]:
            if statement["Effect"] == "Allow":
                assert "*" not in many(statement["Action"]), name
