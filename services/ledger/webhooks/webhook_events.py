"""What webhooks tell: stored with the change itself, and a delivery to every endpoint that asked for it."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID, uuid5

from ledger.announcements.announcement import event_id
from ledger.states import JobStatus

if TYPE_CHECKING:
    # Only named here: a route that never reaches the database must not load its driver.
    from ledger.database.connection import LedgerConnection

# Endpoints choose from these; the tests' own event is sent on request only.
EVENT_TYPES: Final = ("job.completed", "job.failed", "job.cancelled", "webhook.disabled")
TEST_EVENT_TYPE: Final = "webhook.test"
_JOB_STATUSES: Final[Mapping[str, JobStatus]] = {
    "job.completed": JobStatus.COMPLETED,
    "job.failed": JobStatus.FAILED,
    "job.cancelled": JobStatus.CANCELLED,
}

# The endpoint is not locked: deleting one only hides it, so that it can never fail a job's last transaction.
_DELIVER: Final = """
    INSERT INTO webhook_deliveries (endpoint_id, event_id)
    SELECT e.id, event.id FROM event JOIN webhook_endpoints e ON event.type = ANY (e.event_types)
     WHERE e.disabled_reason IS NULL AND e.deleted_at IS NULL
       AND (e.client IS NULL OR e.client = event.client)
"""
_TELL_JOB: Final = f"""
    WITH event AS (
        INSERT INTO webhook_events (id, type, job_id, client, body)
        SELECT %(id)s, %(type)s, j.id, v.client, json_build_object(
            'type', %(type)s::text,
            'timestamp', to_char(j.finished_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
            'data', json_build_object(
                'job_id', j.id, 'video_id', j.video_id, 'batch_id', j.batch_id, 'status', j.status,
                'attempt', j.attempt, 'profile', j.profile, 'filename', j.filename,
                'source', json_build_object('bucket', j.source_bucket, 'key', j.source_key,
                    'version_id', j.source_version_id, 'etag', j.source_etag),
                'warnings', j.warnings,
                'error', CASE WHEN j.error_code IS NOT NULL THEN json_build_object(
                    'code', j.error_code, 'message', j.error_message, 'remedy', j.error_remedy) END))::text
          FROM jobs j JOIN videos v ON v.id = j.video_id WHERE j.id = %(job_id)s
        ON CONFLICT (id) DO NOTHING RETURNING id, type, client)
    {_DELIVER}
"""  # noqa: S608 -- constants
_TELL: Final = f"""
    WITH event AS (
        INSERT INTO webhook_events (id, type, client, body)
        SELECT %(id)s, %(type)s, w.client, %(body)s FROM webhook_endpoints w WHERE w.id = %(endpoint_id)s
        ON CONFLICT (id) DO NOTHING RETURNING id, type, client)
    {_DELIVER}
"""  # noqa: S608 -- constants


def tell_job(conn: "LedgerConnection", job_id: UUID, attempt: int, event_type: str) -> None:
    """Stores the webhook event of a job's end, if the type is one; call it after the change, inside it.

    A repeat stores nothing: the id is the one of the announcement.
    """
    status = _JOB_STATUSES.get(event_type)
    if status is not None:
        told = {"id": event_id(job_id, status, attempt), "type": event_type, "job_id": job_id}
        conn.execute(_TELL_JOB, told)


def tell_disabled(conn: "LedgerConnection", endpoint_id: UUID, url: str, reason: str) -> None:
    """Stores that the platform gave an endpoint up, for the other endpoints that want and may know."""
    now = datetime.now(UTC)
    data = {"webhook_id": str(endpoint_id), "url": url, "reason": reason}
    told = {
        "id": uuid5(endpoint_id, f"disabled/{now.isoformat()}"),
        "type": "webhook.disabled",
        "endpoint_id": endpoint_id,
        "body": _body("webhook.disabled", now, data),
    }
    conn.execute(_TELL, told)


def tell_test(conn: "LedgerConnection", endpoint_id: UUID, test_id: UUID) -> None:
    """Stores an event that means nothing, for this endpoint alone."""
    body = _body(TEST_EVENT_TYPE, datetime.now(UTC), {"webhook_id": str(endpoint_id)})
    query = """
        WITH event AS (
            INSERT INTO webhook_events (id, type, body) VALUES (%(id)s, %(type)s, %(body)s) RETURNING id)
        INSERT INTO webhook_deliveries (endpoint_id, event_id) SELECT %(endpoint_id)s, event.id FROM event
    """
    conn.execute(query, {"id": test_id, "type": TEST_EVENT_TYPE, "body": body, "endpoint_id": endpoint_id})


def exists(conn: "LedgerConnection", event_id: UUID) -> bool:
    """Whether the event happened and is kept yet."""
    return conn.execute("SELECT TRUE FROM webhook_events WHERE id = %s", [event_id]).fetchone() is not None


def purge(conn: "LedgerConnection", *, kept_days: int, limit: int = 1000) -> int:
    """Deletes events that are too old to be replayed, with their deliveries; returns how many."""
    with conn.transaction():
        return conn.execute(
            """
            DELETE FROM webhook_events WHERE id IN (
                SELECT id FROM webhook_events WHERE created_at < now() - make_interval(days => %s)
                 ORDER BY created_at LIMIT %s)
            """,
            (kept_days, limit),
        ).rowcount


def _body(event_type: str, moment: datetime, data: Mapping[str, Any]) -> str:
    told_at = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return json.dumps({"type": event_type, "timestamp": told_at, "data": dict(data)}, ensure_ascii=False)
