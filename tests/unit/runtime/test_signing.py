"""Signatures as the Standard Webhooks specification wants them."""

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from runtime.webhooks.signing import new_secret, signed_headers
from webhooks.messages import InvalidMessageError, Report, Send

# From the specification's own libraries.
KNOWN_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
KNOWN_ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
KNOWN_TIME = datetime.fromtimestamp(1614265330, UTC)
KNOWN_BODY = '{"test": 2432232314}'
KNOWN_SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_the_specifications_test_vector_is_reproduced() -> None:
    headers = signed_headers(KNOWN_ID, KNOWN_TIME, KNOWN_BODY, [KNOWN_SECRET])
    assert headers == {
        "webhook-id": KNOWN_ID,
        "webhook-timestamp": "1614265330",
        "webhook-signature": KNOWN_SIGNATURE,
    }


def test_during_a_rotation_both_secrets_verify_and_no_other_does() -> None:
    new, former = new_secret(), new_secret()
    headers = signed_headers("event", datetime.now(UTC), KNOWN_BODY, [new, former])
    for secret in (new, former):
        assert Webhook(secret).verify(KNOWN_BODY, headers) == json.loads(KNOWN_BODY)
    with pytest.raises(WebhookVerificationError):
        Webhook(new_secret()).verify(KNOWN_BODY, headers)


@pytest.mark.parametrize("change", ["webhook-id", "webhook-timestamp", "body"])
def test_a_changed_call_does_not_verify(change: str) -> None:
    secret = new_secret()
    moment = datetime.now(UTC)
    headers = signed_headers("event", moment, KNOWN_BODY, [secret])
    body = KNOWN_BODY + " " if change == "body" else KNOWN_BODY
    if change == "webhook-id":
        headers[change] = "other"
    if change == "webhook-timestamp":
        headers[change] = str(int((moment + timedelta(seconds=2)).timestamp()))
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(body, headers)


def test_secrets_differ_and_hold_256_bits() -> None:
    found = {new_secret() for _ in range(50)}
    assert len(found) == 50
    assert {len(base64.b64decode(secret.removeprefix("whsec_"))) for secret in found} == {32}


def test_messages_come_back_as_they_went() -> None:
    send = Send(
        delivery_id="d",
        hand_over=2,
        url="https://a.example/",
        headers={"webhook-id": "é"},
        body="{}",
        send_before=1.5,
    )
    report = Report(delivery_id="d", hand_over=2, sent=True, status_code=200)
    assert Send.from_json(send.as_json()) == send
    assert Report.from_json(report.as_json()) == report


@pytest.mark.parametrize("text", ["", "no json", "[]", "null", "3", '{"delivery_id": "d"}'])
def test_a_message_of_another_kind_is_refused(text: str) -> None:
    with pytest.raises(InvalidMessageError, match="fields of Send"):
        Send.from_json(text)
