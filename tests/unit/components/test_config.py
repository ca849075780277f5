"""The typed configuration: what it accepts, and how it refuses everything else."""

import contextvars
import dataclasses
import json

import pulumi
import pytest

from components.config import config_keys, load_config, parse_config
from components.config_values import ConfigError
from local.paths import REPOSITORY_ROOT
from local.stack_config import load_stack_settings


@pytest.fixture
def values() -> dict[str, str]:
    """A valid configuration in Pulumi's text form."""
    return load_stack_settings(REPOSITORY_ROOT, "dev").own


def test_a_complete_configuration_is_parsed_with_its_types(values: dict[str, str]) -> None:
    config = parse_config(values)
    assert config.network.vpc_cidr == "10.0.0.0/16"
    assert config.network.availability_zones == 2
    assert config.protection.deletion_protection is False
    assert config.notifications.notification_emails == ("video-team@example.com",)


def test_the_configuration_cannot_be_changed_after_parsing(values: dict[str, str]) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        parse_config(values).owner = "somebody"  # type: ignore[misc]


def test_an_unknown_key_is_refused_with_its_name_and_the_known_ones(values: dict[str, str]) -> None:
    with pytest.raises(
        ConfigError, match=r"'nat_stratgy'.*unknown.*nat_strategy.*pulumi config rm nat_stratgy"
    ):
        parse_config({**values, "nat_stratgy": "single"})


@pytest.mark.parametrize("key", list(config_keys()))
def test_a_missing_key_is_refused_with_the_command_that_sets_it(values: dict[str, str], key: str) -> None:
    del values[key]
    is_array = config_keys()[key][0] == "array"
    command = rf"--path '{key}\[0\]' --type string" if is_array else key
    with pytest.raises(
        ConfigError, match=rf"'{key}'.*missing.*must be .*pulumi config set {command} <value>"
    ):
        parse_config(values)


@pytest.mark.parametrize(
    ("key", "text", "allowed"),
    [
        ("availability_zones", "1", "an integer from 2 to 3"),
        ("availability_zones", "4", "an integer from 2 to 3"),
        ("availability_zones", "two", "an integer from 2 to 3"),
        ("availability_zones", "2.0", "an integer from 2 to 3"),
        ("deletion_protection", "yes", "true or false"),
        ("nat_strategy", "double", "one of none, single, per-az"),
        ("log_retention_days", "8", "one of 1, 3, 5, 7"),
        ("vpc_cidr", "10.0.0.0/24", "like 10.0.0.0/16"),
        ("vpc_cidr", "10.0.0.300/16", "a private network address"),
        ("vpc_cidr", "10.0.1.0/16", "a private network address"),
        ("vpc_cidr", "8.8.0.0/16", "a private network address"),
        ("owner", "", "like media-team"),
        ("notification_emails", '["nobody"]', "like ops@example.com"),
        ("notification_emails", '["a@example.com","a@example.com"]', "each once"),
        ("notification_emails", "a@example.com", "a list of texts"),
        ("notification_emails", "[1]", "a list of texts"),
        ("notification_sms_numbers", "[81312345678]", "a list of texts"),
        ("cache_nodes", "1_0", "an integer from 2 to 6"),
        ("web_firewall", "True", "true or false"),
        ("notification_sms_numbers", '["0312345678"]', "like +81312345678"),
        ("notification_https_endpoints", '["http://hooks.example.com"]', "like https://hooks.example.com"),
        ("notification_https_endpoints", '["https://user:word@example.com/"]', "like https://hooks"),
        ("api_domain_name", "https://api.example.com", "like api.video.example.com"),
        ("api_certificate_arn", "arn:aws:iam::123456789012:server-certificate/x", "like arn:aws:acm:"),
        ("web_firewall_address_limit", "5", "an integer from 10"),
        ("cors_origins", '["*"]', "like https://video.example.com"),
        ("interface_endpoints", '["ec2"]', "items out of ecr.api"),
        ("database_engine_version", "15.4", "like 16"),
        ("database_backup_retention_days", "0", "an integer from 7 to 35"),
        ("cache_nodes", "1", "an integer from 2 to 6"),
        ("database_insights_retention_days", "31", "one of 7, 465"),
        ("database_insights_retention_days", "434", "one of 7, 465"),
        ("task_cpu_units", "512", "one of 1024, 2048"),
        ("task_ephemeral_storage_gib", "20", "an integer from 21 to 200"),
        ("max_source_hours", "0", "an integer from 1 to 24"),
        ("max_source_hours", "25", "an integer from 1 to 24"),
        ("image_uri", "no tag here", "like <registry>/<name>:<tag>"),
    ],
)
def test_a_value_out_of_range_is_refused_with_key_value_range_and_remedy(
    values: dict[str, str], key: str, text: str, allowed: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_config({**values, key: text})
    message = str(caught.value)
    assert repr(key) in message
    assert allowed in message
    is_array = config_keys()[key][0] == "array"
    command = f"--path '{key}[0]' --type string" if is_array else key
    assert f"pulumi config set {command} <value>" in message


@pytest.mark.parametrize(
    ("key", "changes", "reason"),
    [
        ("task_memory_mib", {"task_memory_mib": "16384"}, "2048 to 8192 in steps of 1024"),
        ("task_memory_mib", {"task_memory_mib": "2500"}, "2048 to 8192 in steps of 1024"),
        ("task_memory_max_mib", {"task_memory_mib": "4096", "task_memory_max_mib": "3072"}, "such as 4096"),
        (
            "task_memory_max_mib",
            {"task_memory_max_mib": "31744"},
            "with this task_cpu_units or more, such as",
        ),
        (
            "task_ephemeral_storage_gib",
            {"task_ephemeral_storage_gib": "21", "max_source_hours": "1"},
            "at least 25, which holds 2.5 times max_upload_bytes",
        ),
        ("workflow_timeout_seconds", {"workflow_timeout_seconds": "720"}, "at least 816"),
        (
            "max_source_hours",
            {"workflow_timeout_seconds": "1800"},
            "must be joined with a workflow_timeout",
        ),
        ("max_running_jobs", {"max_running_jobs": "7"}, "at most max_running_tasks, 6"),
        ("chunk_max_concurrency", {"chunk_max_concurrency": "7"}, "at most max_running_tasks, 6"),
        ("max_source_hours", {"max_source_hours": "24"}, "at most 12, or joined with"),
        ("max_source_hours", {"chunking_mode": "never"}, "at most 2, or joined with"),
        ("task_ephemeral_storage_gib", {"task_ephemeral_storage_gib": "70"}, "at least 80"),
        (
            "interface_endpoints",
            {"nat_strategy": "none"},
            "ecr.api, ecr.dkr, kms, lambda, logs, secretsmanager, sns, sqs, states",
        ),
        ("interface_endpoints", {"interface_endpoints": '["logs"]'}, "ecr.api"),
        ("database_max_allocated_storage_gib", {"database_max_allocated_storage_gib": "100"}, "at least 110"),
        ("originals_deep_archive_days", {"originals_deep_archive_days": "100"}, "at least 120"),
        ("api_burst_limit", {"api_burst_limit": "500"}, "at least 1000"),
        ("database_insights_retention_days", {"database_insights_mode": "advanced"}, "must be at least 465"),
        (
            "web_firewall_address_limit",
            {"web_firewall": "true", "web_firewall_address_limit": "301999"},
            "at least 302000",
        ),
        ("background_reserved_concurrency", {"background_reserved_concurrency": "3"}, "0 or at least 5"),
        ("task_cpu_architecture", {"task_cpu_architecture": "arm64"}, "x86_64, which the image of this"),
        ("api_certificate_arn", {"api_domain_name": "api.example.com"}, "exactly when api_domain_name"),
    ],
)
def test_values_that_contradict_each_other_are_refused(
    values: dict[str, str], key: str, changes: dict[str, str], reason: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_config({**values, **changes})
    assert repr(key) in str(caught.value)
    assert reason in str(caught.value)


def test_a_week_or_fifteen_months_of_insights_are_accepted_in_standard_mode(values: dict[str, str]) -> None:
    for days in ("7", "465", "731"):
        config = parse_config({**values, "database_insights_retention_days": days})
        assert config.database.database_insights_retention_days == int(days)


def test_all_wrong_keys_are_told_at_once_in_a_line_each(values: dict[str, str]) -> None:
    del values["owner"]
    with pytest.raises(ConfigError) as caught:
        parse_config({**values, "cache_nodes": "1", "cors_origins": '["*", "x"]', "nat_stratgy": "single"})
    assert str(caught.value).splitlines() == list(caught.value.faults.values())
    assert set(caught.value.faults) == {"nat_stratgy", "owner", "cors_origins", "cache_nodes"}


def test_contradictions_are_told_beside_keys_that_are_wrong_for_themselves(values: dict[str, str]) -> None:
    wrong = {
        "task_cpu_units": "7",
        "task_memory_mib": "2500",
        "api_burst_limit": "500",
        "api_domain_name": "a.b",
    }
    with pytest.raises(ConfigError) as caught:
        parse_config({**values, **wrong, "task_cpu_architecture": "arm64"})
    # What the memory must fit is unknown, so nothing is said of it.
    assert set(caught.value.faults) == {
        "task_cpu_units",
        "task_cpu_architecture",
        "api_burst_limit",
        "api_certificate_arn",
    }


def test_all_contradictions_are_told_at_once_in_a_line_each(values: dict[str, str]) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_config(
            {
                **values,
                "vpc_cidr": "8.8.0.0/16",
                "task_ephemeral_storage_gib": "21",
                "api_burst_limit": "500",
                "database_insights_mode": "advanced",
            }
        )
    assert len(str(caught.value).splitlines()) == len(caught.value.faults)
    assert set(caught.value.faults) == {
        "vpc_cidr",
        "task_ephemeral_storage_gib",
        "api_burst_limit",
        "database_insights_retention_days",
    }


def test_a_refusal_reaches_the_engine_as_an_error_that_it_prints_without_a_traceback(
    values: dict[str, str],
) -> None:
    wrong = {**values, "cache_nodes": "1", "owner": ""}
    given = {"aws:region": "ap-northeast-1"} | {f"video-platform:{key}": text for key, text in wrong.items()}

    def load() -> None:
        pulumi.runtime.set_all_config(given, [])
        load_config("video-platform")

    with pytest.raises(pulumi.RunError) as caught:
        contextvars.copy_context().run(load)
    assert [line.split(",")[0] for line in str(caught.value).splitlines()] == [
        "configuration key 'owner' is ''",
        "configuration key 'cache_nodes' is 1",
    ]


def test_no_nat_is_accepted_when_endpoints_lead_to_all_services(values: dict[str, str]) -> None:
    endpoints = ["ecr.api", "ecr.dkr", "kms", "lambda", "logs", "secretsmanager", "sns", "sqs", "states"]
    config = parse_config({**values, "nat_strategy": "none", "interface_endpoints": json.dumps(endpoints)})
    assert config.network.interface_endpoints == tuple(endpoints)


def test_the_task_stops_early_enough_for_the_workflow_to_settle(values: dict[str, str]) -> None:
    config = parse_config(values)
    assert config.jobs.task_stops_at_seconds == config.jobs.workflow_timeout_seconds - 180


def test_every_key_is_declared_once_in_all_groups(values: dict[str, str]) -> None:
    settings = dataclasses.asdict(parse_config(values))
    declared = [
        key
        for name, setting in settings.items()
        for key in (setting if isinstance(setting, dict) else [name])
    ]
    assert declared == list(config_keys())
    assert len(declared) == len(set(declared))


def test_every_key_has_a_meaning_and_a_range() -> None:
    for key, (kind, spec) in config_keys().items():
        assert spec.meaning, key
        if kind == "integer":
            assert spec.choices or (spec.minimum is not None and spec.maximum is not None), key
        if spec.pattern:
            assert spec.example, f"{key} needs an example for its error message"
