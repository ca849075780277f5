from dataclasses import fields

import pytest

from ledger.errors import SettingsError
from metadata_api.settings import ApiSettings
from orchestration.settings import IngestSettings
from upkeep.settings import MigrateSettings

COMMON = {
    "STACK": "dev",
    "POWERTOOLS_SERVICE_NAME": "api",
    "POWERTOOLS_LOG_LEVEL": "INFO",
    "DATABASE_HOST": "db",
    "DATABASE_PORT": "5432",
    "DATABASE_NAME": "videometadata",
    "DATABASE_SECRET_ARN": "arn:secret",
    "DATABASE_PROXIED": "false",
}
API = COMMON | {
    "REDIS_HOST": "cache",
    "REDIS_PORT": "6379",
    "REDIS_SECRET_ARN": "arn:redis",
    "SIGNING_SECRET_ARN": "arn:signing",
    "INGEST_BUCKET": "in",
    "MEDIA_BUCKET": "out",
    "STATE_MACHINE_ARN": "arn:machine",
    "MAX_RUNNING_JOBS": "4",
    "MAX_WAITING_JOBS": "100",
    "MAX_UPLOAD_BYTES": "5000",
    "DELETED_RETENTION_DAYS": "7",
    "RESTORE_DAYS": "3",
    "RESTORE_TIER": "Standard",
    "CORS_ORIGINS": "https://a.example, https://b.example",
    "RECORD_ACCESS": "shared",
    "WEBHOOK_KEY_ARN": "arn:key",
    "WEBHOOK_TRUSTED_HOSTS": "",
    "INGEST_QUEUE_URL": "https://sqs/1",
    "INGEST_DEAD_LETTER_QUEUE_URL": "https://sqs/2",
    "WEBHOOK_QUEUE_URL": "https://sqs/3",
    "WEBHOOK_DEAD_LETTER_QUEUE_URL": "https://sqs/4",
    "WEBHOOK_REPORT_QUEUE_URL": "https://sqs/5",
    "WEBHOOK_REPORT_DEAD_LETTER_QUEUE_URL": "https://sqs/6",
    "KEY_MAKER_FUNCTION_NAME": "video-key-maker-dev",
    "EDGE_URL": "",
    "EDGE_SECRET_ARN": "",
    "EDGE_QUEUE_URL": "",
    "VIEWING_LEAST_HOURS": "12",
    "VIEWING_MOST_HOURS": "48",
}


def test_each_variable_becomes_a_field_of_its_type() -> None:
    settings = ApiSettings.from_environment(API | {"UNRELATED": "x"})

    assert (settings.database_port, settings.max_upload_bytes) == (5432, 5000)
    assert settings.cors_origins == ("https://a.example", "https://b.example")


def test_the_list_of_origins_may_be_empty() -> None:
    assert ApiSettings.from_environment(API | {"CORS_ORIGINS": ""}).cors_origins == ()


def test_all_problems_are_named_at_once_with_who_must_act() -> None:
    environment = {name: value for name, value in COMMON.items() if name != "DATABASE_HOST"}

    with pytest.raises(SettingsError) as caught:
        IngestSettings.from_environment(
            environment
            | {
                "DATABASE_PORT": "many",
                "DATABASE_PROXIED": "perhaps",
                "STACK": "",
                "STATE_MACHINE_ARN": "arn",
                "INGEST_BUCKET": "b",
            }
        )

    text = str(caught.value)
    for expected in ("DATABASE_HOST: missing", "DATABASE_PORT: expected a whole number, got 'many'",
        "DATABASE_PROXIED: expected true or false, got 'perhaps'",
                     "STACK: empty", "MAX_UPLOAD_BYTES: missing", "component"):  # fmt: skip
        assert expected in text


@pytest.mark.parametrize("port", ["-1", "1.5", "\u0665", "", " 5"])
def test_only_plain_digits_are_numbers(port: str) -> None:
    with pytest.raises(SettingsError, match="DATABASE_PORT"):
        MigrateSettings.from_environment(COMMON | {"DATABASE_PORT": port})


def test_the_migrate_function_gets_one_secret_beyond_the_common_variables() -> None:
    assert {item.name.upper() for item in fields(MigrateSettings)} == {
        *COMMON,
        "DATABASE_MASTER_SECRET_ARN",
    }
