"""A call that fails or gets lost is made again on the schedule, under the same id, until it is given up."""

import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from standardwebhooks import Webhook

from ledger.webhooks.webhook_deliveries import RETRY_DELAYS_SECONDS, Attempted, retry_delay
from tests.integration.functions.webhook_system import WebhookSystem, records_of, release, status_of
from tests.receiver import Receiver
from webhooks import dispatcher

pytestmark = pytest.mark.integration


def test_an_endpoint_that_is_down_is_tried_again_on_the_schedule_and_gets_its_event_when_it_is_up(
    webhooks: WebhookSystem, endpoint: Receiver
) -> None:
    webhook_id, secret = webhooks.endpoint(endpoint.url)
    webhooks.complete_job()
    endpoint.answers += [(500, {})] * 3
    webhooks.run()  # the second attempt is five seconds away, which the queue waits out
    for failures in (1, 2, 3):
        (delivery,) = webhooks.deliveries(webhook_id)
        assert (delivery["status"], delivery["attempts"]) == (
            "PENDING" if failures > 1 else "SENDING",
            failures,
        )
        webhooks.wait_over()
        release(webhooks)
        webhooks.run()
    assert status_of(webhooks, webhook_id) == [("DELIVERED", 4, 204)]
    assert len({call.event_id for call in endpoint.calls}) == 1
    assert len(endpoint.verified(secret)) == 4
    assert webhooks.api.call("GET", f"/webhooks/{webhook_id}").json["failing_since"] is None


def test_after_ten_attempts_a_delivery_has_failed_and_can_be_replayed(
    webhooks: WebhookSystem, endpoint: Receiver
) -> None:
    webhook_id, _ = webhooks.endpoint(endpoint.url)
    webhooks.complete_job()
    endpoint.answers += [(503, {})] * 10
    for _ in range(len(RETRY_DELAYS_SECONDS) + 3):
        webhooks.run()
        release(webhooks)
        webhooks.wait_over()
    assert status_of(webhooks, webhook_id) == [("FAILED", 10, 503)]
    assert len(endpoint.calls) == 10
    assert webhooks.deliveries(webhook_id)[0]["next_attempt_at"] is None

    event = webhooks.deliveries(webhook_id)[0]["event_id"]
    assert webhooks.api.call("POST", f"/webhooks/{webhook_id}/events/{event}/replay").json == {"replayed": 1}
    webhooks.run()
    assert status_of(webhooks, webhook_id) == [("DELIVERED", 1, 204)]
    assert {call.event_id for call in endpoint.calls} == {event}


def test_delays_follow_the_schedule_with_jitter_and_respect_retry_after() -> None:
    def delay(attempts: int, retry_after: int | None) -> float:
        attempted = Attempted(
            delivery_id=uuid4(),
            hand_over=1,
            sent=True,
            status_code=429,
            error=None,
            retry_after_seconds=retry_after,
        )
        return retry_delay(attempts, attempted)

    for number, planned in enumerate(RETRY_DELAYS_SECONDS, start=1):
        found = {delay(number, None) for _ in range(50)}
        assert planned <= min(found) < max(found) <= planned * 1.2
    assert delay(1, 600) == 600
    assert delay(3, 1) >= RETRY_DELAYS_SECONDS[2]


def test_410_ends_the_delivery_and_disables_the_endpoint_and_the_others_are_told(
    webhooks: WebhookSystem, endpoint: Receiver
) -> None:
    gone_id, _ = webhooks.endpoint(endpoint.url, events=["job.completed"])
    webhooks.complete_job()
    endpoint.answers.append((410, {}))
    watcher_id, secret = webhooks.endpoint(endpoint.url, events=["webhook.disabled"])

    webhooks.run()

    shown = webhooks.api.call("GET", f"/webhooks/{gone_id}").json
    assert (shown["enabled"], shown["disabled_reason"]) == (False, "GONE")
    assert status_of(webhooks, gone_id) == [("FAILED", 1, 410)]
    told = Webhook(secret).verify(endpoint.calls[-1].body, dict(endpoint.calls[-1].headers))
    assert (told["type"], told["data"]["webhook_id"]) == ("webhook.disabled", gone_id)
    webhooks.complete_job()
    webhooks.run()
    assert len(endpoint.calls) == 2
    assert [item["event_type"] for item in webhooks.deliveries(watcher_id)] == ["webhook.disabled"]


def test_an_endpoint_that_fails_for_five_days_is_disabled(
    webhooks: WebhookSystem, endpoint: Receiver
) -> None:
    webhook_id, _ = webhooks.endpoint(endpoint.url)
    webhooks.complete_job()
    endpoint.answers += [(500, {})] * 2
    webhooks.run()
    assert webhooks.api.call("GET", f"/webhooks/{webhook_id}").json["failing_since"] is not None
    webhooks.conn.execute("UPDATE webhook_endpoints SET failing_since = failing_since - interval '121 hours'")
    release(webhooks)
    webhooks.run()
    shown = webhooks.api.call("GET", f"/webhooks/{webhook_id}").json
    assert (shown["enabled"], shown["disabled_reason"]) == (False, "FAILING")

    # Nothing is lost: once it is enabled again, what waited is sent.
    enabled = webhooks.api.call("PATCH", f"/webhooks/{webhook_id}", {"enabled": True}).json
    assert (enabled["enabled"], enabled["failing_since"]) == (True, None)
    webhooks.wait_over()
    webhooks.run()
    assert status_of(webhooks, webhook_id) == [("DELIVERED", 3, 204)]


def test_a_call_that_waited_too_long_is_not_made_but_signed_anew(
    webhooks: WebhookSystem, endpoint: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook_id, secret = webhooks.endpoint(endpoint.url)
    webhooks.complete_job()
    webhooks.sweep()
    late = datetime.now(UTC) + timedelta(minutes=4, seconds=30)
    monkeypatch.setattr("webhooks.sender.time.time", late.timestamp)
    assert webhooks.send() == 1
    assert endpoint.calls == []
    monkeypatch.undo()
    webhooks.report()  # records that it was late, and hands it over again at once
    webhooks.send()
    webhooks.report()
    assert status_of(webhooks, webhook_id) == [("DELIVERED", 1, 204)]
    assert len(endpoint.verified(secret)) == 1


def test_a_report_that_comes_twice_or_late_changes_nothing(
    webhooks: WebhookSystem, endpoint: Receiver
) -> None:
    webhook_id, _ = webhooks.endpoint(endpoint.url)
    body = webhooks.unrecorded_report()
    records = records_of([body] * 3)
    dispatcher.take_reports(records, webhooks.services)
    assert status_of(webhooks, webhook_id) == [("DELIVERED", 1, 204)]
    failed = json.dumps(json.loads(body) | {"hand_over": 0, "status_code": 500})
    dispatcher.take_reports([{"messageId": "9", "body": failed}], webhooks.services)
    assert status_of(webhooks, webhook_id) == [("DELIVERED", 1, 204)]


def test_a_message_whose_report_is_lost_is_sent_again_after_an_hour_under_the_same_id(
    webhooks: WebhookSystem, endpoint: Receiver
) -> None:
    webhook_id, _ = webhooks.endpoint(endpoint.url)
    webhooks.complete_job()
    webhooks.sweep()
    webhooks.send()
    webhooks.sqs.purge_queue(QueueUrl=webhooks.reports_url)
    webhooks.run()
    assert len(endpoint.calls) == 1
    webhooks.conn.execute("UPDATE webhook_deliveries SET handed_over_at = now() - interval '61 minutes'")
    webhooks.run()
    assert status_of(webhooks, webhook_id) == [("DELIVERED", 1, 204)]
    assert len({call.event_id for call in endpoint.calls}) == 1
