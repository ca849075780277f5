import itertools
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from ledger.database.connection import LedgerConnection
from ledger.errors import InvalidRecordError, JobNotFoundError
from ledger.jobs import arrivals, jobs
from ledger.states import JobStatus
from tests.ledger_support import LedgerDatabase, claimed, column, completed, count, pending_job, source_of

pytestmark = pytest.mark.integration

DROP = "incoming/My film.mov"


def test_an_upload_queues_its_waiting_job_with_the_uploaded_version(ledger_conn: LedgerConnection) -> None:
    job = pending_job(ledger_conn)

    after = arrivals.mark_uploaded(ledger_conn, job.id, source_of(job.source_key, size_bytes=777))

    assert after.status is JobStatus.QUEUED
    assert after.source_size_bytes == 777
    assert column(ledger_conn, job.id, "source_version_id") == "v1"


@pytest.mark.parametrize("order", list(itertools.permutations(["0055", "0061", "00600"])))
def test_the_newest_version_is_processed_whatever_order_its_events_come_in(
    ledger_conn: LedgerConnection, order: tuple[str, ...]
) -> None:
    job = pending_job(ledger_conn)

    for sequencer in order:
        source = source_of(job.source_key, sequencer=sequencer, version_id=f"version-{sequencer}")
        arrivals.mark_uploaded(ledger_conn, job.id, source)

    assert column(ledger_conn, job.id, "source_version_id") == "version-0061"


def test_a_newer_version_no_longer_changes_a_claimed_job(ledger_conn: LedgerConnection) -> None:
    job = pending_job(ledger_conn)
    claimed(ledger_conn, arrivals.mark_uploaded(ledger_conn, job.id, source_of(job.source_key)))

    arrivals.mark_uploaded(ledger_conn, job.id, source_of(job.source_key, version_id="v2", sequencer="0099"))

    assert column(ledger_conn, job.id, "source_version_id") == "v1"


def test_an_upload_after_the_cancellation_makes_a_retry_possible_but_starts_nothing(
    ledger_conn: LedgerConnection,
) -> None:
    job = pending_job(ledger_conn)
    jobs.cancel(ledger_conn, job.id)

    after = arrivals.mark_uploaded(ledger_conn, job.id, source_of(job.source_key))

    assert after.status is JobStatus.CANCELLED
    assert jobs.retry(ledger_conn, job.id).status is JobStatus.QUEUED


def test_another_jobs_object_is_refused(ledger_conn: LedgerConnection) -> None:
    job = pending_job(ledger_conn)

    with pytest.raises(InvalidRecordError, match="expects"):
        arrivals.mark_uploaded(ledger_conn, job.id, source_of("uploads/other/source"))


def test_an_upload_without_a_job_is_told(ledger_conn: LedgerConnection) -> None:
    with pytest.raises(JobNotFoundError):
        arrivals.mark_uploaded(ledger_conn, uuid4(), source_of("uploads/x/source"))


def test_a_dropped_file_becomes_a_video_and_a_queued_job_named_after_it(
    ledger_conn: LedgerConnection,
) -> None:
    made = arrivals.create_bucket_job(ledger_conn, source_of(DROP))

    assert made is not None
    assert made.created
    assert (made.job.status, made.job.filename, made.job.profile) == (JobStatus.QUEUED, "My film.mov", "web")
    assert ledger_conn.execute("SELECT title, state FROM videos").fetchone() == ("My film", "QUEUED")


def test_ten_parallel_copies_of_a_drops_event_make_one_video_and_one_job(
    ledger_database: LedgerDatabase,
) -> None:
    def take(_number: int) -> bool:
        with ledger_database.connect() as conn:
            made = arrivals.create_bucket_job(conn, source_of(DROP))
            return made is not None and made.created

    with ThreadPoolExecutor(10) as pool:
        created = list(pool.map(take, range(10)))

    with ledger_database.connect() as conn:
        assert created.count(True) == 1
        assert (count(conn, "videos"), count(conn, "jobs")) == (1, 1)


def test_a_newer_version_of_a_dropped_key_is_a_new_job_of_the_same_video(
    ledger_conn: LedgerConnection,
) -> None:
    first = arrivals.create_bucket_job(ledger_conn, source_of(DROP, version_id="v1", sequencer="0055"))
    second = arrivals.create_bucket_job(ledger_conn, source_of(DROP, version_id="v2", sequencer="0056"))

    assert first is not None
    assert second is not None
    assert first.job.video_id == second.job.video_id
    completed(ledger_conn, claimed(ledger_conn, second.job))
    completed(ledger_conn, claimed(ledger_conn, first.job))
    assert ledger_conn.execute("SELECT current_job_id FROM videos").fetchone() == (second.job.id,)


def test_an_older_version_that_is_told_later_is_ignored(ledger_conn: LedgerConnection) -> None:
    arrivals.create_bucket_job(ledger_conn, source_of(DROP, version_id="v2", sequencer="0056"))

    late = arrivals.create_bucket_job(ledger_conn, source_of(DROP, version_id="v1", sequencer="0055FF"))

    assert late is None
    assert count(ledger_conn, "jobs") == 1


def test_without_versions_the_entity_tag_and_sequencer_tell_deliveries_apart(
    ledger_conn: LedgerConnection,
) -> None:
    bare = {"version_id": None, "etag": "same"}
    arrivals.create_bucket_job(ledger_conn, source_of(DROP, sequencer="01", **bare))
    repeat = arrivals.create_bucket_job(ledger_conn, source_of(DROP, sequencer="01", **bare))
    again = arrivals.create_bucket_job(ledger_conn, source_of(DROP, sequencer="02", **bare))

    assert repeat is not None
    assert not repeat.created
    assert again is not None
    assert again.created


def test_an_event_without_version_and_tag_is_refused(ledger_conn: LedgerConnection) -> None:
    with pytest.raises(InvalidRecordError, match="version id or an entity tag"):
        arrivals.create_bucket_job(ledger_conn, source_of(DROP, version_id=None, etag=None))


@pytest.mark.parametrize(
    ("key", "filename"),
    [
        ("a/b/..", ".."),
        ("a/\u202egnp.exe", "gnp.exe"),
        ("a/line\nbreak.mov", "linebreak.mov"),
        ("a/'; DROP TABLE jobs; --", "'; DROP TABLE jobs; --"),
        ("dir/" + "x" * 300 + ".mov", "x" * 251 + ".mov"),
        ("映画.mp4", "映画.mp4"),
    ],
)
def test_odd_keys_are_stored_as_harmless_names(
    ledger_conn: LedgerConnection, key: str, filename: str
) -> None:
    made = arrivals.create_bucket_job(ledger_conn, source_of(key))

    assert made is not None
    assert made.job.filename == filename
    assert made.job.source_key == key
