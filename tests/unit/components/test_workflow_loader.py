"""The loader fills the definition completely and refuses one that breaks a rule."""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from workflow.loader import (
    LARGEST_DEFINITION_BYTES,
    DefinitionError,
    PlaceholderValue,
    check_definition,
    load_definition,
    placeholders,
)


@pytest.fixture
def values() -> dict[str, PlaceholderValue]:
    filled: dict[str, PlaceholderValue] = dict.fromkeys(placeholders(), "filled")
    return {
        **filled,
        "execution_timeout_seconds": 1800,
        "task_timeout_seconds": 1620,
        "chunk_max_concurrency": 10,
        "subnet_ids": ["subnet-1", "subnet-2"],
        "task_cpu_units": 1024,
        "task_memory_mib": 2048,
        "larger_task_sizes": [{"cpu_units": 1024, "memory_mib": 4096}],
    }


@pytest.fixture
def definition(values: dict[str, PlaceholderValue]) -> dict[str, Any]:
    return dict(json.loads(load_definition(values)))


def write(directory: Path, content: object) -> Path:
    path = directory / "machine.asl.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def test_values_keep_their_types(definition: dict[str, Any]) -> None:
    process = definition["States"]["ProcessVideo"]
    assert definition["TimeoutSeconds"] == 1800
    assert process["TimeoutSeconds"] == 1620
    network = process["Arguments"]["NetworkConfiguration"]["AwsvpcConfiguration"]
    assert network["Subnets"] == ["subnet-1", "subnet-2"]
    size = definition["States"]["ChooseTaskSize"]["Output"]["size"]
    larger = [{"cpu_units": 1024, "memory_mib": 4096}]
    assert size == {"cpu_units": 1024, "memory_mib": 2048, "larger": larger}
    assert "${" not in json.dumps(definition)


def test_an_unfilled_placeholder_is_refused_by_name(values: dict[str, PlaceholderValue]) -> None:
    del values["cluster_arn"]
    with pytest.raises(DefinitionError, match=r"placeholders without a value: \['cluster_arn'\]"):
        load_definition(values)


def test_a_value_without_a_placeholder_is_refused_by_name(values: dict[str, PlaceholderValue]) -> None:
    with pytest.raises(DefinitionError, match=r"values without a placeholder: \['bucket'\]"):
        load_definition({**values, "bucket": "x"})


@pytest.mark.parametrize("seconds", ["1800", 0, -1, True])
def test_a_timeout_that_is_no_literal_positive_integer_is_refused(
    values: dict[str, PlaceholderValue], seconds: PlaceholderValue
) -> None:
    with pytest.raises(DefinitionError, match="literal positive integer"):
        load_definition({**values, "execution_timeout_seconds": seconds})


def test_a_task_that_may_outlast_the_machine_is_refused(values: dict[str, PlaceholderValue]) -> None:
    with pytest.raises(DefinitionError, match="may take 1800 s, but the machine only 1800 s"):
        load_definition({**values, "task_timeout_seconds": 1800})


def test_a_list_inside_a_text_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, {"StartAt": "prefix-${names}"})
    with pytest.raises(DefinitionError, match="must be a text without quotes"):
        load_definition({"names": ["a"]}, path)


def test_a_quote_inside_an_expression_is_refused(values: dict[str, PlaceholderValue]) -> None:
    with pytest.raises(DefinitionError, match="without quotes"):
        load_definition({**values, "first_capacity_provider": "FARGATE' & 'x"})


def test_a_definition_larger_than_aws_accepts_is_refused(values: dict[str, PlaceholderValue]) -> None:
    with pytest.raises(DefinitionError, match=f"AWS accepts {LARGEST_DEFINITION_BYTES}"):
        load_definition({**values, "cluster_arn": "a" * LARGEST_DEFINITION_BYTES})


@pytest.mark.parametrize(
    ("state", "key", "message"),
    [
        ("ProcessVideo", "Retry", "needs Retry"),
        ("RecordFailure", "Catch", "needs Catch"),
        ("NotifyError", "TimeoutSeconds", "TimeoutSeconds is None"),
        ("ProcessVideo", "HeartbeatSeconds", "HeartbeatSeconds is None"),
        ("WhatHappened", "Default", "needs a Default"),
        ("Settled", "QueryLanguage", "must say its QueryLanguage"),
    ],
)
def test_a_state_without_what_it_needs_is_refused(
    definition: dict[str, Any], state: str, key: str, message: str
) -> None:
    broken = deepcopy(definition)
    del broken["States"][state][key]
    with pytest.raises(DefinitionError, match=message):
        check_definition(broken)


def test_a_catch_that_lets_errors_through_is_refused(definition: dict[str, Any]) -> None:
    definition["States"]["RecordFailure"]["Catch"][-1]["ErrorEquals"] = ["States.Timeout"]
    with pytest.raises(DefinitionError, match=r"last Catch must take States\.ALL"):
        check_definition(definition)


def test_a_heartbeat_longer_than_the_task_is_refused(definition: dict[str, Any]) -> None:
    definition["States"]["ProcessVideo"]["HeartbeatSeconds"] = 1620
    with pytest.raises(DefinitionError, match="HeartbeatSeconds must be less"):
        check_definition(definition)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"QueryLanguage": "JSONata"}, "must be JSONPath"),
        ({"MaxConcurrency": 0}, "MaxConcurrency"),
        ({"ToleratedFailureCount": 1}, "lacks no part"),
        ({"Catch": [{"ErrorEquals": ["States.Timeout"]}]}, "last Catch"),
    ],
    ids=["language", "concurrency", "tolerance", "catch"],
)
def test_a_map_that_could_lose_chunks_is_refused(
    definition: dict[str, Any], change: dict[str, Any], message: str
) -> None:
    definition["States"]["EncodeChunks"].update(change)
    with pytest.raises(DefinitionError, match=message):
        check_definition(definition)


def test_tasks_inside_of_a_map_keep_the_same_rules(definition: dict[str, Any]) -> None:
    del definition["States"]["EncodeChunks"]["ItemProcessor"]["States"]["EncodeChunk"]["Retry"]
    with pytest.raises(DefinitionError, match="EncodeChunk needs Retry"):
        check_definition(definition)


def test_a_query_language_for_the_whole_machine_is_refused(definition: dict[str, Any]) -> None:
    with pytest.raises(DefinitionError, match="each state says its own"):
        check_definition({**definition, "QueryLanguage": "JSONata"})
