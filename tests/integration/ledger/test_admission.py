"""A bounded number of jobs in work, shared fairly; who waits is never forgotten and never started twice."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest

from ledger.database.connection import LedgerConnection
from ledger.errors import QueueFullError
from ledger.jobs import job_queries, jobs, settlement
from ledger.models import Job
from ledger.turns import admission
from ledger.turns.admission import Admitted
from tests.integration.ledger.waiting_jobs import admitted, end, owners, queue, wait_until_blocked
from tests.ledger_support import (
    STACK,
    LedgerDatabase,
    claimed,
    column,
    completed,
    pending_job,
    queued_job,
)

pytestmark = pytest.mark.integration


def test_a_lone_job_begins_at_once(ledger_conn: LedgerConnection) -> None:
    (job_id,) = queue(ledger_conn, "a")

    assert admission.admit(ledger_conn, 1) == Admitted(job_id, 1)
    assert admission.admit(ledger_conn, 1) is None


def test_no_more_jobs_begin_than_there_are_slots_and_each_end_frees_one(
    ledger_conn: LedgerConnection,
) -> None:
    waiting = queue(ledger_conn, "a", 5)
    assert admitted(ledger_conn, 2) == waiting[:2]

    end(ledger_conn, waiting[0])
    assert admitted(ledger_conn, 2) == [waiting[2]]
    jobs.cancel(ledger_conn, waiting[1])
    assert admitted(ledger_conn, 2) == [waiting[3]]


def test_a_job_keeps_its_slot_while_it_is_processed_and_gives_it_back_when_it_completes(
    ledger_conn: LedgerConnection,
) -> None:
    first, second = (queued_job(ledger_conn, owner="a") for _ in range(2))
    admitted(ledger_conn, 1)
    claim = claimed(ledger_conn, first)
    assert admission.admit(ledger_conn, 1) is None

    completed(ledger_conn, claim)

    assert admitted(ledger_conn, 1) == [second.id]


def test_a_job_that_is_processed_without_having_been_admitted_takes_a_slot(
    ledger_conn: LedgerConnection,
) -> None:
    claimed(ledger_conn, queued_job(ledger_conn))
    queue(ledger_conn, "a")

    assert admission.admit(ledger_conn, 1) is None


def test_a_lost_execution_frees_its_slot_and_its_job_waits_again(ledger_conn: LedgerConnection) -> None:
    (lost,) = queue(ledger_conn, "a")
    admitted(ledger_conn, 1)

    settlement.next_attempt(ledger_conn, lost, 1, reason="lost", stack=STACK)

    assert admission.admit(ledger_conn, 1) == Admitted(lost, 2)


def test_a_key_that_comes_late_gets_the_next_slots_until_it_has_its_share(
    ledger_conn: LedgerConnection,
) -> None:
    many = queue(ledger_conn, "flood", 20)
    admitted(ledger_conn, 4)
    few = queue(ledger_conn, "late", 3)

    for job_id in many[:2]:
        end(ledger_conn, job_id)
    assert admitted(ledger_conn, 4) == few[:2]
    end(ledger_conn, many[2])
    assert owners(ledger_conn, admitted(ledger_conn, 4)) == ["flood"]


def test_with_one_slot_the_keys_take_turns(ledger_conn: LedgerConnection) -> None:
    for owner in ("a", "b", "c"):
        queue(ledger_conn, owner, 4)

    order = []
    for _ in range(9):
        (job_id,) = admitted(ledger_conn, 1)
        order += owners(ledger_conn, [job_id])
        end(ledger_conn, job_id)

    assert Counter(order) == {"a": 3, "b": 3, "c": 3}
    assert all(len(set(order[start : start + 3])) == 3 for start in range(0, 9, 3))


def test_priorities_order_the_jobs_of_one_key_and_buy_nothing_against_others(
    ledger_conn: LedgerConnection,
) -> None:
    low, plain, high = (
        queue(ledger_conn, "a", priority=0),
        queue(ledger_conn, "a"),
        queue(ledger_conn, "a", priority=9),
    )
    assert admitted(ledger_conn, 3) == [*high, *plain, *low]

    queue(ledger_conn, "pushy", 3, priority=9)
    queue(ledger_conn, "modest", 3, priority=0)
    assert Counter(owners(ledger_conn, admitted(ledger_conn, 7))) == {"pushy": 2, "modest": 2}


def test_a_slot_that_was_given_back_goes_to_whoever_is_next(ledger_conn: LedgerConnection) -> None:
    first, _second = queue(ledger_conn, "a", 2)
    got = admission.admit(ledger_conn, 1)
    assert got is not None

    admission.give_back(ledger_conn, got)

    assert admitted(ledger_conn, 1) == [first]


def test_a_start_that_was_noted_cannot_be_given_back(ledger_conn: LedgerConnection) -> None:
    queue(ledger_conn, "a", 2)
    got = admission.admit(ledger_conn, 1)
    assert got is not None
    jobs.record_execution(ledger_conn, got.job_id, 1, "arn:running")

    admission.give_back(ledger_conn, got)

    assert admission.admit(ledger_conn, 1) is None


def test_a_starter_that_died_is_replaced_after_a_minute_in_the_same_slot(
    ledger_conn: LedgerConnection,
) -> None:
    (job_id, _waiting) = queue(ledger_conn, "a", 2)
    admission.admit(ledger_conn, 1)
    assert admission.admit_again(ledger_conn) is None

    ledger_conn.execute("UPDATE jobs SET dispatched_at = dispatched_at - interval '61 seconds'")

    assert admission.admit(ledger_conn, 1) is None
    assert admission.admit_again(ledger_conn) == Admitted(job_id, 1)
    assert admission.admit_again(ledger_conn) is None


def test_a_job_that_is_cancelled_while_it_is_admitted_leaves_the_slot_to_the_next(
    ledger_database: LedgerDatabase, ledger_conn: LedgerConnection
) -> None:
    first, second = queue(ledger_conn, "a", 2)
    with ledger_database.connect() as other, ThreadPoolExecutor(1) as pool:
        with other.transaction():
            jobs.cancel(other, first)
            pending = pool.submit(admitted, ledger_conn, 1)
            wait_until_blocked(ledger_database)
        assert pending.result(timeout=10) == [second]


def test_an_urgent_job_that_comes_in_between_does_not_get_a_slot_that_is_being_given_away(
    ledger_database: LedgerDatabase, ledger_conn: LedgerConnection
) -> None:
    queue(ledger_conn, "a")
    with ledger_database.connect() as other, ThreadPoolExecutor(1) as pool:
        with other.transaction():
            assert admission.admit(other, 1) is not None
            queue(ledger_conn, "a", priority=9)
            pending = pool.submit(admission.admit, ledger_conn, 1)
            wait_until_blocked(ledger_database)
        assert pending.result(timeout=10) is None


def test_the_bound_of_a_key_counts_what_has_not_begun_and_no_other_key(ledger_conn: LedgerConnection) -> None:
    pending_job(ledger_conn, owner="a")
    queue(ledger_conn, "a", 2)
    admission.admit(ledger_conn, 1)
    queue(ledger_conn, "b", 5)

    admission.check_room(ledger_conn, "a", 1, 3)
    with pytest.raises(QueueFullError, match=r"2 jobs .* 2 more .* at most 3"):
        admission.check_room(ledger_conn, "a", 2, 3)


def test_a_job_tells_its_place_among_those_of_its_key(ledger_conn: LedgerConnection) -> None:
    first, second = queue(ledger_conn, "a", 2)
    (urgent,) = queue(ledger_conn, "a", priority=8)
    queue(ledger_conn, "b", 3, priority=9)

    def place(job_id: UUID) -> int | None:
        detail = job_queries.get(ledger_conn, job_id)
        assert detail is not None
        return detail.queue_position

    assert [place(job_id) for job_id in (urgent, first, second)] == [1, 2, 3]
    ledger_conn.execute("UPDATE jobs SET dispatched_at = now() WHERE id = %s", (urgent,))
    assert [place(job_id) for job_id in (urgent, first, second)] == [None, 1, 2]


def test_jobs_know_who_ordered_them(ledger_conn: LedgerConnection) -> None:
    job: Job = queued_job(ledger_conn, owner="key-7", priority=3)

    assert job.owner == "key-7"
    assert column(ledger_conn, job.id, "priority") == 3
