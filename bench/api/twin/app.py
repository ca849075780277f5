"""FastAPI, SQLAlchemy and Mangum: the five endpoints that are measured.

Where there was a choice, the one that makes the twin faster was taken: handlers are coroutines (no thread
pool), the pool does not ask the server before each use, and AWS clients are made when first needed.
"""

import base64
import hashlib
import hmac
import json
import logging
import os
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import Depends, FastAPI, HTTPException, Query, Response, status
from mangum import Mangum
from sqlalchemy import URL, Engine, create_engine, func, select, tuple_
from sqlalchemy.orm import Session

from bench.api.twin.schemas import JobCreated, JobIn, JobOut, RecordIn, RecordOut, RecordPage, UploadOut
from bench.api.twin.tables import Event, Job, Video

_UPLOAD_SECONDS = 900
_LOGGER = logging.getLogger("twin")
_LOGGER.setLevel(logging.INFO)
_LOGGER.addHandler(logging.StreamHandler(sys.stdout))
app = FastAPI(title="Video platform API", version="1.0.0")


@cache
def _secret() -> dict[str, str]:
    import boto3

    text = boto3.client("secretsmanager").get_secret_value(SecretId=os.environ["DATABASE_SECRET_ARN"])
    login: dict[str, str] = json.loads(text["SecretString"])
    return login


@cache
def _engine() -> Engine:
    url = URL.create(
        "postgresql+psycopg",
        username=_secret()["username"],
        password=_secret()["password"],
        host=os.environ["DATABASE_HOST"],
        port=int(os.environ["DATABASE_PORT"]),
        database=os.environ["DATABASE_NAME"],
        query={"sslmode": "verify-full", "sslrootcert": os.environ["BENCH_CA_PATH"]},
    )
    return create_engine(url, pool_size=1, max_overflow=1, pool_recycle=300)


@cache
def _s3() -> Any:
    import boto3
    from botocore.config import Config

    config = Config(
        signature_version="s3v4",
        s3={"addressing_style": "virtual", "us_east_1_regional_endpoint": "regional"},
        request_checksum_calculation="when_required",
    )
    return boto3.client("s3", config=config)


def _session() -> Iterator[Session]:
    with Session(_engine(), expire_on_commit=False) as session:
        yield session


Database = Annotated[Session, Depends(_session)]


@app.get("/metadata")
async def list_records(
    session: Database,
    q: Annotated[str | None, Query(min_length=1, max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    cursor: Annotated[str | None, Query(max_length=512)] = None,
) -> RecordPage:
    """Records that match, newest first."""
    query = select(Video).where(Video.deleted_at.is_(None))
    if q is not None:
        query = query.where(Video.search.op("@@")(func.websearch_to_tsquery("pg_catalog.simple", q)))
    if cursor is not None:
        query = query.where(tuple_(Video.created_at, Video.id) < tuple_(*_position(cursor, q)))
    rows = session.scalars(query.order_by(Video.created_at.desc(), Video.id.desc()).limit(limit + 1)).all()
    items = [RecordOut.model_validate(row) for row in rows[:limit]]
    return RecordPage(items=items, next_cursor=_sealed(rows[limit - 1], q) if len(rows) > limit else None)


@app.get("/metadata/{video_id}")
async def get_record(video_id: UUID, session: Database, response: Response) -> RecordOut:
    """One record."""
    video = session.scalar(select(Video).where(Video.id == video_id, Video.deleted_at.is_(None)))
    if video is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "no such video")
    response.headers["ETag"] = f'"{video.version}"'
    return RecordOut.model_validate(video)


@app.post("/metadata", status_code=status.HTTP_201_CREATED)
async def create_record(body: RecordIn, session: Database, response: Response) -> RecordOut:
    """A record without a video."""
    video = Video(**body.model_dump())
    session.add(video)
    session.commit()
    response.headers["ETag"] = f'"{video.version}"'
    response.headers["Location"] = f"/metadata/{video.id}"
    return RecordOut.model_validate(video)


@app.post("/jobs", status_code=status.HTTP_201_CREATED)
async def create_job(body: JobIn, session: Database, response: Response) -> JobCreated:
    """A job and where its file goes."""
    video = Video(title=body.filename, description="", tags=[], language=None, attributes={})
    session.add(video)
    session.flush()
    job_id = uuid4()
    bucket, key = os.environ["INGEST_BUCKET"], f"uploads/{job_id}/source"
    job = Job(
        id=job_id,
        video_id=video.id,
        status="PENDING",
        priority=body.priority,
        profile=body.profile,
        filename=body.filename,
        content_type=body.content_type,
        declared_size_bytes=body.size_bytes,
        source_bucket=bucket,
        source_key=key,
        source_identity="",
    )
    session.add(job)
    session.flush()
    told = {"status": "PENDING", "profile": body.profile}
    session.add(Event(job_id=job_id, attempt=1, fence=0, type="job.created", data=told))
    session.commit()
    response.headers["Location"] = f"/jobs/{job_id}"
    return JobCreated(job=JobOut.model_validate(job), upload=_upload(bucket, key, body))


def _upload(bucket: str, key: str, body: JobIn) -> UploadOut:
    expires_at = datetime.now(UTC) + timedelta(seconds=_UPLOAD_SECONDS)
    params = {
        "Bucket": bucket,
        "Key": key,
        "ContentLength": body.size_bytes,
        "ContentType": body.content_type,
    }
    url = _s3().generate_presigned_url("put_object", Params=params, ExpiresIn=_UPLOAD_SECONDS)
    headers = {"Content-Type": body.content_type, "Content-Length": str(body.size_bytes)}
    return UploadOut(method="PUT", url=url, headers=headers, expires_at=expires_at)


def _sealed(video: Video, q: str | None) -> str:
    position = f"{video.created_at.isoformat()}|{video.id}"
    return base64.urlsafe_b64encode(f"{_signature(position, q)}|{position}".encode()).decode()


def _position(cursor: str, q: str | None) -> tuple[datetime, UUID]:
    try:
        signature, position = base64.urlsafe_b64decode(cursor).decode().split("|", 1)
        created_at, video_id = position.split("|")
    except ValueError as error:
        raise HTTPException(status.HTTP_400_BAD_REQUEST, "cursor is not one of ours") from error
    if not hmac.compare_digest(signature, _signature(position, q)):
        raise HTTPException(status.HTTP_400_BAD_REQUEST, "cursor is not one of ours")
    return datetime.fromisoformat(created_at), UUID(video_id)


def _signature(position: str, q: str | None) -> str:
    key = _secret()["password"].encode()
    return hmac.new(key, f"{q}|{position}".encode(), hashlib.sha256).hexdigest()


class LoggedCalls:
    """One JSON line about every call, as the platform's function writes it."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Passes the call on and notes its status and duration."""
        started, answered = time.perf_counter(), []

        async def note(message: Any) -> None:
            if message["type"] == "http.response.start":
                answered.append(message["status"])
                message["headers"] += [
                    (b"cache-control", b"no-store"),
                    (b"x-content-type-options", b"nosniff"),
                ]
            await send(message)

        await self._inner(scope, receive, note)
        line = {
            "message": "request_answered",
            "method": scope.get("method"),
            "path": scope.get("path"),
            "status": answered[0] if answered else None,
            "duration_ms": round((time.perf_counter() - started) * 1_000, 1),
        }
        _LOGGER.info(json.dumps(line))


handler = Mangum(LoggedCalls(app), lifespan="off")
