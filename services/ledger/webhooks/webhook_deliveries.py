"""How every event gets to every endpoint: what is due, what came of it, when it is tried again."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID

from ledger.webhooks import webhook_events
from ledger.webhooks.webhook_endpoints import DisabledReason

if TYPE_CHECKING:
    # Only named here: a route that never reaches the database must not load its driver.
    from ledger.database.connection import LedgerConnection

# The schedule that the Standard Webhooks specification proposes: ten attempts in three days.
RETRY_DELAYS_SECONDS: Final = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
MAX_DELAY_SECONDS: Final = 86_400
GIVEN_UP_AFTER_DAYS: Final = 5
_JITTER: Final = 0.2
# A slow endpoint may keep this many deliveries on their way and no more, so that others have their turn.
_MAX_ON_THE_WAY: Final = 20
# Longer than any report may wait for the database; what was lost is sent again after it.
_LOST_AFTER_SECONDS: Final = 3_600
_MAX_ERROR_CHARACTERS: Final = 500
_SUCCESS: Final = range(200, 300)
_GONE: Final = 410


@dataclass(frozen=True, slots=True)
class DueDelivery:
    """A delivery that was handed over to be sent; the order of the fields is the order of the columns read.

    Attributes:
        hand_over: Number that the report on it must carry.
        delay_seconds: How long it is too early yet.
        former_sealed_secret: Signs as well while a rotation overlaps.
    """

    id: UUID
    hand_over: int
    event_id: UUID
    body: str
    endpoint_id: UUID
    url: str
    sealed_secret: str
    former_sealed_secret: str | None
    delay_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempted:
    """What came of one hand-over.

    Attributes:
        sent: False when it came too late to be sent; that is no attempt.
        status_code: The endpoint's answer; None when there was none.
        error: Why there was no answer.
        retry_after_seconds: What the endpoint asked for.
    """

    delivery_id: UUID
    hand_over: int
    sent: bool
    status_code: int | None
    error: str | None
    retry_after_seconds: int | None


def hand_over_due(conn: "LedgerConnection", *, within_seconds: int, limit: int = 100) -> list[DueDelivery]:
    """Takes what is due, or will be within these seconds, for the caller to pass on to the sender.

    Deliveries whose report never came are taken again after an hour.
    """
    query = f"""
        WITH due AS (
            SELECT picked.id FROM webhook_endpoints e CROSS JOIN LATERAL (
                SELECT d.id, d.due_at FROM webhook_deliveries d
                 WHERE d.endpoint_id = e.id AND d.status = 'PENDING'
                   AND d.due_at <= now() + make_interval(secs => %(within)s)
                 ORDER BY d.due_at
                 LIMIT greatest(0, {_MAX_ON_THE_WAY} - (SELECT count(*) FROM webhook_deliveries s
                                    WHERE s.endpoint_id = e.id AND s.status = 'SENDING'))
                 FOR UPDATE SKIP LOCKED) picked
             WHERE e.disabled_reason IS NULL AND e.deleted_at IS NULL
             ORDER BY picked.due_at LIMIT %(limit)s)
        UPDATE webhook_deliveries d
           SET status = 'SENDING', hand_over = d.hand_over + 1, handed_over_at = now()
          FROM due, webhook_endpoints e, webhook_events v
         WHERE d.id = due.id AND e.id = d.endpoint_id AND v.id = d.event_id
        RETURNING d.id, d.hand_over, d.event_id, v.body, e.id, e.url, e.sealed_secret,
               CASE WHEN e.former_secret_until > now() THEN e.former_sealed_secret END,
               greatest(0, ceil(extract(epoch FROM d.due_at - now())))::integer
    """  # noqa: S608 -- constants
    with conn.transaction():
        _take_back_lost(conn)
        rows = conn.execute(query, {"within": within_seconds, "limit": limit}).fetchall()
    return [DueDelivery(*row) for row in rows]


def give_back(conn: "LedgerConnection", deliveries: Sequence[DueDelivery]) -> None:
    """Makes deliveries due again that could not be passed on."""
    with conn.transaction():
        conn.execute(
            """
            UPDATE webhook_deliveries d SET status = 'PENDING'
              FROM unnest(%s::uuid[], %s::integer[]) AS taken (id, n)
             WHERE d.id = taken.id AND d.hand_over = taken.n AND d.status = 'SENDING'
            """,
            ([item.id for item in deliveries], [item.hand_over for item in deliveries]),
        )


def record(conn: "LedgerConnection", attempted: Attempted) -> str | None:
    """Stores what came of a hand-over, once.

    Returns:
        The delivery's status, or None when the report is a repeat, or about an earlier hand-over.
    """
    with conn.transaction():
        row = conn.execute(
            """
            SELECT endpoint_id, attempts FROM webhook_deliveries
             WHERE id = %s AND hand_over = %s AND status = 'SENDING' FOR UPDATE
            """,
            (attempted.delivery_id, attempted.hand_over),
        ).fetchone()
        if row is None:
            return None
        endpoint_id, attempts = row
        if not attempted.sent:
            return _settle(conn, attempted, "PENDING", attempts, 0.0)
        attempts += 1
        if attempted.status_code in _SUCCESS:
            conn.execute(
                "UPDATE webhook_endpoints SET failing_since = NULL"
                " WHERE id = %s AND failing_since IS NOT NULL",
                [endpoint_id],
            )
            return _settle(conn, attempted, "DELIVERED", attempts, 0.0)
        _note_failure(conn, endpoint_id, gone=attempted.status_code == _GONE)
        if attempted.status_code == _GONE or attempts > len(RETRY_DELAYS_SECONDS):
            return _settle(conn, attempted, "FAILED", attempts, 0.0)
        return _settle(conn, attempted, "PENDING", attempts, retry_delay(attempts, attempted))


def retry_delay(attempts: int, attempted: Attempted) -> float:
    """Seconds until the next attempt: the schedule with jitter, or later if the endpoint asks for it."""
    planned = RETRY_DELAYS_SECONDS[attempts - 1] * random.uniform(1, 1 + _JITTER)  # noqa: S311 - jitter
    return max(planned, min(attempted.retry_after_seconds or 0, MAX_DELAY_SECONDS))


def _take_back_lost(conn: "LedgerConnection") -> None:
    conn.execute(
        """
        UPDATE webhook_deliveries SET status = 'PENDING', due_at = now()
         WHERE status = 'SENDING' AND handed_over_at < now() - make_interval(secs => %s)
        """,
        [_LOST_AFTER_SECONDS],
    )


def _settle(
    conn: "LedgerConnection", attempted: Attempted, status: str, attempts: int, delay_seconds: float
) -> str:
    error = attempted.error.replace("\0", "")[:_MAX_ERROR_CHARACTERS] if attempted.error else None
    conn.execute(
        """
        UPDATE webhook_deliveries
           SET status = %(status)s, attempts = %(attempts)s,
               due_at = clock_timestamp() + make_interval(secs => %(delay)s),
               last_attempt_at = CASE WHEN %(sent)s THEN clock_timestamp() ELSE last_attempt_at END,
               last_status_code = CASE WHEN %(sent)s THEN %(code)s::integer ELSE last_status_code END,
               last_error = %(error)s,
               delivered_at = CASE WHEN %(status)s = 'DELIVERED' THEN clock_timestamp() END
         WHERE id = %(id)s
        """,
        {
            "id": attempted.delivery_id,
            "status": status,
            "attempts": attempts,
            "delay": delay_seconds,
            "sent": attempted.sent,
            "code": attempted.status_code,
            "error": error,
        },
    )
    return status


def _note_failure(conn: "LedgerConnection", endpoint_id: UUID, *, gone: bool) -> None:
    """Remembers since when nothing gets through; gives the endpoint up when it is gone or fails for days."""
    row = conn.execute(
        """
        UPDATE webhook_endpoints SET failing_since = coalesce(failing_since, now())
         WHERE id = %s AND disabled_reason IS NULL AND deleted_at IS NULL
        RETURNING url, failing_since < now() - make_interval(days => %s)
        """,
        (endpoint_id, GIVEN_UP_AFTER_DAYS),
    ).fetchone()
    if row is None or not (gone or row[1]):
        return
    reason = DisabledReason.GONE if gone else DisabledReason.FAILING
    conn.execute(
        "UPDATE webhook_endpoints SET disabled_reason = %s, updated_at = now() WHERE id = %s",
        (reason, endpoint_id),
    )
    webhook_events.tell_disabled(conn, endpoint_id, row[0], reason)
