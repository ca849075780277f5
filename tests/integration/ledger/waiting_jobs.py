"""Puts jobs into the queue and takes them out of it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest

from ledger.database.connection import LedgerConnection
from ledger.jobs import settlement
from ledger.jobs.failures import failure
from ledger.states import ErrorCode
from ledger.turns import admission
from tests.ledger_support import (
    STACK,
    LedgerDatabase,
    column,
    queued_job,
)


def queue(conn: LedgerConnection, owner: str, count: int = 1, **changes: Any) -> list[UUID]:
    return [queued_job(conn, owner=owner, **changes).id for _ in range(count)]


def admitted(conn: LedgerConnection, slots: int, most: int = 100) -> list[UUID]:
    found: list[UUID] = []
    while len(found) < most and (one := admission.admit(conn, slots)) is not None:
        found.append(one.job_id)
    return found


def owners(conn: LedgerConnection, job_ids: Sequence[UUID]) -> list[str]:
    return [column(conn, job_id, "owner") for job_id in job_ids]


def end(conn: LedgerConnection, job_id: UUID) -> None:
    settlement.fail(conn, job_id, 1, failure(ErrorCode.INTERNAL), stack=STACK)


def wait_until_blocked(database: LedgerDatabase) -> None:
    with database.connect() as conn:
        for _ in range(500):
            row = conn.execute("SELECT count(*) FROM pg_locks WHERE NOT granted").fetchone()
            if row and row[0]:
                return
            conn.execute("SELECT pg_sleep(0.01)")
    pytest.fail("nobody waits")
