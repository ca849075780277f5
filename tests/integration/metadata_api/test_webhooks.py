"""Every end of a job reaches every endpoint that asked for it, signed, under one id, once per endpoint."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError
from standardwebhooks import Webhook, WebhookVerificationError

from ledger import outbox, settlement, worker
from ledger.announcement import event_id
from ledger.connection import ConnectionKeeper
from ledger.errors import LedgerUnavailableError
from ledger.failures import failure
from ledger.models import Announcement
from ledger.settings import DatabaseSettings
from ledger.states import ErrorCode, JobStatus, Topic
from ledger.webhook_deliveries import RETRY_DELAYS_SECONDS, Attempted, retry_delay
from metadata_api import clients
from tests.integration.metadata_api.webhook_system import WebhookSystem, content_of
from tests.ledger_support import claimed, column, count, output_of, queued_job
from tests.receiver import Received, Receiver, receiver
from webhooks import dispatcher, secret_box

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def server() -> Any:
    with receiver() as running:
        yield running


@pytest.fixture
def endpoint(server: Receiver) -> Receiver:
    server.calls.clear()
    server.answers.clear()
    return server


def status_of(webhooks: WebhookSystem, webhook_id: str) -> list[tuple[str, int, int | None]]:
    return [
        (item["status"], item["attempts"], item["last_status_code"])
        for item in webhooks.deliveries(webhook_id)
    ]


def test_each_end_of_a_job_arrives_signed_with_the_announcements_id(
    webhooks: WebhookSystem, endpoint: Receiver
) -> None:
    webhook_id, secret = webhooks.endpoint(endpoint.url)
    done, failed, cancelled = webhooks.complete_job(), webhooks.fail_job(), webhooks.cancel_job()

    webhooks.run()

    told = {item["type"]: item["data"] for item in endpoint.verified(secret)}
    assert {kind: data["job_id"] for kind, data in told.items()} == {
        "job.completed": str(done),
        "job.failed": str(failed),
        "job.cancelled": str(cancelled),
    }
    assert told["job.failed"]["error"]["code"] == "INPUT_NO_VIDEO"
    assert told["job.completed"]["error"] is None
    ids = {call.event_id for call in endpoint.calls}
    assert str(event_id(done, JobStatus.COMPLETED, 1)) in ids
    announced = column(webhooks.conn, failed, "announcement")["attributes"]["event_id"]
    assert announced in ids
    assert status_of(webhooks, webhook_id) == [("DELIVERED", 1, 204)] * 3
    webhooks.run()
    assert len(endpoint.calls) == 3


def test_an_endpoint_gets_only_the_types_it_asked_for(webhooks: WebhookSystem, endpoint: Receiver) -> None:
    webhooks.endpoint(endpoint.url, events=["job.failed"])
    webhooks.complete_job()
    webhooks.fail_job()
    webhooks.run()
    assert [json.loads(call.body)["type"] for call in endpoint.calls] == ["job.failed"]


def test_every_matching_endpoint_gets_the_same_event_under_its_own_signature(
    webhooks: WebhookSystem, endpoint: Receiver
) -> None:
    secrets = [webhooks.endpoint(endpoint.url)[1] for _ in range(3)]
    webhooks.complete_job()
    webhooks.run()
    assert len({call.event_id for call in endpoint.calls}) == 1
    assert len({call.headers["webhook-signature"] for call in endpoint.calls}) == 3
    for secret in secrets:
        assert sum(verifies(call, secret) for call in endpoint.calls) == 1


def verifies(call: Received, secret: str) -> bool:
    try:
        Webhook(secret).verify(call.body, dict(call.headers))
    except WebhookVerificationError:
        return False
    return True


def test_an_event_of_a_transaction_that_was_rolled_back_is_never_sent(
    webhooks: WebhookSystem, endpoint: Receiver
) -> None:
    webhooks.endpoint(endpoint.url)
    job = queued_job(webhooks.conn)
    claim = claimed(webhooks.conn, job)
    with webhooks.conn.transaction(force_rollback=True):
        worker.complete(webhooks.conn, claim, [output_of(claim)], {}, stack="test", media_bucket="media")
    webhooks.run()
    assert endpoint.calls == []
    assert count(webhooks.conn, "webhook_events") == 0


def test_a_repeated_completion_makes_no_second_event(webhooks: WebhookSystem, endpoint: Receiver) -> None:
    webhooks.endpoint(endpoint.url)
    job = queued_job(webhooks.conn)
    claim = claimed(webhooks.conn, job)
    for _ in range(3):
        worker.complete(webhooks.conn, claim, [output_of(claim)], {}, stack="test", media_bucket="media")
    webhooks.run()
    assert len(endpoint.calls) == 1


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


def release(webhooks: WebhookSystem) -> None:
    """Lets what waits in the queue for its time count as never handed over."""
    webhooks.sqs.purge_queue(QueueUrl=webhooks.calls_url)
    webhooks.conn.execute(
        "UPDATE webhook_deliveries SET status = 'PENDING', due_at = now() WHERE status = 'SENDING'"
    )


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
    webhooks.complete_job()
    webhooks.sweep()
    webhooks.send()
    (body,) = webhooks._take(webhooks.reports_url)
    records = [{"messageId": str(number), "body": body} for number in range(3)]
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


def test_secrets_are_in_neither_database_nor_queue_and_open_for_their_endpoint_only(
    webhooks: WebhookSystem, endpoint: Receiver
) -> None:
    webhook_id, secret = webhooks.endpoint(endpoint.url)
    other_id, _ = webhooks.endpoint(endpoint.url)
    webhooks.complete_job()
    webhooks.run()
    row = webhooks.conn.execute("SELECT string_agg(e::text, '') FROM webhook_endpoints e").fetchone()
    assert row is not None
    plain = secret.removeprefix("whsec_")
    assert plain not in row[0]
    assert all(plain not in message.as_json() for message in webhooks.sent)
    sealed = webhooks.conn.execute(
        "SELECT id, sealed_secret FROM webhook_endpoints WHERE id = %s", [webhook_id]
    ).fetchone()
    assert sealed is not None
    key_arn = webhooks.api.settings.webhook_key_arn
    assert secret_box.unseal(sealed[1], sealed[0], key_arn) == secret
    with pytest.raises(ClientError):
        secret_box.unseal(sealed[1], type(sealed[0])(other_id), key_arn)


def test_after_a_rotation_both_secrets_sign_until_the_overlap_ends(
    webhooks: WebhookSystem, endpoint: Receiver
) -> None:
    webhook_id, former = webhooks.endpoint(endpoint.url)
    rotated = webhooks.api.call("POST", f"/webhooks/{webhook_id}/secret", {"overlap_seconds": 3600}).json
    new = rotated["secret"]
    assert new != former
    webhooks.complete_job()
    webhooks.run()
    assert len(endpoint.verified(former)) == len(endpoint.verified(new)) == 1

    webhooks.conn.execute("UPDATE webhook_endpoints SET former_secret_until = now() - interval '1 second'")
    endpoint.calls.clear()
    webhooks.complete_job()
    webhooks.run()
    assert len(endpoint.verified(new)) == 1
    with pytest.raises(Exception, match="No matching signature"):
        endpoint.verified(former)


def test_the_largest_event_fits_into_a_message_of_the_queue(
    webhooks: WebhookSystem, endpoint: Receiver
) -> None:
    webhooks.endpoint(endpoint.url + "&" + "a" * 1900)
    job = queued_job(webhooks.conn, filename='"' * 1024)
    huge = failure(ErrorCode.INTERNAL, '"' * 2000, '"' * 2000)
    settlement.fail(webhooks.conn, job.id, 1, huge, stack="test")
    webhooks.run()
    (message,) = webhooks.sent
    assert len(message.as_json().encode()) < 262_144
    assert content_of(message)["data"]["filename"] == '"' * 1024


def test_old_events_and_deleted_endpoints_are_forgotten(webhooks: WebhookSystem, endpoint: Receiver) -> None:
    webhook_id, _ = webhooks.endpoint(endpoint.url)
    kept_id, _ = webhooks.endpoint(endpoint.url)
    webhooks.complete_job()
    webhooks.run()
    assert webhooks.api.call("DELETE", f"/webhooks/{webhook_id}").status == 204
    webhooks.conn.execute("UPDATE webhook_endpoints SET deleted_at = deleted_at - interval '2 hours'")
    webhooks.sweep()
    webhooks.sweep()
    assert count(webhooks.conn, "webhook_endpoints") == 1
    assert len(webhooks.deliveries(kept_id)) == 1
    webhooks.conn.execute("UPDATE webhook_events SET created_at = now() - interval '31 days'")
    webhooks.sweep()
    assert count(webhooks.conn, "webhook_events") == count(webhooks.conn, "webhook_deliveries") == 0


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
    webhooks.complete_job()
    webhooks.sweep()
    webhooks.send()
    (body,) = webhooks._take(webhooks.reports_url)
    records = [{"messageId": str(number), "body": body} for number in range(3)]
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
    webhooks.complete_job()
    webhooks.sweep()
    webhooks.send()
    (body,) = webhooks._take(webhooks.reports_url)
    foreign = json.dumps(json.loads(body) | {"delivery_id": "no id"})
    bodies = ["no json", foreign, body]
    records = [{"messageId": str(number), "body": text} for number, text in enumerate(bodies)]
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
