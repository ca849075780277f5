"""What fails beside a webhook, or in front of it, holds up no other and loses nothing."""

import json
from dataclasses import replace

import pytest

from ledger.announcements import outbox
from ledger.database.connection import ConnectionKeeper
from ledger.database.settings import DatabaseSettings
from ledger.errors import LedgerUnavailableError
from ledger.models import Announcement
from ledger.states import Topic
from runtime import clients
from tests.integration.functions.webhook_system import WebhookSystem, records_of, status_of
from tests.ledger_support import count
from tests.receiver import Receiver
from webhooks import dispatcher

pytestmark = pytest.mark.integration


def test_a_queue_that_refuses_loses_nothing(
    webhooks: WebhookSystem, endpoint: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook_id, _ = webhooks.endpoint(endpoint.url)
    webhooks.complete_job()
    right = webhooks.calls_url
    webhooks.calls_url = right + "-that-does-not-exist"
    with pytest.raises(dispatcher.DispatchError):
        webhooks.sweep()
    webhooks.calls_url = right
    webhooks.run()
    assert status_of(webhooks, webhook_id) == [("DELIVERED", 1, 204)]


def test_a_secret_that_cannot_be_opened_holds_up_no_other_endpoint(
    webhooks: WebhookSystem, endpoint: Receiver
) -> None:
    broken_id, _ = webhooks.endpoint(endpoint.url)
    good_id, secret = webhooks.endpoint(endpoint.url)
    webhooks.conn.execute(
        "UPDATE webhook_endpoints e SET sealed_secret = other.sealed_secret FROM webhook_endpoints other"
        " WHERE e.id = %s AND other.id = %s",
        [broken_id, good_id],
    )
    webhooks.complete_job()
    with pytest.raises(dispatcher.DispatchError):
        webhooks.sweep()
    webhooks.send()
    webhooks.report()
    assert status_of(webhooks, good_id) == [("DELIVERED", 1, 204)]
    assert status_of(webhooks, broken_id) == [("PENDING", 0, None)]
    assert len(endpoint.verified(secret)) == 1


def test_a_slow_endpoint_has_no_more_than_its_share_on_the_way(
    webhooks: WebhookSystem, endpoint: Receiver
) -> None:
    slow_id, _ = webhooks.endpoint(endpoint.url, events=["job.cancelled"])
    for _ in range(30):
        webhooks.cancel_job()
    other_id, _ = webhooks.endpoint(endpoint.url, events=["job.cancelled"])
    webhooks.cancel_job()
    webhooks.sweep()
    assert len(webhooks.deliveries(slow_id, status="SENDING", limit="100")) == 20
    assert len(webhooks.deliveries(other_id, status="SENDING")) == 1
    while webhooks.send():
        webhooks.report()
    assert len(webhooks.deliveries(slow_id, status="DELIVERED", limit="100")) == 31


def test_topics_that_refuse_hold_up_no_webhook_and_are_told_later_under_the_same_id(
    webhooks: WebhookSystem, endpoint: Receiver
) -> None:
    webhooks.endpoint(endpoint.url)
    webhooks.fail_job()
    published: list[str] = []

    def refuse(_topic: Topic, _announcement: Announcement) -> None:
        raise ConnectionError

    def accept(_topic: Topic, announcement: Announcement) -> None:
        published.append(announcement.attributes["event_id"])

    assert outbox.drain(webhooks.conn, refuse).postponed == 1
    webhooks.run()
    assert len(endpoint.calls) == 1

    webhooks.conn.execute("UPDATE outbox SET available_at = now()")
    assert outbox.drain(webhooks.conn, accept).delivered == 1
    assert published == [endpoint.calls[0].event_id]


def test_an_endpoint_that_fails_holds_up_no_topic(webhooks: WebhookSystem, endpoint: Receiver) -> None:
    webhooks.endpoint(endpoint.url)
    webhooks.fail_job()
    endpoint.answers.append((500, {}))
    webhooks.sweep()
    webhooks.send()
    webhooks.report()
    assert outbox.drain(webhooks.conn, lambda _topic, _announcement: None).delivered == 1


def test_without_a_database_reports_go_back_to_their_queue_and_are_recorded_later(
    webhooks: WebhookSystem, endpoint: Receiver
) -> None:
    webhook_id, _ = webhooks.endpoint(endpoint.url)
    body = webhooks.unrecorded_report()
    records = records_of([body] * 3)
    nowhere = DatabaseSettings(host="127.0.0.1", port=1, name="none")
    away = replace(webhooks.services, keeper=ConnectionKeeper(nowhere, webhooks.database.application))
    answer = dispatcher.take_reports(records, away)
    assert [item["itemIdentifier"] for item in answer["batchItemFailures"]] == ["0", "1", "2"]
    with pytest.raises(LedgerUnavailableError):
        dispatcher.sweep(away)

    dispatcher.take_reports(records, webhooks.services)
    assert status_of(webhooks, webhook_id) == [("DELIVERED", 1, 204)]
    assert len(endpoint.calls) == 1


def test_a_report_that_is_none_goes_back_and_the_others_are_recorded(
    webhooks: WebhookSystem, endpoint: Receiver
) -> None:
    webhook_id, _ = webhooks.endpoint(endpoint.url)
    body = webhooks.unrecorded_report()
    foreign = json.dumps(json.loads(body) | {"delivery_id": "no id"})
    records = records_of(["no json", foreign, body])
    answer = dispatcher.take_reports(records, webhooks.services)
    assert [item["itemIdentifier"] for item in answer["batchItemFailures"]] == ["0", "1"]
    assert status_of(webhooks, webhook_id) == [("DELIVERED", 1, 204)]


def test_without_the_key_service_no_endpoint_is_made_and_the_caller_may_repeat(
    webhooks: WebhookSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", "http://127.0.0.1:1")
    clients.kms.cache_clear()
    body = {"url": "https://hooks.example.com/", "events": ["job.failed"]}
    headers = {"Idempotency-Key": "again"}
    answer = webhooks.api.call("POST", "/webhooks", body, headers=headers)
    assert (answer.status, answer.json["code"]) == (503, "UPSTREAM_UNAVAILABLE")
    monkeypatch.delenv("AWS_ENDPOINT_URL_KMS")
    clients.kms.cache_clear()
    repeated = webhooks.api.call("POST", "/webhooks", body, headers=headers)
    assert (repeated.status, repeated.json["secret"][:6]) == (201, "whsec_")
    assert count(webhooks.conn, "webhook_endpoints") == 1
