import io
import json
import logging
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from aws_lambda_powertools import Logger

from runtime.logs import RedactingFormatter, logger, redact

# Section 5.6, with the offset of UTC.
RFC_3339_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)")


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What the functions' logger writes in Lambda, whose own filter is at INFO."""
    monkeypatch.setenv("AWS_LAMBDA_LOG_LEVEL", "INFO")
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "logs-of-a-test")
    monkeypatch.setenv("POWERTOOLS_LOG_LEVEL", "WARNING")
    logger.cache_clear()
    stream = io.StringIO()
    logger().registered_handler.setStream(stream)  # type: ignore[attr-defined]
    yield stream
    logger.cache_clear()


def test_secret_values_are_blanked_at_any_depth() -> None:
    logged = redact(
        {
            "job_id": "j",
            "database": {"password": "hunter2", "host": "h"},
            "headers": [{"X-Api-Key": "k", "Authorization": "Bearer x"}],
            "task_token": "t",
        }
    )

    assert logged == {
        "job_id": "j",
        "database": {"password": "[redacted]", "host": "h"},
        "headers": [{"X-Api-Key": "[redacted]", "Authorization": "[redacted]"}],
        "task_token": "[redacted]",
    }


def test_a_line_is_json_with_its_fields_and_without_secrets() -> None:
    stream = io.StringIO()
    logger = Logger(
        service="ingest",
        logger_handler=logging.StreamHandler(stream),
        logger_formatter=RedactingFormatter(),
        level="INFO",
    )

    logger.info("job_dispatched", extra={"job_id": "j", "password": "hunter2"})

    line = json.loads(stream.getvalue())
    assert (line["message"], line["job_id"], line["service"]) == ("job_dispatched", "j", "ingest")
    assert "hunter2" not in stream.getvalue()


def test_a_line_tells_its_time_in_rfc_3339_and_utc(lines: io.StringIO) -> None:
    logger().error("job_lost")

    written = json.loads(lines.getvalue())["timestamp"]
    assert RFC_3339_UTC.fullmatch(written)
    assert abs(datetime.fromisoformat(written) - datetime.now(UTC)) < timedelta(minutes=5)


def test_the_logger_leaves_out_what_lambdas_own_filter_would_let_pass(lines: io.StringIO) -> None:
    logger().info("job_dispatched")
    logger().warning("step_failed")

    assert [json.loads(line)["message"] for line in lines.getvalue().splitlines()] == ["step_failed"]
