"""With the emulator on TLS nothing is left out of any policy, and nothing goes through without TLS."""

import json
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import BotoCoreError

from tests.platform_client import Platform

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def job(secured: Platform, short_clip: Path) -> dict[str, Any]:
    return secured.settled(secured.upload(short_clip))


def demands_tls(policy: str) -> bool:
    statements = json.loads(policy)["Statement"]
    condition = {"Bool": {"aws:SecureTransport": "false"}}
    return any(one["Effect"] == "Deny" and one.get("Condition") == condition for one in statements)


def plain(url: str) -> str:
    assert url.startswith("https://")
    return url.replace("https://", "http://", 1)


def test_a_clip_is_processed_and_announced_with_every_statement_in_force(
    secured: Platform, job: dict[str, Any], short_clip: Path
) -> None:
    assert secured.description["dropped_statements"] == []
    assert (job["status"], job["attempt"], job["error"]) == ("COMPLETED", 1, None), job
    assert short_clip.name in secured.mail(job["job_id"])["Subject"]
    assert len(secured.mails(job["job_id"])) == 1
    assert secured.ended_execution(job["job_id"])["status"] == "SUCCEEDED"


def test_buckets_and_topics_deny_requests_without_tls(secured: Platform) -> None:
    for name in ("ingest_bucket", "media_bucket"):
        assert demands_tls(secured.aws("s3").get_bucket_policy(Bucket=secured.exports[name])["Policy"])
    for name in ("completion_topic_arn", "error_topic_arn"):
        attributes = secured.aws("sns").get_topic_attributes(TopicArn=secured.exports[name])["Attributes"]
        assert demands_tls(attributes["Policy"])


def test_a_signed_link_works_over_tls_only(secured: Platform, job: dict[str, Any]) -> None:
    link = secured.link(job["job_id"], "mp4")["download_url"]
    assert secured.http.get(link).status_code == 200
    # The emulator believes a proxy that says how it was reached: here, the bucket's policy decides.
    refused = secured.http.get(link, headers={"X-Forwarded-Proto": "http"})
    assert refused.status_code == 403
    assert "AccessDenied" in refused.text
    with pytest.raises(httpx.TransportError):
        httpx.get(plain(link))


def test_plain_http_gets_no_answer(secured: Platform) -> None:
    with pytest.raises(httpx.TransportError):
        httpx.get(plain(secured.description["api_url"]) + "/health")
    client = boto3.client(
        "s3",
        endpoint_url=plain(secured.description["emulator_url"]),
        region_name=secured.description["region"],
        config=Config(signature_version=UNSIGNED, retries={"total_max_attempts": 1}),
    )
    with pytest.raises(BotoCoreError):
        client.list_buckets()


def test_a_client_that_does_not_know_the_authority_refuses_the_server(secured: Platform) -> None:
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.get(secured.description["api_url"] + "/health")


def test_the_command_line_finds_its_way(secured: Platform, short_clip: Path) -> None:
    submitted = secured.local("submit", str(short_clip), "--json")
    assert submitted.returncode == 0, submitted.stderr
    assert json.loads(submitted.stdout)["status"] == "COMPLETED"
    status = json.loads(secured.local("status", "--json").stdout)
    assert status["ca_path"] == secured.description["ca_path"]
    assert json.loads(secured.local("logs", "--json").stdout)["logs"]


def test_a_platform_that_runs_over_plain_http_is_not_taken_for_a_secured_one(edited: Platform) -> None:
    refused = edited.local("up", "--emulator-tls", "--json")
    assert refused.returncode == 4
    assert "python -m local down" in json.loads(refused.stdout)["error"]["remedy"]
