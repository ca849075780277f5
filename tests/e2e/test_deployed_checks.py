"""The checks of a deployed stack, run against the platform on this machine."""

import json
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from local.servers.emulator import ROOT_ACCESS_KEY_ID, ROOT_SECRET_ACCESS_KEY
from tests.platform_client import CHECKOUT, Platform

pytestmark = pytest.mark.timeout(400)

# Modules with checks that the platform on this machine answers.
CHECKED_HERE = ("test_api", "test_job", "test_processing", "test_stores")
SERVICES = {
    "API": "test_a_missing_or_wrong_key_is_refused",
    "S3": "test_a_bucket_is_versioned_encrypted_and_closed_to_the_public",
    "SNS": "test_a_topic_is_encrypted_and_somebody_listens",
    "SQS": "test_the_ingest_queue_gives_up_into_its_dead_letter_queue",
    "Step Functions": "test_the_state_machine_is_active_and_logs_everything",
    "ECS": "test_the_cluster_is_active_and_offers_both_kinds_of_fargate",
    "execution": "test_an_execution_processes_the_clip",
}
SKIPPED_HERE = {
    "the network is modelled, nothing is created for it",
    "RDS is a private PostgreSQL",
    "ElastiCache is a private Redis",
    "EFS is a directory",
    "statements that only demand TLS are left out unless it runs with --emulator-tls",
    "the emulator forgets whether a state machine is traced",
    "no mail is sent, so no subscription is ever confirmed by a person",
}


def run_checks(directory: Path, environment: dict[str, str]) -> dict[str, tuple[str, str]]:
    """Run tests/deployed; give outcome and reason by test name, parameters included."""
    report = directory / "report.xml"
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "tests/deployed",
            "-q",
            "-p",
            "no:cacheprovider",
            f"--junitxml={report}",
        ],
        cwd=CHECKOUT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:]
    results = {}
    for case in ET.parse(report).iter("testcase"):  # noqa: S314  pytest wrote it a moment ago
        skipped = case.find("skipped")
        reason = "" if skipped is None else str(skipped.get("message"))
        outcome = "passed" if skipped is None else "skipped"
        results[f"{case.get('classname')}::{case.get('name')}"] = (outcome, reason)
    return results


@pytest.fixture(scope="module")
def results(platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, str]]:
    directory = tmp_path_factory.mktemp("deployed")
    outputs = directory / "outputs.json"
    outputs.write_text(json.dumps(platform.exports))
    return run_checks(
        directory,
        {
            "DEPLOYED_OUTPUTS": str(outputs),
            "AWS_ENDPOINT_URL": platform.description["emulator_url"],
            "AWS_ACCESS_KEY_ID": ROOT_ACCESS_KEY_ID,
            "AWS_SECRET_ACCESS_KEY": ROOT_SECRET_ACCESS_KEY,
        },
    )


@pytest.mark.parametrize("service", SERVICES)
def test_the_checks_of_a_service_pass_here(results: dict[str, tuple[str, str]], service: str) -> None:
    outcomes = {outcome for name, (outcome, _) in results.items() if SERVICES[service] in name}
    assert outcomes == {"passed"}


def test_what_cannot_be_checked_here_is_skipped_with_its_reason(results: dict[str, tuple[str, str]]) -> None:
    reasons = {reason.removeprefix("not in local mode: ") for outcome, reason in results.values() if reason}
    assert reasons == SKIPPED_HERE


def test_everything_else_passes_here(results: dict[str, tuple[str, str]]) -> None:
    passed = [name for name, (outcome, _) in results.items() if outcome == "passed"]
    for module in CHECKED_HERE:
        assert [name for name in passed if f".{module}::" in name], module
    assert len(passed) > len(results) / 2


def test_without_a_stack_every_check_is_skipped_with_the_way_to_give_one(tmp_path: Path) -> None:
    environment = {"DEPLOYED_OUTPUTS": ""}
    outcomes = run_checks(tmp_path, environment)
    assert {outcome for outcome, _ in outcomes.values()} == {"skipped"}
    assert all("make outputs SECRETS=1" in reason for _, reason in outcomes.values())
