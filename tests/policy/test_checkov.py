"""Both stacks, written as Terraform JSON, through checkov."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.policy.checkers import CHECKERS_PYTHON
from tests.policy.rules import setting
from tests.policy.rules_services import TASK
from tests.policy.stack import Stack, stack_of
from tests.policy.terraform import address, terraform_document, written_resources
from tests.policy.terraform_types import NOT_WRITTEN
from tests.policy.waivers import Finding, load_waivers, unused, unwaived
from tests.synthesised import STACKS

# Checkov itself starts slowly, the more so beside other work.
pytestmark = pytest.mark.timeout(600)
OWN_CHECKS = Path(__file__).with_name("checkov_checks")
SEEN = "CKV_SEEN_1"
# Crashes on JSON files: it asks for a graph that checkov does not give it there. APIG4 is our rule for it.
CRASHES = "CKV2_AWS_70"
BROKEN = "broken"
# What a checker that works must find in the broken stack.
DEFECTS = {
    "aws:rds/instance:Instance": ("storageEncrypted", False, "CKV_AWS_16"),
    "aws:sqs/queue:Queue": ("kmsMasterKeyId", None, "CKV_AWS_27"),
    "aws:efs/fileSystem:FileSystem": ("encrypted", False, "CKV_AWS_42"),
    "aws:elasticache/replicationGroup:ReplicationGroup": ("transitEncryptionEnabled", False, "CKV_AWS_30"),
    "aws:s3/bucketVersioning:BucketVersioning": ("versioningConfiguration.status", "Suspended", "CKV_AWS_21"),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": ("blockPublicAcls", False, "CKV2_AWS_6"),
    "aws:sfn/stateMachine:StateMachine": ("tracingConfiguration.enabled", False, "CKV_AWS_284"),
}


@dataclass(frozen=True)
class Report:
    """What checkov saw and found, by directory."""

    seen: Mapping[str, set[str]]
    failed: Mapping[str, set[tuple[str, str]]]
    checks: int


def broken_stack() -> Stack:
    stack = stack_of("dev")
    for token, (path, value, _) in DEFECTS.items():
        stack = stack.changed(token, setting(path, value))
    return stack


@pytest.fixture(scope="session")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    root = tmp_path_factory.mktemp("terraform")
    for name, stack in {**{name: stack_of(name) for name in STACKS}, BROKEN: broken_stack()}.items():
        (root / name).mkdir()
        (root / name / "main.tf.json").write_text(json.dumps(terraform_document(stack)), encoding="utf-8")
    return read_report(run_checkov(root))


def run_checkov(root: Path) -> dict[str, Any]:
    command = [
        *(str(CHECKERS_PYTHON.with_name("checkov")), "--directory", str(root)),
        *("--framework", "terraform_json", "--external-checks-dir", str(OWN_CHECKS)),
        # Without --compact each finding carries its resource's file once more: 400 MB of report.
        *("--skip-check", CRASHES, "--skip-download", "--compact", "--output", "json"),
    ]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "Failed to run check" not in ended.stderr, ended.stderr
    assert ended.returncode in {0, 1}, ended.stderr
    return dict(json.loads(ended.stdout))


def read_report(document: dict[str, Any]) -> Report:
    assert document["summary"]["parsing_errors"] == 0
    results = document["results"]
    seen: dict[str, set[str]] = {}
    failed: dict[str, set[tuple[str, str]]] = {}
    for item in results["passed_checks"]:
        if item["check_id"] == SEEN:
            seen.setdefault(directory(item), set()).add(block(item))
    for item in results["failed_checks"]:
        failed.setdefault(directory(item), set()).add((item["check_id"], block(item)))
    return Report(seen, failed, len(results["passed_checks"]) + len(results["failed_checks"]))


def directory(item: Mapping[str, Any]) -> str:
    return str(item["file_path"]).split("/")[1]


def block(item: Mapping[str, Any]) -> str:
    """Checks of one resource name it ``resource.<name>``, checks of several ``<type>.<name>``."""
    return str(item["resource"]).rpartition(".")[2]


def names(stack: Stack) -> dict[str, str]:
    return {address(resource).rpartition(".")[2]: resource.label for resource in written_resources(stack)}


@pytest.fixture(scope="session")
def findings(report: Report) -> list[Finding]:
    return [
        Finding("checkov", check, name, names(stack_of(name))[resource])
        for name in STACKS
        for check, resource in report.failed[name]
    ]


def test_checkov_sees_every_resource_that_was_written(report: Report, stack: Stack) -> None:
    written = [resource for resource in stack.resources if resource.type not in NOT_WRITTEN]
    assert len(names(stack)) == len(written), "two resources share a name in the file"
    assert report.seen[stack.name] == set(names(stack))
    assert len(stack.resources) - len(written) == 1


def test_checkov_has_checked_something(report: Report) -> None:
    assert report.checks - sum(map(len, report.seen.values())) > 1000


def test_every_finding_of_checkov_has_a_waiver(findings: list[Finding]) -> None:
    assert unwaived(findings, load_waivers()) == []


def test_every_waiver_for_checkov_is_needed(findings: list[Finding]) -> None:
    assert unused(findings, load_waivers(), "checkov") == []


@pytest.mark.parametrize(("token", "check"), [(token, check) for token, (_, _, check) in DEFECTS.items()])
def test_checkov_finds_a_defect(report: Report, token: str, check: str) -> None:
    stack = stack_of("dev")
    suspects = {address(resource).rpartition(".")[2] for resource in stack.of(token)}
    if check in {"CKV_AWS_21", "CKV2_AWS_6"}:  # reported at the bucket
        suspects = {address(resource).rpartition(".")[2] for resource in stack.of("aws:s3/bucket:Bucket")}
    assert {(check, suspect) for suspect in suspects} <= report.failed[BROKEN]
    assert not {(check, suspect) for suspect in suspects} & report.failed["dev"]


def test_references_between_resources_are_kept(stack: Stack) -> None:
    written = terraform_document(stack)["resource"]
    assert written["aws_s3_bucket_policy"]["storage_ingest_policy"]["bucket"] == (
        "${aws_s3_bucket.storage_ingest_bucket.id}"
    )
    assert written["aws_db_instance"]["database_instance"]["kms_key_id"] == (
        "${aws_kms_key.encryption_database.arn}"
    )
    (task,) = written[address(stack.of(TASK)[0]).partition(".")[0]].values()
    assert task["execution_role_arn"] == "${aws_iam_role.task_execution_role.arn}"
