"""docs/deployment.md tells sizes, commands and names as they are."""

import re
import subprocess

import pytest
import yaml

from components.config import config_keys
from local.paths import REPOSITORY_ROOT
from tests.contract.test_container import config_of
from tests.synthesised import STACKS, resources, synthesised
from tools.fargate_quota import most_vcpus, most_vcpus_of_largest_tasks

PAGE = (REPOSITORY_ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
VCPUS = re.compile(r"^\| (dev|prod) \| \d+ \| [\d.]+ \| ([\d.]+) \| ([\d.]+) \|$", re.MULTILINE)
SIZED = re.compile(
    r"^\| [^|]+ \| `(?P<dev>[^`]+)` \| `(?P<prod>[^`]+)` \| [^|]+ \| `(?P<key>\w+)` \|$", re.MULTILINE
)


def test_sizes_in_the_cost_table_are_those_of_the_stack_files() -> None:
    rows = list(SIZED.finditer(PAGE))
    assert len(rows) >= 12
    for stack in STACKS:
        text = (REPOSITORY_ROOT / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8")
        config = yaml.safe_load(text)["config"]
        for row in rows:
            assert yaml.safe_load(row[stack]) == config[f"video-platform:{row['key']}"], row["key"]


def test_numbers_that_no_key_gives_are_those_of_the_synthesised_stacks() -> None:
    for stack in STACKS:
        run = synthesised(stack)
        assert len(resources(run, "kms/key:Key")) == 6
        # RDS keeps the master's secret itself, beside the two of the program.
        assert len(resources(run, "secretsmanager/secret:Secret")) == 2
        endpoints = resources(run, ":VpcEndpoint")
        interfaces = [entry for entry in endpoints if entry.inputs["vpcEndpointType"] == "Interface"]
        assert len(interfaces) == {"dev": 0, "prod": 8}[stack]
    assert re.search(r"customer-managed keys \| 6 \| 6 \|", PAGE)
    assert re.search(r"Secrets Manager \| 3 secrets \| 3 secrets \|", PAGE)
    assert re.search(r"Interface endpoints \| none \| 8 services in 2 zones \|", PAGE)


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
    others = {"console_links", "api_key_id", "database_secret_arn", "pg_dump", "pg_restore"}
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


def test_the_page_says_what_nobody_has_seen_on_aws() -> None:
    assert "## Not verified against AWS" in PAGE
    assert "Nothing on this page has been run against AWS" in PAGE
