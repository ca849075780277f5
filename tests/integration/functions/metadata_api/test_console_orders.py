"""Executions that a person starts: the input becomes a job of that very execution, or is refused in words."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from ledger.database.connection import LedgerConnection
from ledger.turns import admission
from metadata_api.console import take_order
from metadata_api.settings import OrderSettings
from tests.function_settings import settings_of
from tests.ledger_support import (
    EXECUTION_PREFIX,
    column,
    count,
    event_types,
)

pytestmark = pytest.mark.integration
KEY = "films/holiday.mov"


@pytest.fixture
def settings(aws: Any, ingest_bucket: str) -> OrderSettings:
    aws.client("s3").put_object(Bucket=ingest_bucket, Key=KEY, Body=b"film")
    return settings_of(
        OrderSettings,
        "order",
        ingest_bucket=ingest_bucket,
        max_waiting_jobs=2,
        max_upload_bytes=1000,
        restore_days=7,
        restore_tier="Standard",
    )


def order(settings: OrderSettings, **changes: Any) -> dict[str, Any]:
    return {"source": {"bucket": settings.ingest_bucket, "key": KEY}, "profile": "web"} | changes


def execute(conn: LedgerConnection, settings: OrderSettings, given: Any, *, name: str = "") -> dict[str, Any]:
    """What the first state of an execution is told."""
    event = {"source": "order", "execution_arn": f"{EXECUTION_PREFIX}:{name or uuid4()}", "order": given}
    return take_order(conn, event, settings)


def test_an_input_with_a_source_becomes_a_job_of_that_execution(
    ledger_conn: LedgerConnection, settings: OrderSettings
) -> None:
    given = order(
        settings,
        priority=8,
        trim={"start_seconds": 1, "end_seconds": 2},
        metadata={"title": "Summer", "tags": ["sea"]},
    )

    answer = execute(ledger_conn, settings, given, name="try-this")

    job_id = UUID(answer["job_id"])
    assert answer == {"job_id": str(job_id), "attempt": 1, "status": "TAKEN"}
    assert column(ledger_conn, job_id, "execution_arn") == f"{EXECUTION_PREFIX}:try-this"
    assert column(ledger_conn, job_id, "owner") == "console"
    assert (column(ledger_conn, job_id, "status"), column(ledger_conn, job_id, "priority")) == ("QUEUED", 8)
    assert column(ledger_conn, job_id, "overrides") == {"trim": {"start_seconds": 1, "end_seconds": 2}}
    assert event_types(ledger_conn, job_id) == ["job.created"]
    assert ledger_conn.execute("SELECT title, tags FROM videos").fetchall() == [("Summer", ["sea"])]
    assert admission.admit(ledger_conn, 1) == admission.Admitted(job_id, 1, f"{EXECUTION_PREFIX}:try-this")
    assert event_types(ledger_conn, job_id) == ["job.created", "job.dispatched"]


def test_a_repeated_question_makes_no_second_job(
    ledger_conn: LedgerConnection, settings: OrderSettings
) -> None:
    answers = [execute(ledger_conn, settings, order(settings), name="once") for _ in range(2)]

    assert answers[0] == answers[1]
    assert count(ledger_conn, "jobs") == 1


@pytest.mark.parametrize(
    ("given", "field", "code"),
    [
        ({}, "source: is required", "VALIDATION_FAILED"),
        ({"Comment": "Insert your JSON here"}, "source: is required", "VALIDATION_FAILED"),
        ({"bucket": "b", "key": "k"}, "found bucket, key", "VALIDATION_FAILED"),
        ([], "input: must be a JSON object", "VALIDATION_FAILED"),
        (None, "input: must be a JSON object", "VALIDATION_FAILED"),
        ({"job_id": "1234", "attempt": 1}, "call POST /jobs/1234/retry", "VALIDATION_FAILED"),
        ({"source": {"key": KEY}}, "source.bucket: is required", "VALIDATION_FAILED"),
        ({"source": {"bucket": "elsewhere", "key": KEY}}, "source.bucket: only bucket", "SOURCE_NOT_ALLOWED"),
        ({"profile": "no-such"}, "profile: ", "VALIDATION_FAILED"),
        ({"priority": 10}, "priority: ", "VALIDATION_FAILED"),
        ({"quality": "best"}, "quality: is not a known field", "VALIDATION_FAILED"),
        ({"video_id": str(uuid4())}, "does not exist", "VIDEO_NOT_FOUND"),
    ],
)
def test_a_wrong_input_is_refused_with_its_field_and_what_to_do(
    ledger_conn: LedgerConnection, settings: OrderSettings, given: Any, field: str, code: str
) -> None:
    whole = isinstance(given, dict) and bool({"profile", "priority", "quality", "video_id"} & given.keys())

    answer = execute(ledger_conn, settings, order(settings, **given) if whole else given)

    assert answer["status"] == "REFUSED"
    assert field in answer["cause"]
    assert "Start a new execution" in answer["cause"]
    announcement = answer["announcement"]
    assert field in announcement["message"]
    assert announcement["attributes"]["error_code"] == code
    assert len(announcement["attributes"]) == 7
    assert announcement["subject"].isascii()
    assert count(ledger_conn, "jobs") == count(ledger_conn, "videos") == 0


@pytest.mark.parametrize(
    ("key", "size", "told"), [("films/none.mov", 0, "source.key"), ("films/large.mov", 1001, "at most 1000")]
)
def test_a_file_that_is_not_there_or_too_large_is_refused(
    ledger_conn: LedgerConnection, aws: Any, settings: OrderSettings, key: str, size: int, told: str
) -> None:
    if size:
        aws.client("s3").put_object(Bucket=settings.ingest_bucket, Key=key, Body=b"x" * size)

    answer = execute(ledger_conn, settings, {"source": {"bucket": settings.ingest_bucket, "key": key}})

    assert answer["status"] == "REFUSED"
    assert told in answer["cause"]


def test_more_executions_than_may_wait_are_refused(
    ledger_conn: LedgerConnection, settings: OrderSettings
) -> None:
    answers = [execute(ledger_conn, settings, order(settings)) for _ in range(3)]

    assert [answer["status"] for answer in answers] == ["TAKEN", "TAKEN", "REFUSED"]
    assert answers[-1]["announcement"]["attributes"]["error_code"] == "QUEUE_FULL"
