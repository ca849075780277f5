"""Pulumi.yaml, both stack files and the typed configuration know the same keys."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from components.config import config_keys
from local.paths import REPOSITORY_ROOT
from tests.synthesised import STACKS

PULUMI_TYPES = {"string", "integer", "boolean", "array"}


def load(name: str) -> dict[str, Any]:
    return dict(yaml.safe_load((Path(REPOSITORY_ROOT) / name).read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def declared() -> dict[str, Any]:
    return dict(load("Pulumi.yaml")["config"])


def test_pulumi_yaml_declares_exactly_the_known_keys_in_their_order(declared: dict[str, Any]) -> None:
    assert list(declared) == list(config_keys())


def test_every_key_is_declared_with_its_type_and_meaning(declared: dict[str, Any]) -> None:
    for key, (kind, spec) in config_keys().items():
        assert kind in PULUMI_TYPES
        assert declared[key]["type"] == kind, key
        assert declared[key]["description"] == spec.meaning, key
        assert ("items" in declared[key]) == (kind == "array"), key


def test_no_key_has_a_default_that_a_stack_could_miss(declared: dict[str, Any]) -> None:
    assert not [key for key, entry in declared.items() if "default" in entry or "value" in entry]


@pytest.mark.parametrize("stack", STACKS)
def test_a_stack_sets_every_key_and_no_other(stack: str) -> None:
    project = load("Pulumi.yaml")["name"]
    keys = set(load(f"Pulumi.{stack}.yaml")["config"])
    assert keys == {f"{project}:{key}" for key in config_keys()} | {"aws:region"}


@pytest.mark.parametrize("stack", STACKS)
def test_the_region_is_tokyo(stack: str) -> None:
    assert load(f"Pulumi.{stack}.yaml")["config"]["aws:region"] == "ap-northeast-1"


def test_dev_tells_an_example_address_about_every_outcome() -> None:
    emails = load("Pulumi.dev.yaml")["config"]["video-platform:notification_emails"]
    assert [address for address in emails if address.endswith("@example.com")]
