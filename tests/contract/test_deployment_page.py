"""docs/deployment.md tells sizes, commands and names as they are."""

import json
import re
import subprocess

import pytest

from components.config import config_keys
from components.config_values import convert
from local.paths import REPOSITORY_ROOT
from tests.contract.test_container import config_of
from tests.synthesised import STACKS, resources, synthesised
from tools.account_needs import most_vcpus, most_vcpus_of_largest_tasks, quota_needs, reserved_runs

PAGE = (REPOSITORY_ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
VCPUS = re.compile(r"^\| (dev|prod) \| \d+ \| [\d.]+ \| ([\d.]+) \| ([\d.]+) \|$", re.MULTILINE)
SIZED = re.compile(
    r"^\| [^|]+ \| `(?P<dev>[^`]+)` \| `(?P<prod>[^`]+)` \| [^|]+ \| `(?P<key>\w+)` \|$", re.MULTILINE
)


def test_sizes_in_the_cost_table_are_those_of_the_stack_files() -> None:
    rows = list(SIZED.finditer(PAGE))
    assert len(rows) >= 12
    for stack in STACKS:
        config = synthesised(stack).settings.own
        for row in rows:
            kind, _ = config_keys()[row["key"]]
            assert json.loads(row[stack]) == convert(kind, config[row["key"]]), row["key"]


def test_numbers_that_no_key_gives_are_those_of_the_synthesised_stacks() -> None:
    for stack in STACKS:
        run = synthesised(stack)
        assert len(resources(run, "kms/key:Key")) == 6
        # RDS keeps the master's secret itself, beside the three of the program.
        assert len(resources(run, "secretsmanager/secret:Secret")) == 3
        endpoints = resources(run, ":VpcEndpoint")
        interfaces = [entry for entry in endpoints if entry.inputs["vpcEndpointType"] == "Interface"]
        assert len(interfaces) == {"dev": 0, "prod": 9}[stack]
    assert re.search(r"customer-managed keys \| 6 \| 6 \|", PAGE)
    assert re.search(r"Secrets Manager \| 4 secrets \| 4 secrets \|", PAGE)
    assert re.search(r"Interface endpoints \| none \| 9 services in 2 zones, ", PAGE)


def test_the_page_tells_how_many_vcpus_the_tasks_of_each_stack_may_want() -> None:
    told = {stack: (base, grown) for stack, base, grown in VCPUS.findall(PAGE)}
    assert set(told) == set(STACKS)
    for stack in STACKS:
        config = config_of(synthesised(stack))
        sums = (most_vcpus(config), most_vcpus_of_largest_tasks(config))
        assert told[stack] == tuple(f"{vcpus:g}" for vcpus in sums)


def test_dev_fits_the_least_quota_of_a_new_account() -> None:
    assert most_vcpus_of_largest_tasks(config_of(synthesised("dev"))) <= 6


def test_every_key_that_the_page_names_exists() -> None:
    words = set(re.findall(r"`([a-z]+(?:_[a-z]+)+)(?:: [^`]*)?`", PAGE))
    others = {"console_links", "api_key_id", "pg_dump", "pg_restore"}
    others |= {f"{name}_secret_arn" for name in ("database", "redis", "signing")}
    assert words - others <= set(config_keys())
    assert others <= words


@pytest.mark.parametrize("target", sorted(set(re.findall(r"make (?:-s )?([a-z]+(?:-[a-z]+)*)", PAGE))))
def test_every_make_command_of_the_page_exists(target: str) -> None:
    # A dry run with the set-up counted as done: nothing is started.
    done = subprocess.run(
        ["make", "--dry-run", "--old-file=setup", target],
        cwd=REPOSITORY_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_page_says_what_a_reader_would_find_out_too_late() -> None:
    for told in (
        "secrets in their recovery window: 7 days, in prod as well",
        "aws/efs/automatic-backup-vault",
        "AWSLogDeliveryWrite20150319",
        "service-linked roles;",
        "pulumi login 's3://<state-bucket>?region=ap-northeast-1'",
        "`awsx` brings an AWS plugin of its own",
        "The preview builds the image as well",
        "`pulumi destroy --skip-preview`",
        "`vpc_cidr` is fixed once deployed",
        "the paid plan",
    ):
        assert told in PAGE, told


def test_secrets_can_be_taken_back_for_a_week_where_nothing_protects_them() -> None:
    for stack, days in (("dev", 7), ("prod", 30)):
        for secret in resources(synthesised(stack), "secretsmanager/secret:Secret"):
            assert secret.inputs["recoveryWindowInDays"] == days


def test_the_sums_of_the_page_are_those_that_preview_reckons() -> None:
    for stack, vcpus, runs in (("dev", 6, 0), ("prod", 400, 222)):
        config = synthesised(stack).settings.parsed()
        assert quota_needs(config)[0].wanted == vcpus
        assert reserved_runs(config) == runs
    assert "0 in dev, 222 in prod" in PAGE


def test_the_page_says_what_nobody_has_seen_on_aws() -> None:
    assert "## Not verified against AWS" in PAGE
    assert "Nothing on this page has been run against AWS" in PAGE
