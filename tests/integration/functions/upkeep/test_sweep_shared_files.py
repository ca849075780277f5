"""What jobs in chunks left on the shared file system, found and deleted by the sweep."""

from pathlib import Path
from uuid import UUID, uuid4

import pytest
from psycopg import errors

from ledger.chunks import chunk_files
from ledger.database.connection import LedgerConnection
from ledger.jobs import jobs, settlement
from ledger.jobs.failures import failure
from ledger.models import Job
from ledger.states import ErrorCode
from runtime.steps import MaintenanceError
from tests.integration.functions.sweep_world import World
from tests.ledger_support import STACK, LedgerDatabase, claimed, queued_job
from upkeep import shared_files

pytestmark = pytest.mark.integration


def files_of(swept: World, job_id: UUID, number: int = 3) -> Path:
    """A directory as tasks leave it."""
    chunk = Path(swept.services.settings.shared_dir, str(job_id), "plan", "chunks", "window-0000-1")
    chunk.mkdir(parents=True)
    for index in range(number):
        (chunk / f"video_{index}p.mp4").write_bytes(b"video")
    return chunk.parents[2]


def failed_long_ago(swept: World) -> Job:
    job = queued_job(swept.conn)
    claimed(swept.conn, job)
    settlement.fail(swept.conn, job.id, 1, failure(ErrorCode.INTERRUPTED), stack=STACK)
    swept.later("25 hours")
    return job


def test_files_of_ended_and_unknown_jobs_go_and_everything_else_stays(swept: World) -> None:
    waiting, running = queued_job(swept.conn), queued_job(swept.conn)
    claimed(swept.conn, running)
    gone = [files_of(swept, failed_long_ago(swept).id), files_of(swept, swept.finished().id)]
    gone.append(files_of(swept, uuid4()))
    kept = [files_of(swept, waiting.id), files_of(swept, running.id)]
    kept.append(kept[0].with_name("lost+found"))
    kept[2].mkdir()

    assert swept.run()["shared_files_removed"] == 3
    assert swept.run()["shared_files_removed"] == 0

    assert sorted(kept[0].parent.iterdir()) == sorted(kept)
    assert not any(path.exists() for path in gone)
    assert [len(list(path.rglob("*.mp4"))) for path in kept] == [3, 3, 0]


def test_a_run_that_has_deleted_enough_leaves_the_rest_to_the_next(
    swept: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = files_of(swept, failed_long_ago(swept).id).parent
    monkeypatch.setattr(shared_files, "_MOST_FILES", 2)

    assert swept.run()["shared_files_removed"] == 1
    assert len(list(root.rglob("*.mp4"))) == 1
    assert swept.run()["shared_files_removed"] == 0
    assert list(root.iterdir()) == []


def test_what_a_tool_has_left_in_place_of_a_directory_goes_and_leads_nowhere(
    swept: World, tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = Path(swept.services.settings.shared_dir)
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "file").write_bytes(b"kept")
    (root / str(uuid4())).write_bytes(b"x")
    (root / str(uuid4())).symlink_to(elsewhere)

    assert swept.run()["shared_files_removed"] == 2

    assert list(root.iterdir()) == []
    assert (elsewhere / "file").exists()


def test_a_job_that_is_taken_up_again_meanwhile_keeps_all_its_files(
    swept: World, ledger_database: LedgerDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = failed_long_ago(swept)
    directory = files_of(swept, job.id)
    look = chunk_files.jobs_in_need

    def look_then_retry(conn: LedgerConnection, job_ids: list[UUID]) -> set[UUID]:
        seen = look(conn, job_ids)
        if not seen:
            jobs.retry(swept.conn, job.id)
            monkeypatch.setattr(chunk_files, "jobs_in_need", look)
        return seen

    monkeypatch.setattr(chunk_files, "jobs_in_need", look_then_retry)

    assert swept.run()["shared_files_removed"] == 0
    assert len(list(directory.rglob("*.mp4"))) == 3


def test_a_job_cannot_be_taken_up_while_its_files_are_given_up(
    swept: World, ledger_database: LedgerDatabase
) -> None:
    job = failed_long_ago(swept)
    with ledger_database.connect() as other, chunk_files.unneeded(swept.conn, job.id) as unneeded:
        assert unneeded
        other.execute("SET lock_timeout = '50ms'")
        with pytest.raises(errors.LockNotAvailable):
            jobs.retry(other, job.id)


def test_without_the_file_system_the_other_steps_are_done_and_the_run_fails(swept: World) -> None:
    job = swept.finished()
    swept.delete(job, purge=True)
    swept.later("11 minutes")
    Path(swept.services.settings.shared_dir).rmdir()

    with pytest.raises(MaintenanceError, match="shared_files_removed"):
        swept.run()
    assert swept.versions(swept.media, f"videos/{job.video_id}/") == []
