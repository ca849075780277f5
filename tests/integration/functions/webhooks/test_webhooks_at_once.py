"""A test event and what is sent again leave at once; when that cannot be, the schedule sends them."""

from datetime import UTC, datetime

import pytest

from runtime import clients
from tests.integration.functions.webhook_system import WebhookSystem
from tests.receiver import Receiver

pytestmark = pytest.mark.integration


def statuses(webhooks: WebhookSystem, webhook_id: str) -> list[str]:
    return [item["status"] for item in webhooks.deliveries(webhook_id)]


def test_a_test_event_is_delivered_without_waiting_for_the_schedule(
    webhooks: WebhookSystem, endpoint: Receiver
) -> None:
    webhook_id, secret = webhooks.endpoint(endpoint.url)

    assert webhooks.api.call("POST", f"/webhooks/{webhook_id}/test").status == 202
    webhooks.work_off()

    assert [event["type"] for event in endpoint.verified(secret)] == ["webhook.test"]
    assert statuses(webhooks, webhook_id) == ["DELIVERED"]


@pytest.mark.parametrize("which", ["one event", "all since"])
def test_what_is_sent_again_is_delivered_without_waiting_for_the_schedule(
    webhooks: WebhookSystem, endpoint: Receiver, which: str
) -> None:
    webhook_id, secret = webhooks.endpoint(endpoint.url)
    before = datetime.now(UTC)
    webhooks.complete_job()
    webhooks.run()
    (delivered,) = webhooks.deliveries(webhook_id)

    if which == "one event":
        path, body = f"events/{delivered['event_id']}/replay", None
    else:
        path, body = "replay", {"since": before.isoformat(), "include_delivered": True}
    assert webhooks.api.call("POST", f"/webhooks/{webhook_id}/{path}", body).json == {"replayed": 1}
    webhooks.work_off()

    assert len(endpoint.verified(secret)) == 2
    assert {call.event_id for call in endpoint.calls} == {delivered["event_id"]}
    assert statuses(webhooks, webhook_id) == ["DELIVERED"]


def test_nothing_to_send_again_wakes_nobody(webhooks: WebhookSystem, endpoint: Receiver) -> None:
    webhook_id, _ = webhooks.endpoint(endpoint.url)

    answer = webhooks.api.call("POST", f"/webhooks/{webhook_id}/replay", {"since": "2026-01-01T00:00:00Z"})

    assert answer.json == {"replayed": 0}
    assert webhooks.take(webhooks.reports_url) == []


def test_when_the_queue_is_away_the_answer_is_the_same_and_the_schedule_sends(
    webhooks: WebhookSystem, endpoint: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook_id, secret = webhooks.endpoint(endpoint.url)
    with monkeypatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL_SQS", "http://127.0.0.1:1")
        clients.sqs_for_hints.cache_clear()
        assert webhooks.api.call("POST", f"/webhooks/{webhook_id}/test").status == 202
    clients.sqs_for_hints.cache_clear()
    webhooks.work_off()
    assert (endpoint.calls, statuses(webhooks, webhook_id)) == ([], ["PENDING"])

    webhooks.run()

    assert len(endpoint.verified(secret)) == 1
    assert statuses(webhooks, webhook_id) == ["DELIVERED"]
