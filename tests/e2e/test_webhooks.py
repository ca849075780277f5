"""Webhooks through the whole platform: API, ledger, queues, both functions, a receiver on this machine."""

from collections.abc import Iterator

import pytest
from standardwebhooks import Webhook

from tests.platform_client import Platform, wait_for
from tests.receiver import Receiver, receiver


@pytest.fixture
def endpoint() -> Iterator[Receiver]:
    with receiver() as running:
        yield running


def test_a_finished_job_reaches_a_receiver_on_this_machine_signed(
    platform: Platform, endpoint: Receiver
) -> None:
    body = {"url": endpoint.url, "events": ["job.failed"]}
    created = platform.api("POST", "/webhooks", body).json()
    webhook_id, secret = created["webhook"]["webhook_id"], created["secret"]
    endpoint.answers.append((503, {}))
    key = "not-a-video.mp4"
    platform.aws("s3").put_object(Bucket=platform.exports["ingest_bucket"], Key=key, Body=b"no video" * 100)

    first = endpoint.wait(timeout_seconds=90)
    second = endpoint.wait(timeout_seconds=30)  # tried again after five seconds

    assert first.event_id == second.event_id
    told = Webhook(secret).verify(second.body, dict(second.headers))
    assert (told["type"], told["data"]["filename"]) == ("job.failed", key)
    job = platform.job(told["data"]["job_id"])
    assert (job["status"], job["error"]) == ("FAILED", told["data"]["error"])

    def accepted() -> bool | None:
        items = platform.api("GET", f"/webhooks/{webhook_id}/deliveries").json()["items"]
        return [(item["status"], item["attempts"]) for item in items] == [("DELIVERED", 2)] or None

    wait_for("the report of the delivery", accepted)
    assert platform.api("DELETE", f"/webhooks/{webhook_id}").status_code == 204


def test_an_address_inside_is_refused_also_here(platform: Platform) -> None:
    for url in (
        "http://127.0.0.2:80/",
        "https://10.0.0.1/",
        "https://169.254.169.254/",
        "https://localhost/",
    ):
        refused = platform.api("POST", "/webhooks", {"url": url, "events": ["job.failed"]})
        assert (refused.status_code, refused.json()["code"]) == (400, "WEBHOOK_URL_NOT_ALLOWED")
