"""Dead letters of real queues: counted, given back once, handled once, and back again while they are bad."""

import json
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from ledger.database.connection import LedgerConnection
from metadata_api.api import Application
from metadata_api.environment import dead_letters
from metadata_api.environment.resources import Resources
from orchestration.ingest import take_batch
from tests.api_client import ApiClient
from tests.integration.functions.orchestration.test_ingest import World, make_world
from tests.integration.functions.webhook_system import WebhookSystem
from tests.ledger_support import INGEST_BUCKET, LedgerDatabase, count
from tests.receiver import receiver

pytestmark = pytest.mark.integration
ATTEMPTS = 3


@dataclass
class Pump:
    """What Lambda does with a function's queue: receives, calls, deletes what was handled."""

    sqs: Any
    url: str
    dead_url: str
    handle: Callable[[list[dict[str, Any]]], dict[str, Any]]
    answers: list[list[str]] = field(default_factory=list)

    def run(self) -> None:
        """Until the queue is empty."""
        while found := self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10).get("Messages"):
            records = [{"messageId": item["MessageId"], "body": item["Body"]} for item in found]
            failed = {item["itemIdentifier"] for item in self.handle(records)["batchItemFailures"]}
            self.answers.append([item["body"] for item in records if item["messageId"] in failed])
            for item in found:
                if item["MessageId"] not in failed:
                    self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=item["ReceiptHandle"])

    def dead(self) -> int:
        """Dead letters, also those that somebody has taken and not deleted."""
        answer = self.sqs.get_queue_attributes(QueueUrl=self.dead_url, AttributeNames=["All"])
        names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
        return sum(int(answer["Attributes"][name]) for name in names)


def queue_pair(sqs: Any) -> tuple[str, str]:
    name = f"work-{secrets.token_hex(6)}"
    dead = sqs.create_queue(QueueName=f"{name}-dead", Attributes={"VisibilityTimeout": "5"})["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": ATTEMPTS})
    attributes = {"VisibilityTimeout": "0", "RedrivePolicy": policy}
    return sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"], dead


@pytest.fixture
def world(ledger_database: LedgerDatabase, ledger_conn: LedgerConnection) -> Iterator[World]:
    made = make_world(ledger_database, ledger_conn)
    yield made
    made.services.keeper.close()


@pytest.fixture
def pump(aws: Any, world: World) -> Pump:
    sqs = aws.client("sqs")
    url, dead_url = queue_pair(sqs)
    return Pump(sqs, url, dead_url, lambda records: take_batch(records, world.services))


@pytest.fixture
def operator(api: ApiClient, pump: Pump) -> ApiClient:
    """The API with the pump's queues for new files."""
    settings = replace(
        api.settings,
        ingest_queue_url=pump.url,
        ingest_dead_letter_queue_url=pump.dead_url,
        webhook_dead_letter_queue_url=pump.dead_url,
        webhook_report_dead_letter_queue_url=pump.dead_url,
    )
    return ApiClient(Application(Resources(settings)), settings)


def event_of(key: str) -> str:
    detail = {
        "bucket": {"name": INGEST_BUCKET},
        "object": {"key": key, "etag": "e1", "size": 1000, "sequencer": "0060"},
    }
    return json.dumps({"detail-type": "Object Created", "detail": detail})


def test_nine_good_messages_are_handled_once_and_the_poison_goes_to_the_dead_letters(
    pump: Pump, world: World
) -> None:
    keys = [f"drop/{number}.mp4" for number in range(9)]
    for key in keys:
        world.put(key)
    poison = json.dumps({"detail-type": "Something else"})
    for body in [*map(event_of, keys[:5]), poison, *map(event_of, keys[5:])]:
        pump.sqs.send_message(QueueUrl=pump.url, MessageBody=body)

    pump.run()

    assert count(world.conn, "jobs") == 9
    assert len(world.stepfunctions.started) == 9
    assert [bodies for bodies in pump.answers if bodies] == [[poison]] * ATTEMPTS
    assert pump.dead() == 1


def test_after_the_fix_a_redrive_handles_every_message_once(
    pump: Pump, world: World, operator: ApiClient
) -> None:
    world.s3.error = RuntimeError("the role may not read the bucket")
    keys = [f"drop/{number}.mp4" for number in range(12)]
    for key in keys:
        world.put(key)
        pump.sqs.send_message(QueueUrl=pump.url, MessageBody=event_of(key))
    pump.run()
    assert (pump.dead(), count(world.conn, "jobs")) == (12, 0)
    counted = {item["queue"]: item["waiting"] for item in operator.call("GET", "/dead-letters").json["items"]}
    assert counted["ingest"] == 12

    world.s3.error = None
    answer = operator.call("POST", "/dead-letters/ingest/redrive")
    assert (answer.status, answer.json) == (200, {"queue": "ingest", "moved": 12, "waiting": 0})
    pump.run()

    assert count(world.conn, "jobs") == len(world.stepfunctions.started) == 12
    assert pump.dead() == 0
    # A message that was given back twice, because the first call died in between, changes nothing.
    for key in keys:
        pump.sqs.send_message(QueueUrl=pump.url, MessageBody=event_of(key))
    pump.run()
    assert count(world.conn, "jobs") == len(world.stepfunctions.started) == 12


def test_a_message_that_is_still_bad_returns_and_the_redrive_ends(
    pump: Pump, world: World, operator: ApiClient
) -> None:
    for number in range(3):
        body = json.dumps({"detail-type": f"Bad {number}"})
        pump.sqs.send_message(QueueUrl=pump.url, MessageBody=body)
    pump.run()
    assert pump.dead() == 3
    tried = len(pump.answers)

    assert operator.call("POST", "/dead-letters/ingest/redrive").json["moved"] == 3
    pump.run()

    assert pump.dead() == 3
    assert len(pump.answers) - tried <= 3 * ATTEMPTS


def test_messages_that_return_during_a_redrive_are_not_taken_again(
    pump: Pump, world: World, operator: ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(4):
        pump.sqs.send_message(QueueUrl=pump.dead_url, MessageBody=f"bad {number}")
    real = dead_letters._give_back
    given: list[str] = []

    def give_and_fail(sqs: Any, letters: Any, message: Any) -> None:
        real(sqs, letters, message)
        given.append(message["Body"])
        pump.run()  # fails at once, so that it is back before the redrive has ended

    monkeypatch.setattr(dead_letters, "_give_back", give_and_fail)
    assert operator.call("POST", "/dead-letters/ingest/redrive").json["moved"] == 4
    assert len(given) == 4
    assert pump.dead() == 4


def test_with_nothing_waiting_nothing_is_moved_and_an_unknown_queue_is_not_found(operator: ApiClient) -> None:
    assert operator.call("POST", "/dead-letters/ingest/redrive").json == {
        "queue": "ingest",
        "moved": 0,
        "waiting": 0,
    }
    unknown = operator.call("POST", "/dead-letters/everything/redrive")
    assert (unknown.status, unknown.json["code"]) == (404, "QUEUE_NOT_FOUND")


def test_a_queue_that_is_away_answers_503_and_loses_nothing(operator: ApiClient, pump: Pump) -> None:
    pump.sqs.send_message(QueueUrl=pump.dead_url, MessageBody="kept")
    settings = replace(operator.settings, ingest_queue_url=f"{pump.url}-away")
    broken = ApiClient(Application(Resources(settings)), settings)
    answer = broken.call("POST", "/dead-letters/ingest/redrive")
    assert (answer.status, answer.json["code"]) == (503, "UPSTREAM_UNAVAILABLE")
    assert pump.dead() == 1


def test_a_redriven_call_is_signed_anew_when_it_is_old_and_reaches_the_endpoint_once(
    webhooks: WebhookSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    with receiver() as endpoint:
        webhook_id, secret = webhooks.endpoint(endpoint.url)
        webhooks.complete_job()
        webhooks.sweep()
        dead_url = queue_pair(webhooks.sqs)[1]
        letters = dead_letters.DeadLetters(url=dead_url, origin_url=webhooks.calls_url)
        (body,) = webhooks.take(webhooks.calls_url)
        webhooks.sqs.send_message(QueueUrl=dead_url, MessageBody=body)

        real = time.time  # an hour passes until the fix
        monkeypatch.setattr("webhooks.sender.time.time", lambda: real() + 3000)
        assert dead_letters.redrive(webhooks.sqs, letters) == 1
        assert webhooks.send() == 1
        monkeypatch.undo()
        assert endpoint.calls == []
        webhooks.report()
        webhooks.send()
        webhooks.report()

        assert [item["status"] for item in webhooks.deliveries(webhook_id)] == ["DELIVERED"]
        assert len(endpoint.verified(secret)) == 1
