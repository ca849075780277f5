"""Orders jobs through the API and does in the ledger what their workers would."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any
from uuid import UUID

import httpx

from ledger.database.connection import LedgerConnection
from ledger.jobs import worker
from ledger.models import Claim, OutputRecord, SourceObject
from tests.api_client import ApiClient

CONTENT = b"not really a video" * 10


FORM = {"filename": "holiday.mov", "size_bytes": len(CONTENT), "content_type": "video/quicktime"}


def create(api: ApiClient, **changes: Any) -> dict[str, Any]:
    answer = api.call("POST", "/jobs", FORM | changes)
    assert answer.status == 201, answer.text
    created: dict[str, Any] = answer.json
    return created


def upload(
    ticket: dict[str, Any], content: bytes = CONTENT, headers: Mapping[str, str] = MappingProxyType({})
) -> int:
    return httpx.put(ticket["url"], content=content, headers={**ticket["headers"], **headers}).status_code


def arrive(api: ApiClient, conn: LedgerConnection, job_id: str) -> None:
    from ledger.jobs.arrivals import mark_uploaded

    source = SourceObject(
        bucket=api.settings.ingest_bucket,
        key=f"uploads/{job_id}/source",
        size_bytes=len(CONTENT),
        etag="abc",
        sequencer="01",
    )
    mark_uploaded(conn, UUID(job_id), source)


def start(conn: LedgerConnection, job_id: str, execution_arn: str = "arn:execution") -> Claim:
    taken = worker.claim(
        conn, job_id=UUID(job_id), attempt=1, execution_arn=execution_arn, task_arn=None, task_token="token"
    )
    assert isinstance(taken, Claim)
    return taken


def finish(conn: LedgerConnection, taken: Claim) -> None:
    def output(name: str, file: str, **facts: Any) -> OutputRecord:
        return OutputRecord(
            name=name,
            kind="rendition",
            key=taken.output_prefix + file,
            content_type="video/mp4",
            size_bytes=10,
            sha256="0" * 64,
            **facts,
        )

    outputs = [
        output("480p", "480p.mp4", width=854, height=480, codec="avc1.64001f", bitrate_kbps=900),
        output("720p", "720p.mp4", width=1280, height=720),
        output("720p.m3u8", "720p.m3u8"),
        output("hls", "master.m3u8"),
    ]
    worker.complete(conn, taken, outputs, {"encoding": 2.5}, stack="test", media_bucket="media-test")
