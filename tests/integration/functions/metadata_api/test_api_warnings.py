"""Callers see what was odd: on the job, on the video, and where a job is answered by an earlier one."""

import hashlib
from typing import Any
from uuid import UUID

import pytest

from ledger.database.connection import LedgerConnection
from ledger.jobs import worker
from ledger.models import JobWarning
from local.servers.emulator import EmulatorServer
from metadata_api.settings import ApiSettings
from tests.api_client import ApiClient
from tests.buckets import make_bucket
from tests.integration.functions.metadata_api.new_jobs import CONTENT, arrive, create, start
from tests.ledger_support import output_of

pytestmark = pytest.mark.integration

ODD = JobWarning(code="TRACKS_LEFT_OUT", message="Some are left out.", facts={"tracks": 9, "kept": 8})
TOLD = [{"code": "TRACKS_LEFT_OUT", "message": "Some are left out.", "facts": {"tracks": 9, "kept": 8}}]
KNOWN = {"sha256": hashlib.sha256(CONTENT).hexdigest(), "deduplicate": True}


@pytest.fixture
def api_settings(api_settings: ApiSettings, emulator: EmulatorServer) -> ApiSettings:
    from dataclasses import replace

    return replace(api_settings, media_bucket=make_bucket(emulator, "media"))


def process(api: ApiClient, conn: LedgerConnection, aws: Any) -> dict[str, Any]:
    job: dict[str, Any] = create(api, **KNOWN)["job"]
    arrive(api, conn, job["job_id"])
    claim = start(conn, job["job_id"])
    outputs = [output_of(claim), output_of(claim, "manifest", key=f"{claim.output_prefix}manifest.json")]
    for output in outputs:
        aws.client("s3").put_object(Bucket=api.settings.media_bucket, Key=output.key, Body=b"x")
    worker.complete(
        conn, claim, outputs, {}, stack="test", media_bucket=api.settings.media_bucket, warnings=[ODD]
    )
    return job


def test_a_job_and_its_video_show_the_warnings(
    api: ApiClient, ledger_conn: LedgerConnection, aws: Any
) -> None:
    job = process(api, ledger_conn, aws)

    assert job["warnings"] == []
    assert api.call("GET", f"/jobs/{job['job_id']}").json["warnings"] == TOLD
    assert api.call("GET", f"/metadata/{job['video_id']}").json["warnings"] == TOLD
    (listed,) = api.call("GET", "/metadata").json["items"]
    assert listed["warnings"] == TOLD


def test_a_job_that_is_answered_by_reuse_carries_the_warnings_of_the_earlier_one(
    api: ApiClient, ledger_conn: LedgerConnection, aws: Any
) -> None:
    first = process(api, ledger_conn, aws)

    again = create(api, **KNOWN)["job"]

    assert again["reused_job_id"] == first["job_id"]
    assert again["warnings"] == TOLD
    assert api.call("GET", f"/metadata/{again['video_id']}").json["warnings"] == TOLD
    row = ledger_conn.execute(
        "SELECT announcement ->> 'message' FROM jobs WHERE id = %s", (UUID(again["job_id"]),)
    ).fetchone()
    assert row is not None
    assert "Some are left out. (TRACKS_LEFT_OUT)" in row[0]
