"""Log lines are JSON with the job bound, and secrets cannot leave through them."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from processor.task.logging import configure

TOKEN = "AQC8AAAAKgAAAAMAAAAAAAAAAtoken"


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    output = io.StringIO()
    configure(
        "DEBUG", secrets=[TOKEN, "hunter2hunter2"], bound={"job_id": "j-1", "attempt": 2}, stream=output
    )
    yield output
    root.handlers[:] = handlers
    root.setLevel(level)


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_each_line_is_json_with_event_fields_and_the_bound_job(stream: io.StringIO) -> None:
    logging.getLogger("processor.anything").info("source downloaded", extra={"size_bytes": 17})
    (line,) = lines(stream)
    assert line["event"] == "source downloaded"
    assert line["level"] == "INFO"
    assert line["logger"] == "processor.anything"
    assert (line["job_id"], line["attempt"], line["size_bytes"]) == ("j-1", 2, 17)
    assert line["timestamp"].endswith("+00:00")


@pytest.mark.parametrize(
    "text",
    [
        f"token {TOKEN} seen",
        "login with hunter2hunter2",
        "GET https://b.s3.amazonaws.com/k?X-Amz-Credential=AKIA123SECRET&X-Amz-Signature=SECRETsig",
        "header x-amz-security-token: SECRETsession",
        "password=SECRET, user=me",
        '{"taskToken": "SECRET"}',
        "postgresql://me:SECRET@db/video",
        "Authorization: SECRET",
    ],
)
def test_secrets_are_removed_from_messages_arguments_fields_and_tracebacks(
    stream: io.StringIO, text: str
) -> None:
    logger = logging.getLogger("child.of.root")
    logger.info(text)
    logger.info("argument %s", text)
    logger.info("field", extra={"detail": text, "nested": {"list": [text]}})
    try:
        raise ValueError(text)
    except ValueError:
        logger.exception("failed")
    output = stream.getvalue()
    assert len(lines(stream)) == 4
    assert "SECRET" not in output
    assert TOKEN not in output
    assert "hunter2" not in output
    assert "[redacted]" in output


def test_a_field_named_like_a_secret_is_removed_whatever_its_value(stream: io.StringIO) -> None:
    logging.getLogger("x").info("settings", extra={"values": {"password": "abc", "task_token": "def"}})
    assert lines(stream)[0]["values"] == {"password": "[redacted]", "task_token": "[redacted]"}


def test_ordinary_text_stays_as_it_is(stream: io.StringIO) -> None:
    text = "ffmpeg ended with code 1: moov atom not found (https://example.org/help)"
    logging.getLogger("x").warning(text)
    assert lines(stream)[0]["event"] == text


def test_chatty_libraries_stay_quiet_at_debug(stream: io.StringIO) -> None:
    logging.getLogger("botocore.auth").debug("signature with everything")
    assert stream.getvalue() == ""
