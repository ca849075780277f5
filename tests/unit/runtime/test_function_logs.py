import io
import json
import logging

from aws_lambda_powertools import Logger

from runtime.logs import RedactingFormatter, redact


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
