"""Things that break around an attempt: it goes on where it can, and says what happened where it cannot."""

import contextlib
import json
import os
import secrets
import signal
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import psycopg
import pytest

import ledger.jobs.worker
from local.servers.postgres import PostgresServer
from media.tools import runner
from processor.exchange.publish import Publisher, Upload
from processor.exchange.storage import CLIENT_CONFIG
from processor.task.errors import AttemptError
from processor.task.progress import ProgressBoard, connect_board
from processor.task.stop import StopReason
from processor.worker import Exit, Worker
from tests.integration.processor.conftest import Stage
from tests.integration.processor.faults import Fault, FaultyProxy

pytestmark = pytest.mark.integration


def test_s3_that_fails_for_good_is_transient_and_nothing_is_completed(
    stage: Stage, clip: Path, access: dict[str, Any]
) -> None:
    def fails(method: str, path: str) -> Fault | None:
        return Fault.ERROR if method == "PUT" and path.endswith("poster.jpg") else None

    with FaultyProxy(access["endpoint_url"], fails).running() as proxy:
        s3 = boto3.client("s3", config=CLIENT_CONFIG, **{**access, "endpoint_url": proxy.url})
        job_id, callback = stage.order(clip), stage.wait_for_task()
        assert stage.run(job_id, callback, s3=s3) is Exit.ANSWERED
        s3.close()
    assert max(proxy.tries.values()) == 5
    _, (error, cause) = callback.result()
    assert (error, cause["code"]) == ("Transient", "INTERNAL")
    assert "poster.jpg" in cause["message"]
    assert stage.events(job_id)[-1] == "job.released"
    assert not any(key.endswith("manifest.json") for key in stage.published())


def test_a_role_that_may_not_write_is_reported_as_access_denied(
    stage: Stage, clip: Path, access: dict[str, Any]
) -> None:
    iam = boto3.client("iam", **access)
    user = f"reader-{secrets.token_hex(6)}"
    iam.create_user(UserName=user)
    allowed = {"Effect": "Allow", "Action": ["s3:GetObject", "s3:GetObjectVersion"], "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    iam.put_user_policy(UserName=user, PolicyName="read", PolicyDocument=policy)
    key = iam.create_access_key(UserName=user)["AccessKey"]
    login = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
    s3 = boto3.client("s3", config=CLIENT_CONFIG, **{**access, **login})
    job_id, callback = stage.order(clip), stage.wait_for_task()
    assert stage.run(job_id, callback, s3=s3) is Exit.ANSWERED
    _, (error, cause) = callback.result()
    assert (error, cause["code"]) == ("ProcessingFailed", "ACCESS_DENIED")
    assert "AccessDenied" in cause["message"]
    assert stage.published() == []


def once(condition: Callable[[], Any], action: Callable[[], None]) -> threading.Thread:
    """Run `action` in a thread as soon as `condition` holds."""

    def watch() -> None:
        deadline = time.monotonic() + 60
        while not condition() and time.monotonic() < deadline:
            time.sleep(0.02)
        action()

    thread = threading.Thread(target=watch)
    thread.start()
    return thread


def encoder_pid() -> int | None:
    """The process id of a child that encodes."""
    for pid in runner.running_pids():
        with contextlib.suppress(OSError):  # it has just ended
            if b"libx264" in Path(f"/proc/{pid}/cmdline").read_bytes():
                return pid
    return None


def kill_encoder() -> None:
    """End the encoder as the kernel does when memory runs out."""
    pid = encoder_pid()
    assert pid is not None
    os.kill(pid, signal.SIGKILL)


@pytest.mark.long
def test_a_killed_encoder_is_transient_and_the_next_worker_completes_the_job(
    stage: Stage, long_clip: Path, clip: Path
) -> None:
    job_id, first, second = stage.order(long_clip), stage.wait_for_task(), stage.wait_for_task()
    thread = once(encoder_pid, kill_encoder)
    assert stage.run(job_id, first) is Exit.ANSWERED
    thread.join()
    _, (error, cause) = first.result()
    assert (error, cause["code"]) == ("Transient", "INTERNAL")
    assert stage.events(job_id)[-1] == "job.released"
    assert stage.published() == []
    assert stage.leftovers() == []
    assert stage.run(job_id, second) is Exit.ANSWERED
    assert second.result()[0] == "SUCCEEDED"
    assert stage.events(job_id).count("job.completed") == 1


def test_a_dead_progress_board_costs_nothing(stage: Stage, clip: Path) -> None:
    job_id, callback = stage.order(clip), stage.wait_for_task()
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        dead = ProgressBoard(connect_board("127.0.0.1", reserved.getsockname()[1], "secret"), job_id)
        assert stage.run(job_id, callback, board=dead) is Exit.ANSWERED
    assert callback.result()[0] == "SUCCEEDED"


def test_a_database_that_drops_every_connection_during_the_work_does_not_cost_the_encode(
    stage: Stage, clip: Path, postgres_server: PostgresServer
) -> None:
    job_id, callback = stage.order(clip), stage.wait_for_task()

    def drop() -> None:
        owner = stage.database.owner.credentials
        arguments: dict[str, Any] = postgres_server.connection_arguments()
        assert owner.username == postgres_server.master_username
        with psycopg.connect(**arguments, autocommit=True) as conn:
            conn.execute("GRANT video_app TO CURRENT_USER")
            conn.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND usename = %s",
                (stage.database.settings.name, stage.database.application.credentials.username),
            )

    thread = once(runner.running_pids, drop)
    assert stage.run(job_id, callback, heartbeat_seconds=0.5) is Exit.ANSWERED
    thread.join()
    assert callback.result()[0] == "SUCCEEDED"
    assert stage.events(job_id).count("job.claimed") == 1


def test_a_large_output_is_uploaded_in_parts_and_verified(stage: Stage, tmp_path: Path) -> None:
    path = tmp_path / "large.mp4"
    path.write_bytes(os.urandom(1024) * 1024 * 40 + b"end")
    percents: list[float] = []
    publisher = Publisher(stage.s3, stage.media_bucket, "videos/v/j/1/", stage.stop)
    upload = Upload(path=path, name="large.mp4", content_type="video/mp4")
    published = publisher.publish([upload], percents.append)["large.mp4"]
    stored = stage.s3.get_object(Bucket=stage.media_bucket, Key=published.key)
    assert stored["Body"].read() == path.read_bytes()
    assert published.size_bytes == path.stat().st_size
    assert percents[-1] == 100


def test_an_object_that_differs_from_its_file_is_noticed(stage: Stage, tmp_path: Path) -> None:
    path = tmp_path / "poster.jpg"
    path.write_bytes(b"right bytes")

    def tamper(**_: Any) -> None:
        root.put_object(
            Bucket=stage.media_bucket,
            Key="videos/v/j/1/poster.jpg",
            Body=b"wrong bytes",
            ContentType="image/jpeg",
            ChecksumAlgorithm="SHA256",
        )

    root = boto3.client(
        "s3",
        endpoint_url=stage.emulator.url,
        region_name=stage.emulator.region,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    stage.s3.meta.events.register("provide-client-params.s3.HeadObject", tamper)
    publisher = Publisher(stage.s3, stage.media_bucket, "videos/v/j/1/", stage.stop)
    with pytest.raises(AttemptError, match="sent were"):
        publisher.publish([Upload(path=path, name="poster.jpg", content_type="image/jpeg")], lambda _: None)


def test_a_completion_whose_answer_was_lost_is_reported_once_and_as_a_success(
    stage: Stage, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[object] = []

    def complete_and_lose_the_answer(*arguments: Any, **named: Any) -> Any:
        calls.append(complete(*arguments, **named))
        if len(calls) == 1:
            message = "server closed the connection unexpectedly"
            raise psycopg.OperationalError(message)
        return calls[-1]

    complete = ledger.jobs.worker.complete
    monkeypatch.setattr(ledger.jobs.worker, "complete", complete_and_lose_the_answer)
    job_id, callback = stage.order(clip), stage.wait_for_task()
    assert stage.run(job_id, callback) is Exit.ANSWERED
    assert calls[0] == calls[1]
    status, output = callback.result()
    assert (status, output["status"]) == ("SUCCEEDED", "COMPLETED")
    assert stage.events(job_id).count("job.completed") == 1


def test_an_attempt_that_hangs_can_be_given_up_from_another_thread(
    stage: Stage, clip: Path, access: dict[str, Any]
) -> None:
    reached, resume = threading.Event(), threading.Event()

    def hangs(method: str, _path: str) -> Fault | None:
        if method == "GET":
            reached.set()
            resume.wait(30)
        return None

    with FaultyProxy(access["endpoint_url"], hangs).running() as proxy:
        s3 = boto3.client("s3", config=CLIENT_CONFIG, **{**access, "endpoint_url": proxy.url})
        job_id, callback = stage.order(clip), stage.wait_for_task()
        settings = stage.settings(job_id, callback)
        worker = Worker(settings, stage.context(settings, s3=s3))
        codes: list[Exit] = []
        thread = threading.Thread(target=lambda: codes.append(worker.run()))
        thread.start()
        assert reached.wait(30)
        stage.stop.request(StopReason.INTERRUPTED)
        assert worker.abandon() is Exit.ANSWERED
        _, (error, cause) = callback.result()
        assert (error, cause["code"]) == ("Interrupted", "INTERRUPTED")
        assert stage.events(job_id)[-1] == "job.released"
        assert stage.leftovers() == []
        resume.set()
        thread.join()
        s3.close()
    assert codes == [Exit.TOKEN_GONE]
    assert stage.events(job_id).count("job.released") == 1
