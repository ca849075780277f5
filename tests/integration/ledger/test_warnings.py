"""What was odd about a source stays with its job, its video and every job that is answered by its outputs."""

from typing import Any

import pytest

from ledger.database.connection import LedgerConnection
from ledger.jobs import job_queries, worker
from ledger.models import Claim, JobWarning
from ledger.videos import deletion, videos
from tests.ledger_support import (
    MEDIA_BUCKET,
    STACK,
    claimed,
    column,
    completed,
    create_object_job,
    new_job,
    output_of,
    queued_job,
    source_of,
)

pytestmark = pytest.mark.integration

ODD = JobWarning(code="TRACKS_LEFT_OUT", message="Nine of ten tracks are kept.", facts={"tracks": 10})


def complete_with(conn: LedgerConnection, claim: Claim, *warnings: JobWarning) -> str:
    told = worker.complete(
        conn, claim, [output_of(claim)], {}, stack=STACK, media_bucket=MEDIA_BUCKET, warnings=warnings
    )
    return told.message


def shown(conn: LedgerConnection, claim: Claim) -> tuple[Any, Any]:
    """The warnings of the job and of its video, as callers see them."""
    job, video = job_queries.get(conn, claim.job_id), videos.get(conn, claim.video_id)
    assert job is not None
    assert video is not None
    return job.warnings, video.warnings


def test_a_completed_job_and_its_video_tell_what_was_odd(ledger_conn: LedgerConnection) -> None:
    claim = claimed(ledger_conn, queued_job(ledger_conn))
    assert shown(ledger_conn, claim) == ([], [])

    message = complete_with(ledger_conn, claim, ODD)

    assert shown(ledger_conn, claim) == ([ODD.as_dict()], [ODD.as_dict()])
    assert "Nine of ten tracks are kept. (TRACKS_LEFT_OUT)" in message
    events = job_queries.events(ledger_conn, claim.job_id, after_id=0, limit=10)
    assert events is not None
    assert events[-1].data["warnings"] == ["TRACKS_LEFT_OUT"]
    assert ledger_conn.execute(
        "SELECT body::json -> 'data' -> 'warnings' FROM webhook_events"
    ).fetchone() == ([ODD.as_dict()],)


def test_a_video_tells_of_its_current_job_alone(ledger_conn: LedgerConnection) -> None:
    first = queued_job(ledger_conn)
    older = claimed(ledger_conn, first)
    complete_with(ledger_conn, older, ODD)
    again = new_job(first.video_id)
    newer = claimed(ledger_conn, create_object_job(ledger_conn, again, source_of(again.source_key)))
    completed(ledger_conn, newer)

    assert shown(ledger_conn, older) == ([ODD.as_dict()], [])
    (listed,) = videos.find(ledger_conn, videos.VideoFilter(), after=None, limit=5)
    assert listed.warnings == []


def test_facts_that_a_json_column_cannot_hold_are_made_to_fit(ledger_conn: LedgerConnection) -> None:
    claim = claimed(ledger_conn, queued_job(ledger_conn))

    complete_with(
        ledger_conn,
        claim,
        JobWarning(code="X", message="a\0b", facts={"seconds": float("inf"), "name": "c\0d"}),
    )

    assert shown(ledger_conn, claim)[0] == [
        {"code": "X", "message": "ab", "facts": {"seconds": None, "name": "cd"}}
    ]


def test_warnings_go_with_the_content_of_a_deleted_video(ledger_conn: LedgerConnection) -> None:
    claim = claimed(ledger_conn, queued_job(ledger_conn))
    complete_with(ledger_conn, claim, ODD)

    videos.mark_deleted(ledger_conn, claim.video_id, purge_at_once=True)
    deletion.scrub(ledger_conn, claim.video_id)

    assert column(ledger_conn, claim.job_id, "warnings") == []
