"""Pulumi.yaml, the stack files and the typed configuration know the same keys, and are read alike."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.config import config_keys
from local.paths import REPOSITORY_ROOT
from local.stack_config import load_stack_settings
from tests.stack_files import as_the_cli_writes
from tests.synthesised import STACKS

# Who answers for a stack and who is told is for its owner to say.
REQUIRED = {"owner", "notification_emails"}
PULUMI_TYPES = {"string", "integer", "boolean", "array"}


def load(name: str) -> dict[str, Any]:
    return dict(yaml.safe_load((Path(REPOSITORY_ROOT) / name).read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def declared() -> dict[str, Any]:
    config = dict(load("Pulumi.yaml")["config"])
    assert config.pop("aws:region") == {"value": "ap-northeast-1"}
    return config


def test_pulumi_yaml_declares_exactly_the_known_keys_in_their_order(declared: dict[str, Any]) -> None:
    assert list(declared) == list(config_keys())


def test_every_key_is_declared_with_its_type_and_meaning(declared: dict[str, Any]) -> None:
    for key, (kind, spec) in config_keys().items():
        assert kind in PULUMI_TYPES
        assert declared[key]["type"] == kind, key
        assert declared[key]["description"] == spec.meaning, key
        assert ("items" in declared[key]) == (kind == "array"), key


def test_only_what_nobody_can_know_beforehand_has_no_default(declared: dict[str, Any]) -> None:
    without = {key for key, entry in declared.items() if "default" not in entry and "value" not in entry}
    assert without == REQUIRED


def test_defaults_are_values_of_their_declared_types_as_the_engine_checks_them(
    declared: dict[str, Any],
) -> None:
    types = {"string": str, "integer": int, "boolean": bool, "array": list}
    for key, (kind, _) in config_keys().items():
        if key not in REQUIRED:
            assert type(declared[key]["default"]) is types[kind], key


@pytest.mark.parametrize("stack", STACKS)
def test_a_stack_file_holds_only_known_keys_and_only_what_differs(
    stack: str, declared: dict[str, Any]
) -> None:
    project = load("Pulumi.yaml")["name"]
    given = load(f"Pulumi.{stack}.yaml")["config"]
    assert {key.removeprefix(f"{project}:") for key in given} <= set(config_keys())
    repeated = [
        key
        for key, value in given.items()
        if declared[key.removeprefix(f"{project}:")].get("default") == value
    ]
    assert repeated == []


@pytest.mark.parametrize("stack", STACKS)
def test_the_program_gets_every_key_and_no_other(stack: str) -> None:
    settings = load_stack_settings(REPOSITORY_ROOT, stack)
    assert set(settings.own) == set(config_keys())
    assert set(settings.values) - {f"{settings.project}:{key}" for key in settings.own} == {"aws:region"}


@pytest.mark.parametrize("stack", STACKS)
def test_a_file_as_the_cli_writes_it_gives_the_same_configuration(stack: str, tmp_path: Path) -> None:
    own = load_stack_settings(REPOSITORY_ROOT, stack)
    whole = load(f"Pulumi.{stack}.yaml")["config"] | {
        f"{own.project}:{key}": json.loads(own.own[key])
        for key, (kind, _) in config_keys().items()
        if kind in {"integer", "boolean"}
    }
    shutil.copy(REPOSITORY_ROOT / "Pulumi.yaml", tmp_path)
    written = tmp_path / f"Pulumi.{stack}.yaml"
    written.write_text(as_the_cli_writes(whole), encoding="utf-8")
    assert "cache_nodes: '2'" in written.read_text()
    assert "encryptionsalt" in written.read_text()

    found = load_stack_settings(tmp_path, stack)

    assert found.values == own.values
    assert found.parsed() == own.parsed()


def test_a_third_stack_is_two_values(tmp_path: Path) -> None:
    shutil.copy(REPOSITORY_ROOT / "Pulumi.yaml", tmp_path)
    two = {"video-platform:owner": "media-team", "video-platform:notification_emails": ["ops@example.com"]}
    (tmp_path / "Pulumi.staging.yaml").write_text(as_the_cli_writes(two), encoding="utf-8")

    staging = load_stack_settings(tmp_path, "staging").parsed()

    assert staging.protection.deletion_protection
    assert staging.task == load_stack_settings(REPOSITORY_ROOT, "dev").parsed().task


def test_the_architecture_is_x86_64_for_tasks_by_default_and_arm64_for_functions(
    declared: dict[str, Any],
) -> None:
    # Everything about tasks was measured on x86-64, and Debian 12's encoders hardly know arm64.
    assert declared["task_cpu_architecture"]["default"] == "x86_64"
    assert declared["cpu_architecture"]["default"] == "arm64"
    for stack in STACKS:
        config = load_stack_settings(REPOSITORY_ROOT, stack).parsed()
        assert (config.task_cpu_architecture, config.cpu_architecture) == ("x86_64", "arm64")


@pytest.mark.parametrize("stack", STACKS)
def test_the_region_is_tokyo(stack: str) -> None:
    assert load_stack_settings(REPOSITORY_ROOT, stack).get("aws:region", "none") == "ap-northeast-1"


def test_dev_tells_an_example_address_about_every_outcome() -> None:
    emails = load("Pulumi.dev.yaml")["config"]["video-platform:notification_emails"]
    assert [address for address in emails if address.endswith("@example.com")]
