"""Every end of a job reaches every endpoint that asked for it, signed, under one id, once per endpoint."""

import json

import pytest
from botocore.exceptions import ClientError
from standardwebhooks import Webhook, WebhookVerificationError

from ledger.announcements.announcement import event_id
from ledger.jobs import settlement, worker
from ledger.jobs.failures import failure
from ledger.states import ErrorCode, JobStatus
from runtime.webhooks import secret_box
from tests.integration.functions.webhook_system import WebhookSystem, content_of, status_of
from tests.ledger_support import claimed, column, count, output_of, queued_job
from tests.receiver import Received, Receiver

pytestmark = pytest.mark.integration


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
    source = told["job.completed"]["source"]
    assert (source["key"], source["version_id"]) == (column(webhooks.conn, done, "source_key"), "v1")
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
