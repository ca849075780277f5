"""Shared by the tests of the ledger and of the event functions: a database, jobs in each state, a fake."""

import threading
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from botocore.exceptions import ClientError
from psycopg import sql

from ledger.access.keys import DeployedKey, Scope
from ledger.database.connection import ConnectionKeeper, FixedCredentials, LedgerConnection, connect
from ledger.database.settings import DatabaseSettings
from ledger.jobs import job_rows, jobs, worker
from ledger.models import Claim, Job, NewJob, OutputRecord, SourceObject
from ledger.states import DEFAULT_CLIENT, JobStatus

INGEST_BUCKET = "ingest-bucket"
MEDIA_BUCKET = "media-bucket"
STACK = "dev"
MACHINE_ARN = "arn:aws:states:ap-northeast-1:123456789012:stateMachine:video-processing-workflow-dev"
EXECUTION_PREFIX = MACHINE_ARN.replace(":stateMachine:", ":execution:")
SHA256 = "a" * 64


@dataclass(frozen=True)
class LedgerDatabase:
    """A database with the newest schema and an application role.

    Attributes:
        owner: May change the schema.
        application: What the services log in with.
    """

    settings: DatabaseSettings
    owner: FixedCredentials
    application: FixedCredentials

    def connect(self) -> LedgerConnection:
        """A connection as the services have it."""
        return connect(self.settings, self.application)

    def keeper(self) -> ConnectionKeeper:
        """Connections as the functions have them."""
        return ConnectionKeeper(self.settings, self.application)


KNOWN_KEYS = (
    DeployedKey(gateway_id="key-1", client=DEFAULT_CLIENT, name="first", scope=Scope.OPERATOR),
    DeployedKey(gateway_id="key-2", client="second", name="only", scope=Scope.OPERATOR),
)
"""Keys that every test's ledger knows."""


def new_video(conn: LedgerConnection, title: str = "Holiday") -> UUID:
    video_id = uuid4()
    conn.execute(
        "INSERT INTO videos (id, client, title) VALUES (%s, %s, %s)", (video_id, DEFAULT_CLIENT, title)
    )
    return video_id


def new_job(video_id: UUID, **changes: Any) -> NewJob:
    job_id = changes.pop("id", uuid4())
    values: dict[str, Any] = {
        "id": job_id,
        "video_id": video_id,
        "owner": DEFAULT_CLIENT,
        "profile": "web",
        "filename": "holiday.mov",
        "source_bucket": INGEST_BUCKET,
        "source_key": f"uploads/{job_id}/source",
        "declared_size_bytes": 1000,
    }
    return NewJob(**values | changes)


def source_of(key: str, **changes: Any) -> SourceObject:
    values: dict[str, Any] = {
        "bucket": INGEST_BUCKET,
        "key": key,
        "size_bytes": 1000,
        "etag": "e1",
        "version_id": "v1",
        "sequencer": "0060",
    }
    return SourceObject(**values | changes)


def create_upload_job(conn: LedgerConnection, new: NewJob) -> Job:
    """Makes a PENDING job that waits for an upload to a key of its own."""
    jobs.insert(conn, new, JobStatus.PENDING, jobs.UPLOAD_IDENTITY, None)
    return _stored(conn, new)


def create_object_job(conn: LedgerConnection, new: NewJob, source: SourceObject) -> Job:
    """Makes a QUEUED job on an object that exists already."""
    jobs.insert(conn, new, JobStatus.QUEUED, None, source)
    return _stored(conn, new)


def _stored(conn: LedgerConnection, new: NewJob) -> Job:
    job = job_rows.find(conn, new.id)
    assert job is not None
    return job


def pending_job(conn: LedgerConnection, **changes: Any) -> Job:
    return create_upload_job(conn, new_job(new_video(conn), **changes))


def queued_job(conn: LedgerConnection, **changes: Any) -> Job:
    new = new_job(new_video(conn), **changes)
    return create_object_job(conn, new, source_of(new.source_key))


def started_job(conn: LedgerConnection, **changes: Any) -> Job:
    """A QUEUED job whose execution has begun."""
    job = queued_job(conn, **changes)
    jobs.record_execution(conn, job.id, job.attempt, f"{EXECUTION_PREFIX}:{job.id}-{job.attempt}")
    return job


def claimed(conn: LedgerConnection, job: Job, *, task: str = "task-1") -> Claim:
    claim = worker.claim(
        conn,
        job_id=job.id,
        attempt=job.attempt,
        execution_arn=f"{EXECUTION_PREFIX}:{job.id}-{job.attempt}",
        task_arn=f"arn:task/{task}",
        task_token=f"token-{task}",
    )
    assert isinstance(claim, Claim)
    return claim


def output_of(claim: Claim, name: str = "720p", **changes: Any) -> OutputRecord:
    values: dict[str, Any] = {
        "name": name,
        "kind": "rendition",
        "key": f"{claim.output_prefix}{name}.mp4",
        "content_type": "video/mp4",
        "size_bytes": 5_000_000,
        "sha256": SHA256,
        "width": 1280,
        "height": 720,
        "codec": "avc1.64001f",
        "bitrate_kbps": 2800,
        "duration_seconds": 90.0,
        "frame_rate": 25.0,
        "details": {"gop_frames": 50},
    }
    return OutputRecord(**values | changes)


def completed(conn: LedgerConnection, claim: Claim) -> None:
    worker.complete(
        conn, claim, [output_of(claim)], {"encoding": 3.5}, stack=STACK, media_bucket=MEDIA_BUCKET
    )


def column(conn: LedgerConnection, job_id: UUID, name: str) -> Any:
    """One column of a job, as the table holds it."""
    row = conn.execute("SELECT to_jsonb(jobs) -> %s FROM jobs WHERE id = %s", (name, job_id)).fetchone()
    assert row is not None
    return row[0]


def event_types(conn: LedgerConnection, job_id: UUID) -> list[str]:
    rows = conn.execute("SELECT type FROM events WHERE job_id = %s ORDER BY id", (job_id,)).fetchall()
    return [row[0] for row in rows]


def count(conn: LedgerConnection, table: str) -> int:
    row = conn.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))).fetchone()
    assert row is not None
    return int(row[0])


def client_error(code: str, operation: str = "Operation") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": code}}, operation)


@dataclass
class FakeStepFunctions:
    """Executions with the real service's rules on names, and a record of all calls."""

    started: list[dict[str, str]] = field(default_factory=list)
    statuses: dict[str, tuple[str, str]] = field(default_factory=dict)
    failures: list[dict[str, str]] = field(default_factory=list)
    error: Exception | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def start_execution(self, *, stateMachineArn: str, name: str, input: str) -> dict[str, str]:  # noqa: A002, N803
        if self.error:
            raise self.error
        arn = f"{stateMachineArn.replace(':stateMachine:', ':execution:')}:{name}"
        with self.lock:
            status = self.statuses.setdefault(arn, ("RUNNING", ""))[0]
            self.started.append({"name": name, "input": input})
        if status != "RUNNING":
            raise client_error("ExecutionAlreadyExists")
        return {"executionArn": arn}

    def describe_execution(self, *, executionArn: str) -> dict[str, str]:  # noqa: N803
        if executionArn not in self.statuses:
            raise client_error("ExecutionDoesNotExist")
        status, error = self.statuses[executionArn]
        return {"status": status} | ({"error": error} if error else {})

    def send_task_failure(self, **arguments: str) -> None:
        if self.error:
            raise self.error
        self.failures.append(arguments)
