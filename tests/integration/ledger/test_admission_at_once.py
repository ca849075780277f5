"""Many who order, start and end jobs at once: shares stay fair, slots bounded, and no job is lost."""

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from uuid import UUID

import pytest

from ledger.database.connection import LedgerConnection
from ledger.turns import admission
from ledger.turns.admission import Admitted
from tests.integration.ledger.waiting_jobs import end, queue
from tests.ledger_support import (
    LedgerDatabase,
    column,
    create_object_job,
    new_job,
    new_video,
    source_of,
)

pytestmark = pytest.mark.integration


class Board:
    """What is in work at each moment, as seen by those who begin and end jobs."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.running: dict[UUID, str] = {}
        self.begun: list[tuple[UUID, str]] = []
        self.most_at_once = 0

    def begin(self, job_id: UUID, owner: str, in_work: int) -> None:
        with self.lock:
            assert job_id not in self.running
            self.running[job_id] = owner
            self.begun.append((job_id, owner))
            self.most_at_once = max(self.most_at_once, in_work)

    def end_one(self, rng: random.Random) -> UUID | None:
        with self.lock:
            if not self.running:
                return None
            job_id = rng.choice(sorted(self.running))
            del self.running[job_id]
            return job_id


KEYS = {"flood": 700, "steady": 200, "small": 100}


SLOTS = 4


@pytest.mark.long
def test_a_thousand_uploads_at_once_share_four_slots_fairly_and_none_is_lost(
    ledger_database: LedgerDatabase,
) -> None:
    board = Board()
    with ledger_database.connect() as conn:
        video_id = new_video(conn)
        ordered = [key for key, count in KEYS.items() for _ in range(count)]
        new = [new_job(video_id, owner=key) for key in ordered]

    def begin(conn: LedgerConnection) -> None:
        got = admission.admit(conn, SLOTS)
        if got is not None:
            row = conn.execute(
                "SELECT count(*) FROM jobs WHERE dispatched_at IS NOT NULL AND status = 'QUEUED'"
            )
            (in_work,) = row.fetchone() or (0,)
            board.begin(got.job_id, column(conn, got.job_id, "owner"), in_work)

    def upload(share: int) -> None:
        with ledger_database.connect() as conn:
            for item in new[share::8]:
                create_object_job(conn, item, source_of(item.source_key))
                begin(conn)

    def work(seed: int) -> None:
        rng = random.Random(seed)  # noqa: S311 -- which job ends next
        with ledger_database.connect() as conn:
            while (job_id := board.end_one(rng)) is not None:
                end(conn, job_id)
                begin(conn)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(upload, range(8)))
        assert board.most_at_once == SLOTS
        list(pool.map(work, range(SLOTS)))
        # A worker stops when nothing is in work at that moment; others may have begun one since.
        work(99)

    begun = [job_id for job_id, _ in board.begun]
    assert sorted(begun) == sorted(item.id for item in new)
    assert board.most_at_once == SLOTS
    contested = Counter(owner for _, owner in board.begun[SLOTS : SLOTS + 3 * 90])
    assert max(contested.values()) <= 1.2 * sum(contested.values()) / len(KEYS), contested
    with ledger_database.connect() as conn:
        assert conn.execute("SELECT DISTINCT status, fence FROM jobs").fetchall() == [("FAILED", 0)]


def test_of_many_parallel_callers_each_gets_another_job_and_no_more_than_the_slots(
    ledger_database: LedgerDatabase,
) -> None:
    with ledger_database.connect() as conn:
        queue(conn, "a", 12)

    def admit(_number: int) -> Admitted | None:
        with ledger_database.connect() as conn:
            return admission.admit(conn, 5)

    with ThreadPoolExecutor(16) as pool:
        got = [item for item in pool.map(admit, range(16)) if item is not None]

    assert len(got) == len({item.job_id for item in got}) == 5
