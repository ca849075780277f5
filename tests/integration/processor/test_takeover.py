"""A worker that was replaced, cancelled or forgotten changes nothing any more."""

import secrets
import threading
import time
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest

from ledger.jobs import jobs, worker
from ledger.models import Claim
from media.tools import runner
from processor.task.stop import Stop
from processor.task.token import TaskToken
from processor.worker import Exit
from tests.integration.processor.conftest import Stage

pytestmark = pytest.mark.integration


def claim_again(stage: Stage, job_id: UUID) -> None:
    with stage.database.connect() as conn:
        taken = worker.claim(
            conn,
            job_id=job_id,
            attempt=1,
            execution_arn="arn:e",
            task_arn=None,
            task_token=secrets.token_hex(),
        )
    assert isinstance(taken, Claim)
    assert taken.fence == 2


def cancel(stage: Stage, job_id: UUID) -> None:
    with stage.database.connect() as conn:
        jobs.cancel(conn, job_id)


def once_encoding(action: Callable[[], None]) -> threading.Thread:
    """Run `action` in a thread as soon as ffmpeg works."""

    def watch() -> None:
        deadline = time.monotonic() + 30
        while not runner.running_pids() and time.monotonic() < deadline:
            time.sleep(0.02)
        action()

    thread = threading.Thread(target=watch)
    thread.start()
    return thread


def test_a_worker_that_loses_its_fence_during_the_encode_stops_and_flips_nothing(
    stage: Stage, long_clip: Path
) -> None:
    job_id, callback = stage.order(long_clip), stage.wait_for_task()
    thread = once_encoding(lambda: claim_again(stage, job_id))
    assert stage.run(job_id, callback, heartbeat_seconds=0.2) is Exit.FENCE_LOST
    thread.join()
    assert_stopped_without_a_trace(stage, job_id, "PROCESSING")
    assert callback.is_waiting(), "a failure would end the newer worker's task too"


def test_a_worker_whose_job_was_cancelled_stops_and_ends_the_execution(stage: Stage, long_clip: Path) -> None:
    job_id, callback = stage.order(long_clip), stage.wait_for_task()
    thread = once_encoding(lambda: cancel(stage, job_id))
    assert stage.run(job_id, callback, heartbeat_seconds=0.2) is Exit.ANSWERED
    thread.join()
    assert_stopped_without_a_trace(stage, job_id, "CANCELLED")
    _, (error, cause) = callback.result()
    assert error == "ProcessingFailed", "the workflow would retry a cancelled job"
    assert "cancelled" in cause["message"]


def assert_stopped_without_a_trace(stage: Stage, job_id: UUID, status: str) -> None:
    assert runner.running_pids() == ()
    assert stage.job(job_id).job.status == status
    assert stage.published() == []
    assert stage.leftovers() == []


@pytest.mark.long
def test_a_worker_that_loses_its_fence_during_the_upload_writes_no_manifest(stage: Stage, clip: Path) -> None:
    job_id, callback = stage.order(clip), stage.wait_for_task()
    taken: list[bool] = []

    def take_over(**_: object) -> None:
        if not taken:
            taken.append(True)
            claim_again(stage, job_id)

    stage.s3.meta.events.register("provide-client-params.s3.PutObject", take_over)
    assert stage.run(job_id, callback) is Exit.FENCE_LOST
    job = stage.job(job_id)
    assert (job.job.status, job.outputs) == ("PROCESSING", [])
    assert stage.published()
    assert not any(key.endswith("manifest.json") for key in stage.published())
    assert callback.is_waiting()


def test_the_next_worker_publishes_under_its_own_prefix_and_references_nothing_of_the_last_one(
    stage: Stage, clip: Path
) -> None:
    job_id, first, second = stage.order(clip), stage.wait_for_task(), stage.wait_for_task()
    thread = once_published(stage, lambda: claim_again(stage, job_id))
    assert stage.run(job_id, first, heartbeat_seconds=0.05) is Exit.FENCE_LOST
    thread.join()
    runner.reset()
    left_behind = set(stage.published())
    assert left_behind
    stage.stop = Stop(on_stop=runner.terminate_all)
    assert stage.run(job_id, second) is Exit.ANSWERED
    assert second.result()[0] == "SUCCEEDED"
    manifests = [key for key in stage.published() if key.endswith("manifest.json")]
    assert [key.split("/")[3] for key in manifests] == ["3"]
    with stage.database.connect() as conn:
        referenced = {row[0] for row in conn.execute("SELECT key FROM outputs WHERE job_id = %s", (job_id,))}
    assert referenced == set(stage.published()) - left_behind


def once_published(stage: Stage, action: Callable[[], None]) -> threading.Thread:
    """Run `action` in a thread as soon as the first object is there, and hold uploads up until it is done."""
    done = threading.Event()
    started = threading.Event()

    def act() -> None:
        started.wait(60)
        action()
        done.set()

    def on_head(**_: object) -> None:
        if stage.published():
            started.set()
            done.wait(10)

    stage.s3.meta.events.register("provide-client-params.s3.HeadObject", on_head)
    thread = threading.Thread(target=act)
    thread.start()
    return thread


def test_a_worker_whose_token_was_answered_by_somebody_else_stops(stage: Stage, long_clip: Path) -> None:
    job_id, callback = stage.order(long_clip), stage.wait_for_task()
    elsewhere = TaskToken(stage.stepfunctions, callback.token)
    thread = once_encoding(
        lambda: elsewhere.fail("Interrupted", code="INTERRUPTED", message="task stopped", remedy="none")
    )
    assert stage.run(job_id, callback, heartbeat_seconds=0.2) is Exit.TOKEN_GONE
    thread.join()
    assert stage.published() == []
    assert stage.leftovers() == []
    assert stage.job(job_id).job.status == "PROCESSING"


def test_a_worker_with_a_dead_token_does_not_void_the_live_ones_hold(stage: Stage, clip: Path) -> None:
    job_id, callback = stage.order(clip), stage.wait_for_task()
    dead = TaskToken(stage.stepfunctions, "no-such-token")
    assert stage.run(job_id, callback, token=dead) is Exit.TOKEN_GONE
    assert "job.claimed" not in stage.events(job_id)


def test_a_stale_attempt_ends_its_execution_and_leaves_the_job_alone(stage: Stage, clip: Path) -> None:
    job_id, callback = stage.order(clip), stage.wait_for_task()
    with stage.database.connect() as conn:
        conn.execute("UPDATE jobs SET attempt = 2 WHERE id = %s", (job_id,))
    assert stage.run(job_id, callback) is Exit.ANSWERED
    status, (error, cause) = callback.result()
    assert (status, error) == ("FAILED", "ProcessingFailed")
    assert "attempt" in cause["message"]
    assert stage.job(job_id).job.status == "QUEUED"
