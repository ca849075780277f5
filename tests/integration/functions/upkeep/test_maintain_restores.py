"""`maintain` and the archive: lost events, copies that end too soon, originals that are gone."""

from datetime import UTC, datetime, timedelta

import pytest

from ledger.database.connection import LedgerConnection
from ledger.models import ArchivedSource, Job
from ledger.turns import admission, restores
from runtime.archive import RestoreTerms
from tests.archive import FakeArchive
from tests.ledger_support import client_error, column, count, event_types, queued_job
from upkeep.restores import RestoresError, follow_restores

pytestmark = pytest.mark.integration

TERMS = RestoreTerms(days=3, tier="Standard")
SOON = datetime.now(UTC) + timedelta(hours=12)


@pytest.fixture
def archive() -> FakeArchive:
    return FakeArchive()


def follow(conn: LedgerConnection, archive: FakeArchive) -> int:
    return follow_restores(conn, archive, TERMS)  # type: ignore[arg-type]


def source_of(job: Job) -> ArchivedSource:
    return ArchivedSource(bucket=job.source_bucket, key=job.source_key, version_id="v1")


def waiting_job(conn: LedgerConnection, archive: FakeArchive) -> Job:
    """A job whose original is on its way."""
    job = queued_job(conn)
    archive.put(job.source_key)
    archive.restore_object(Key=job.source_key, VersionId="v1")
    archive.asked.clear()
    restores.note(conn, source_of(job), SOON)
    restores.hold(conn, job.id, SOON)
    return job


def copied_job(conn: LedgerConnection, archive: FakeArchive, *, hours: float) -> Job:
    """A job that waits for its turn, on a copy that ends then."""
    job = waiting_job(conn, archive)
    restores.release(conn, source_of(job), archive.copied(job.source_key, hours=hours))
    return job


def test_while_a_restore_runs_its_jobs_wait_and_nothing_is_asked_again(
    ledger_conn: LedgerConnection, archive: FakeArchive
) -> None:
    job = waiting_job(ledger_conn, archive)

    assert follow(ledger_conn, archive) == 0

    assert admission.admit(ledger_conn, 10) is None
    assert column(ledger_conn, job.id, "restore_expected_at") is not None
    assert archive.asked == []


def test_a_restore_whose_event_was_lost_wakes_its_jobs_once(
    ledger_conn: LedgerConnection, archive: FakeArchive
) -> None:
    job, other = waiting_job(ledger_conn, archive), waiting_job(ledger_conn, archive)
    archive.copied(job.source_key)

    assert follow(ledger_conn, archive) == 1
    assert follow(ledger_conn, archive) == 0

    admitted = admission.admit(ledger_conn, 10)
    assert admitted is not None
    assert admitted.job_id == job.id
    assert admission.admit(ledger_conn, 10) is None
    assert event_types(ledger_conn, job.id)[-2:] == ["job.restoring", "job.restored"]
    assert column(ledger_conn, other.id, "restore_expected_at") is not None
    assert count(ledger_conn, "restores") == 1


def test_a_copy_that_ended_before_the_start_is_asked_for_again_and_the_job_waits(
    ledger_conn: LedgerConnection, archive: FakeArchive
) -> None:
    job = copied_job(ledger_conn, archive, hours=0.5)
    archive.lapse(job.source_key)
    assert admission.admit(ledger_conn, 10) is None

    follow(ledger_conn, archive)

    (asked,) = archive.asked
    assert (asked["VersionId"], asked["RestoreRequest"]) == (
        "v1",
        {"Days": 3, "GlacierJobParameters": {"Tier": "Standard"}},
    )
    assert column(ledger_conn, job.id, "restore_expected_at") is not None
    archive.copied(job.source_key)
    assert follow(ledger_conn, archive) == 1
    assert admission.admit(ledger_conn, 10) is not None


def test_a_copy_that_is_about_to_end_is_kept_longer_and_the_job_begins(
    ledger_conn: LedgerConnection, archive: FakeArchive
) -> None:
    copied_job(ledger_conn, archive, hours=0.5)
    assert admission.admit(ledger_conn, 10) is None

    follow(ledger_conn, archive)

    assert len(archive.asked) == 1
    assert admission.admit(ledger_conn, 10) is not None


def test_a_copy_that_lasts_is_left_alone(ledger_conn: LedgerConnection, archive: FakeArchive) -> None:
    copied_job(ledger_conn, archive, hours=2)

    follow(ledger_conn, archive)

    assert archive.asked == []
    assert admission.admit(ledger_conn, 10) is not None


def test_a_restore_that_came_to_nothing_is_repeated_only_while_a_job_waits_for_it(
    ledger_conn: LedgerConnection, archive: FakeArchive
) -> None:
    wanted, unwanted = waiting_job(ledger_conn, archive), waiting_job(ledger_conn, archive)
    for job in (wanted, unwanted):
        archive.lapse(job.source_key)
    ledger_conn.execute(
        "UPDATE jobs SET status = 'CANCELLED', finished_at = now() WHERE id = %s", (unwanted.id,)
    )

    follow(ledger_conn, archive)

    assert [asked["Key"] for asked in archive.asked] == [wanted.source_key]
    assert count(ledger_conn, "restores") == 1


def test_a_job_whose_original_is_gone_begins_so_that_its_worker_can_say_so(
    ledger_conn: LedgerConnection, archive: FakeArchive
) -> None:
    waiting_job(ledger_conn, archive)
    archive.heads.clear()

    assert follow(ledger_conn, archive) == 1
    assert admission.admit(ledger_conn, 10) is not None


def test_when_s3_does_not_answer_the_jobs_go_on_waiting(
    ledger_conn: LedgerConnection, archive: FakeArchive
) -> None:
    job = waiting_job(ledger_conn, archive)
    archive.error = client_error("SlowDown", "HeadObject")

    with pytest.raises(RestoresError):
        follow(ledger_conn, archive)

    assert column(ledger_conn, job.id, "restore_expected_at") is not None
