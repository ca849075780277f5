"""The processor refuses an environment that it cannot work with, and names everything that is wrong."""

from pathlib import Path

import pytest

from processor.task.settings import Settings, SettingsError

NAMES = {
    "STACK": "dev",
    "LOG_LEVEL": "INFO",
    "DATABASE_HOST": "db.internal",
    "DATABASE_PORT": "5432",
    "DATABASE_NAME": "videometadata",
    "DATABASE_USERNAME": "video_app",
    "DATABASE_PASSWORD": "correct horse battery",
    "REDIS_HOST": "cache.internal",
    "REDIS_PORT": "6379",
    "REDIS_AUTH_TOKEN": "redis-token-value",
    "INGEST_BUCKET": "ingest-bucket",
    "MEDIA_BUCKET": "media-bucket",
    "HOME": "/scratch",
    "MAX_SOURCE_BYTES": "1073741824",
    "MAX_SOURCE_HOURS": "12",
    "CHUNKING_MODE": "auto",
    "CHUNK_WINDOW_SECONDS": "60",
    "CHUNK_CONCURRENCY": "10",
    "TASK_TIMEOUT_SECONDS": "1620",
    "WORKFLOW_TIMEOUT_SECONDS": "1800",
    "STEP": "prepare",
    "CHUNK": "",
    "JOB_ID": "7d3f2c56-2a2c-4f4f-9b3b-2f6a3c1d9a10",
    "ATTEMPT": "1",
    "TASK_TOKEN": "task-token-value",
    "EXECUTION_ARN": "arn:aws:states:ap-northeast-1:123456789012:execution:machine:job-1",
}


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {**NAMES, "SCRATCH_DIR": str(tmp_path), "TMPDIR": str(tmp_path), "SHARED_DIR": str(tmp_path)}


def test_a_complete_environment_gives_typed_settings(environ: dict[str, str]) -> None:
    settings = Settings.from_environment({**environ, "PATH": "/usr/bin"})
    assert settings.database_port == 5432
    assert str(settings.job_id) == NAMES["JOB_ID"]
    assert settings.task_token.get_secret_value() == "task-token-value"


def test_every_variable_is_required(environ: dict[str, str]) -> None:
    for name in set(environ) - {"CHUNK"}:
        without = {key: value for key, value in environ.items() if key != name}
        with pytest.raises(SettingsError, match=f"{name} is not set"):
            Settings.from_environment(without)


def test_a_chunk_is_needed_by_the_step_that_encodes_one_and_by_no_other(environ: dict[str, str]) -> None:
    without = {name: value for name, value in environ.items() if name != "CHUNK"}
    for step in ("prepare", "assemble"):
        assert Settings.from_environment({**without, "STEP": step}).chunk == ""
    assert Settings.from_environment({**without, "STEP": "encode", "CHUNK": "sound"}).chunk == "sound"
    with pytest.raises(SettingsError, match="CHUNK is not set"):
        Settings.from_environment({**without, "STEP": "encode"})
    with pytest.raises(SettingsError, match="CHUNK='' is refused"):
        Settings.from_environment({**without, "STEP": "encode", "CHUNK": ""})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_PORT", "0"),
        ("REDIS_PORT", "65536"),
        ("ATTEMPT", "0"),
        ("MAX_SOURCE_BYTES", "-1"),
        ("MAX_SOURCE_HOURS", "25"),
        ("JOB_ID", "not-a-uuid"),
        ("LOG_LEVEL", "LOUD"),
        ("INGEST_BUCKET", "Upper_Case"),
        ("STACK", ""),
        ("SCRATCH_DIR", "/does/not/exist"),
        ("TMPDIR", "relative"),
    ],
)
def test_a_value_out_of_range_is_named_with_its_value_and_remedy(
    environ: dict[str, str], name: str, value: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment({**environ, name: value})
    message = str(caught.value)
    assert f"{name}={value!r}" in message
    assert "the operator must" in message


def test_all_refused_variables_are_named_at_once(environ: dict[str, str]) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment({**environ, "DATABASE_PORT": "x", "ATTEMPT": "-3"})
    assert "DATABASE_PORT" in str(caught.value)
    assert "ATTEMPT" in str(caught.value)


def test_a_refused_secret_is_not_shown(environ: dict[str, str]) -> None:
    secret = "s" * 5000
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment({**environ, "DATABASE_PASSWORD": secret})
    assert "DATABASE_PASSWORD is refused" in str(caught.value)
    assert secret not in str(caught.value)


def test_settings_do_not_show_secrets_and_cannot_be_changed(environ: dict[str, str]) -> None:
    settings = Settings.from_environment(environ)
    for secret in ("correct horse battery", "redis-token-value", "task-token-value"):
        assert secret not in repr(settings)
    with pytest.raises(ValueError, match="frozen"):
        settings.attempt = 2  # type: ignore[misc]
