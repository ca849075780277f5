"""A worker's whole context, all real: S3 and Step Functions, PostgreSQL, Redis, and a short clip."""

import json
import secrets
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import boto3
import pytest
import redis

from ledger.jobs import arrivals, job_queries, jobs
from ledger.models import NewJob, SourceObject
from ledger.overrides import Overrides, Watermark
from ledger.states import DEFAULT_CLIENT
from ledger.videos import videos
from local.servers.emulator import ROOT_ACCESS_KEY_ID, ROOT_SECRET_ACCESS_KEY, EmulatorServer
from local.servers.redis import RedisServer
from media.tools import runner
from processor.exchange.storage import CLIENT_CONFIG
from processor.steps.attempt import WorkerContext
from processor.task.ledger_session import LedgerSession
from processor.task.progress import ProgressBoard, connect_board
from processor.task.settings import Settings
from processor.task.stop import Stop
from processor.task.token import TaskToken
from processor.worker import Exit, Worker
from tests.ledger_support import LedgerDatabase, create_upload_job
from tests.media import BIKES, ffmpeg, make_clip
from tests.this_machine import THIS_MACHINE

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_stepfunctions import SFNClient

STACK = "test"


@pytest.fixture(scope="session")
def access(emulator: EmulatorServer) -> dict[str, Any]:
    """Arguments of clients that act as the emulator's account owner."""
    return {
        "endpoint_url": emulator.url,
        "region_name": emulator.region,
        "aws_access_key_id": ROOT_ACCESS_KEY_ID,
        "aws_secret_access_key": ROOT_SECRET_ACCESS_KEY,
    }


@pytest.fixture(scope="session")
def machine_role_arn(access: dict[str, Any]) -> str:
    """A role that state machines may take."""
    trust = {"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role = boto3.client("iam", **access).create_role(
        RoleName=f"machine-{secrets.token_hex(6)}",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )
    return role["Role"]["Arn"]


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A second of real footage with sound, 320x180."""
    return make_clip(tmp_path_factory.mktemp("clip"), size="320x180", seconds=1)


@pytest.fixture(scope="session")
def long_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Footage whose encode takes long enough to be interrupted: 640x272, 20 s, one rung."""
    path = tmp_path_factory.mktemp("clip") / "long.mp4"
    ffmpeg("-stream_loop", "1", "-i", str(BIKES), "-c", "copy", str(path))
    return path


@dataclass(frozen=True, kw_only=True)
class Callback:
    """One execution that waits for a task token, as a workflow's task does."""

    client: "SFNClient"
    token: str
    execution_arn: str

    def result(self) -> tuple[str, Any]:
        """Wait for the end; give the status, and the output or the error name with its parsed cause."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            told = self.client.describe_execution(executionArn=self.execution_arn)
            if told["status"] == "SUCCEEDED":
                return told["status"], json.loads(told["output"])
            if told["status"] != "RUNNING":
                return told["status"], (told["error"], json.loads(told["cause"]))
            time.sleep(0.1)
        message = "the execution has not ended"
        raise AssertionError(message)

    def is_waiting(self) -> bool:
        """Tell whether the token has no answer yet."""
        return self.client.describe_execution(executionArn=self.execution_arn)["status"] == "RUNNING"


@dataclass(kw_only=True)
class Stage:
    """Everything that a test of the worker touches."""

    emulator: EmulatorServer
    redis_server: RedisServer
    database: LedgerDatabase
    s3: "S3Client"
    stepfunctions: "SFNClient"
    machine_role_arn: str
    ingest_bucket: str
    media_bucket: str
    scratch: Path
    shared: Path
    stop: Stop = field(default_factory=lambda: Stop(on_stop=runner.terminate_all))

    def order(self, source: Path | bytes | None, *, profile: str = "web", **declared: Any) -> UUID:
        """Make a job whose upload has arrived; None leaves the object out."""
        body = source.read_bytes() if isinstance(source, Path) else source
        job_id, video_id = uuid4(), uuid4()
        key = f"uploads/{job_id}/source"
        with self.database.connect() as conn:
            videos.create(conn, video_id, videos.VideoDraft(title="Clip"), DEFAULT_CLIENT)
            new = NewJob(
                id=job_id,
                video_id=video_id,
                profile=profile,
                owner="tester",
                filename="holiday.mp4",
                source_bucket=self.ingest_bucket,
                source_key=key,
                **declared,
            )
            create_upload_job(conn, new)
            stored = SourceObject(bucket=self.ingest_bucket, key=key, size_bytes=len(body or b""))
            if body is not None:
                put = self.s3.put_object(Bucket=self.ingest_bucket, Key=key, Body=body)
                etag, version = put["ETag"].strip('"'), put["VersionId"]
                stored = replace(stored, etag=etag, version_id=version)
            arrivals.mark_uploaded(conn, job_id, stored)
        return job_id

    def override(self, job_id: UUID, overrides: Overrides) -> None:
        """Ask for something beyond the profile of a job."""
        with self.database.connect() as conn, conn.transaction():
            jobs.store_overrides(conn, job_id, overrides)

    def put_watermark(self, picture: Path, *, bucket: str | None = None) -> Watermark:
        """Put a watermark into the ingest bucket; `bucket` names another one in the override."""
        put = self.s3.put_object(Bucket=self.ingest_bucket, Key="watermarks/logo", Body=picture.read_bytes())
        return Watermark(
            bucket=bucket or self.ingest_bucket,
            key="watermarks/logo",
            version_id=put["VersionId"],
            etag=put["ETag"].strip('"'),
            position="top-left",
            opacity=1.0,
            width_percent=20.0,
        )

    def wait_for_task(self) -> Callback:
        """Start an execution and take its task token."""
        name = f"worker-{secrets.token_hex(6)}"
        activity = self.stepfunctions.create_activity(name=name)["activityArn"]
        state = {"Type": "Task", "Resource": activity, "End": True}
        machine = self.stepfunctions.create_state_machine(
            name=name,
            definition=json.dumps({"StartAt": "Process", "States": {"Process": state}}),
            roleArn=self.machine_role_arn,
        )["stateMachineArn"]
        execution = self.stepfunctions.start_execution(stateMachineArn=machine)["executionArn"]
        self._wait_until_scheduled(execution)
        token = self.stepfunctions.get_activity_task(activityArn=activity)["taskToken"]
        return Callback(client=self.stepfunctions, token=token, execution_arn=execution)

    def _wait_until_scheduled(self, execution: str) -> None:
        """The emulator looks for an activity's task twice a second: ask when it is there."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            history = self.stepfunctions.get_execution_history(executionArn=execution)["events"]
            if any(event["type"] == "TaskStateEntered" for event in history):
                return
            time.sleep(0.03)

    def settings(self, job_id: UUID, callback: Callback, **changes: Any) -> Settings:
        """The settings of one attempt."""
        login = self.database.application.credentials
        values = {
            "stack": STACK,
            "log_level": "INFO",
            "database_host": self.database.settings.host,
            "database_port": self.database.settings.port,
            "database_name": self.database.settings.name,
            "database_username": login.username,
            "database_password": login.password,
            "redis_host": self.redis_server.host,
            "redis_port": self.redis_server.port,
            "redis_auth_token": self.redis_server.auth_token,
            "ingest_bucket": self.ingest_bucket,
            "media_bucket": self.media_bucket,
            "scratch_dir": self.scratch,
            "tmpdir": self.scratch,
            "home": self.scratch,
            "max_source_bytes": 1024**3,
            "max_source_hours": 12,
            "shared_dir": self.shared,
            "chunking_mode": "auto",
            "chunk_window_seconds": 60,
            "chunk_concurrency": 10,
            "task_timeout_seconds": 1620,
            "workflow_timeout_seconds": 1800,
            "step": "prepare",
            "chunk": "",
            "job_id": job_id,
            "attempt": 1,
            "task_token": callback.token,
            "execution_arn": callback.execution_arn,
        }
        return Settings.model_validate(values | changes)

    def board_client(self) -> redis.Redis:
        """A client of the progress board that trusts the test's authority."""
        server = self.redis_server
        return connect_board(server.host, server.port, server.auth_token, ca_bundle_path=Path(server.ca_path))

    def context(self, settings: Settings, **changes: Any) -> WorkerContext:
        """What the worker works with."""
        values: dict[str, Any] = {
            "s3": self.s3,
            "token": TaskToken(self.stepfunctions, settings.task_token.get_secret_value()),
            "open_session": lambda: LedgerSession(self.database.connect, self.stop),
            "board": ProgressBoard(self.board_client(), settings.job_id),
            "stop": self.stop,
            "size": THIS_MACHINE,
            "task_arn": "arn:aws:ecs:ap-northeast-1:000000000000:task/cluster/1",
        }
        return WorkerContext(**(values | changes))

    def run(self, job_id: UUID, callback: Callback, **changes: Any) -> Exit:
        """Run one attempt in this process."""
        settings = self.settings(job_id, callback)
        return Worker(settings, self.context(settings, **changes)).run()

    def job(self, job_id: UUID) -> job_queries.JobDetail:
        """The job as the API shows it."""
        with self.database.connect() as conn:
            detail = job_queries.get(conn, job_id)
        assert detail is not None
        return detail

    def events(self, job_id: UUID) -> list[str]:
        """The types of the job's events in order."""
        with self.database.connect() as conn:
            rows = job_queries.events(conn, job_id, after_id=0, limit=100)
        return [row.type for row in rows or []]

    def published(self) -> list[str]:
        """Every key in the media bucket."""
        listing = self.s3.list_objects_v2(Bucket=self.media_bucket)
        return [item["Key"] for item in listing.get("Contents", [])]

    def leftovers(self) -> list[Path]:
        """What is left in the scratch directory."""
        return list(self.scratch.iterdir())


@pytest.fixture
def stage(
    emulator: EmulatorServer,
    redis_server: RedisServer,
    ledger_database: LedgerDatabase,
    access: dict[str, Any],
    machine_role_arn: str,
    tmp_path: Path,
) -> Iterator[Stage]:
    """A fresh stage; children of a stopped attempt may start again after it."""
    s3: S3Client = boto3.client("s3", config=CLIENT_CONFIG, **access)
    suffix = secrets.token_hex(6)
    location: Any = {"LocationConstraint": emulator.region}
    for name in ("ingest", "media"):
        s3.create_bucket(Bucket=f"{name}-{suffix}", CreateBucketConfiguration=location)
        s3.put_bucket_versioning(Bucket=f"{name}-{suffix}", VersioningConfiguration={"Status": "Enabled"})
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    shared = tmp_path / "shared"
    shared.mkdir()
    yield Stage(
        emulator=emulator,
        redis_server=redis_server,
        database=ledger_database,
        s3=s3,
        stepfunctions=boto3.client("stepfunctions", **access),
        machine_role_arn=machine_role_arn,
        ingest_bucket=f"ingest-{suffix}",
        media_bucket=f"media-{suffix}",
        scratch=scratch,
        shared=shared,
    )
    runner.reset()


@pytest.fixture
def background() -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """Starts child processes and makes sure that none outlives the test."""
    children: list[subprocess.Popen[str]] = []

    def start(*arguments: Any, **options: Any) -> "subprocess.Popen[str]":
        children.append(subprocess.Popen(*arguments, **options))
        return children[-1]

    yield start
    for child in children:
        if child.poll() is None:
            child.kill()
        child.wait()
        if child.stdout is not None:
            child.stdout.close()
