import threading
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import psycopg
import pytest

from ledger.announcements import outbox
from ledger.database.connection import LedgerConnection
from ledger.models import Announcement
from ledger.states import Topic
from tests.ledger_support import LedgerDatabase, count, queued_job

pytestmark = pytest.mark.integration


def queue(conn: LedgerConnection, number: int) -> list[str]:
    job = queued_job(conn)
    event_ids = [str(uuid4()) for _ in range(number)]
    for event_id in event_ids:
        told = Announcement(subject="s", message="m", attributes={"event_id": event_id})
        with conn.transaction():
            outbox.enqueue(conn, job.id, Topic.ERROR, told)
    return event_ids


def make_due(conn: LedgerConnection) -> None:
    conn.execute("UPDATE outbox SET available_at = now()")


class Receiver:
    def __init__(self, fail_times: int = 0) -> None:
        self.event_ids: list[str] = []
        self.fail_times = fail_times

    def publish(self, _topic: Topic, announcement: Announcement) -> None:
        if self.fail_times:
            self.fail_times -= 1
            message = "SNS is away"
            raise ConnectionError(message)
        self.event_ids.append(announcement.attributes["event_id"])


def test_two_parallel_drainers_deliver_each_announcement_once(ledger_database: LedgerDatabase) -> None:
    with ledger_database.connect() as conn:
        expected = queue(conn, 20)
    barrier = threading.Barrier(2)
    receivers = [Receiver(), Receiver()]

    def drain(receiver: Receiver) -> int:
        with ledger_database.connect() as conn:
            barrier.wait()
            return outbox.drain(conn, receiver.publish).delivered

    with ThreadPoolExecutor(2) as pool:
        delivered = sum(pool.map(drain, receivers))

    assert delivered == 20
    assert sorted(receivers[0].event_ids + receivers[1].event_ids) == sorted(expected)


def test_a_refused_delivery_stays_and_does_not_hold_up_the_others(ledger_conn: LedgerConnection) -> None:
    event_ids = queue(ledger_conn, 3)
    receiver = Receiver(fail_times=1)

    result = outbox.drain(ledger_conn, receiver.publish)

    assert (result.delivered, result.postponed) == (2, 1)
    assert receiver.event_ids == event_ids[1:]
    row = ledger_conn.execute(
        "SELECT event_id::text, attempts, last_error, available_at > now() FROM outbox"
        " WHERE delivered_at IS NULL"
    ).fetchall()
    assert row == [(event_ids[0], 1, "ConnectionError: SNS is away", True)]


def test_after_five_refusals_the_announcement_is_still_delivered_under_the_same_id(
    ledger_conn: LedgerConnection,
) -> None:
    event_ids = queue(ledger_conn, 1)
    receiver = Receiver(fail_times=5)
    delays = []

    for _ in range(5):
        make_due(ledger_conn)
        outbox.drain(ledger_conn, receiver.publish)
        row = ledger_conn.execute("SELECT extract(epoch FROM available_at - now()) FROM outbox").fetchone()
        assert row is not None
        delays.append(float(row[0]))
    make_due(ledger_conn)
    outbox.drain(ledger_conn, receiver.publish)

    assert receiver.event_ids == event_ids
    assert 7 <= delays[0] <= 15
    assert 119 <= delays[4] <= 240


def test_the_delay_stops_growing_at_an_hour(ledger_conn: LedgerConnection) -> None:
    queue(ledger_conn, 1)
    ledger_conn.execute("UPDATE outbox SET attempts = 1000000")

    outbox.drain(ledger_conn, Receiver(fail_times=1).publish)

    row = ledger_conn.execute("SELECT extract(epoch FROM available_at - now()) FROM outbox").fetchone()
    assert row is not None
    assert 1790 <= float(row[0]) <= 3600


def test_delivered_announcements_are_not_sent_again(ledger_conn: LedgerConnection) -> None:
    queue(ledger_conn, 2)
    receiver = Receiver()
    outbox.drain(ledger_conn, receiver.publish)
    make_due(ledger_conn)

    assert outbox.drain(ledger_conn, receiver.publish).delivered == 0
    assert len(receiver.event_ids) == 2


def test_one_event_is_stored_once(ledger_conn: LedgerConnection) -> None:
    job = queued_job(ledger_conn)
    told = Announcement(subject="s", message="m", attributes={"event_id": str(uuid4())})

    for _ in range(3):
        outbox.enqueue(ledger_conn, job.id, Topic.COMPLETION, told)

    assert count(ledger_conn, "outbox") == 1


def test_what_was_rolled_back_is_never_told(ledger_conn: LedgerConnection) -> None:
    job = queued_job(ledger_conn)
    told = Announcement(subject="s", message="m", attributes={"event_id": str(uuid4())})

    with ledger_conn.transaction() as transaction:
        outbox.enqueue(ledger_conn, job.id, Topic.COMPLETION, told)
        raise psycopg.Rollback(transaction)

    assert outbox.drain(ledger_conn, Receiver().publish).delivered == 0


def test_a_drain_ends_at_its_limit(ledger_conn: LedgerConnection) -> None:
    queue(ledger_conn, 5)

    assert outbox.drain(ledger_conn, Receiver().publish, limit=3).delivered == 3
