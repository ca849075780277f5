"""The functions of webhooks with real queues in this process; tests move the time and the messages."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from ledger.database.connection import LedgerConnection
from ledger.jobs import jobs, settlement
from ledger.jobs.failures import failure
from ledger.states import ErrorCode
from metadata_api.settings import ApiSettings
from tests.api_client import ApiClient
from tests.ledger_support import (
    LedgerDatabase,
    claimed,
    completed,
    create_object_job,
    new_job,
    queued_job,
    source_of,
)
from webhooks import dispatcher, sender
from webhooks.messages import Send
from webhooks.post import Answer, post
from webhooks.settings import WebhooksSettings


@dataclass
class WebhookSystem:
    """Endpoints are made through the API, jobs in the ledger; `run` does what a minute in AWS does."""

    api: ApiClient
    database: LedgerDatabase
    conn: LedgerConnection
    sqs: Any
    calls_url: str
    reports_url: str
    sent: list[Send] = field(default_factory=list)

    @property
    def services(self) -> dispatcher.Services:
        settings: ApiSettings = self.api.settings
        return dispatcher.Services(
            settings=WebhooksSettings(
                stack=settings.stack,
                powertools_service_name="webhooks",
                powertools_log_level="INFO",
                database_host=settings.database_host,
                database_port=settings.database_port,
                database_name=settings.database_name,
                database_secret_arn=settings.database_secret_arn,
                database_proxied=False,
                webhook_key_arn=settings.webhook_key_arn,
                webhook_queue_url=self.calls_url,
            ),
            keeper=self.database.keeper(),
            sqs=self.sqs,
        )

    def endpoint(self, url: str, **changes: Any) -> tuple[str, str]:
        """Makes an endpoint and gives its id and secret."""
        body = {"url": url, "events": ["job.completed", "job.failed", "job.cancelled"]} | changes
        answer = self.api.call("POST", "/webhooks", body)
        assert answer.status == 201, answer.text
        return answer.json["webhook"]["webhook_id"], answer.json["secret"]

    def complete_job(self) -> UUID:
        job = queued_job(self.conn)
        completed(self.conn, claimed(self.conn, job))
        return job.id

    def complete_job_of(self, video_id: UUID) -> UUID:
        new = new_job(video_id)
        job = create_object_job(self.conn, new, source_of(new.source_key))
        completed(self.conn, claimed(self.conn, job))
        return job.id

    def fail_job(self) -> UUID:
        job = queued_job(self.conn)
        settlement.fail(self.conn, job.id, 1, failure(ErrorCode.INPUT_NO_VIDEO), stack="test")
        return job.id

    def cancel_job(self) -> UUID:
        job = queued_job(self.conn)
        jobs.cancel(self.conn, job.id)
        return job.id

    def sweep(self) -> Any:
        return dispatcher.sweep(self.services)

    def send(self) -> int:
        """Lets the sender work off its queue; gives how many calls it was asked for."""
        bodies = self.take(self.calls_url)
        for body in bodies:
            sender.send(body, self.call, self.sqs, self.reports_url)
        return len(bodies)

    def report(self) -> dict[str, Any]:
        """Lets the dispatcher record what came back; without a message it is not called."""
        bodies = self.take(self.reports_url)
        if not bodies:
            return {"batchItemFailures": []}
        return dispatcher.take_reports(records_of(bodies), self.services)

    def unrecorded_report(self) -> str:
        """Delivers the event of one job, and gives the report of it that nobody has recorded."""
        self.complete_job()
        self.sweep()
        self.send()
        (body,) = self.take(self.reports_url)
        return body

    def run(self) -> None:
        """Hands over, sends and records, until nothing is due."""
        self.sweep()
        self.work_off()

    def work_off(self) -> None:
        """Lets both functions handle what is in their queues, without the schedule."""
        assert self.report() == {"batchItemFailures": []}
        while self.send():
            assert self.report() == {"batchItemFailures": []}

    def wait_over(self) -> None:
        """Makes every planned attempt due, as if its time had come."""
        self.conn.execute("UPDATE webhook_deliveries SET due_at = now() WHERE status = 'PENDING'")

    def deliveries(self, endpoint_id: str, **query: str) -> list[Mapping[str, Any]]:
        """Newest first."""
        answer = self.api.call("GET", f"/webhooks/{endpoint_id}/deliveries", query=query)
        assert answer.status == 200, answer.text
        return list(answer.json["items"])

    def call(self, message: Send) -> Answer:
        """What the sender does with one message: the call itself, to receivers on this machine."""
        self.sent.append(message)
        return post(
            message.url, message.headers, message.body, trusted_hosts=["127.0.0.1"], time_limit_seconds=5
        )

    def take(self, url: str) -> list[str]:
        """Empties a queue of this system."""
        bodies: list[str] = []
        while found := self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in found:
                bodies.append(message["Body"])
                self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return bodies


def records_of(bodies: Iterable[str]) -> list[dict[str, Any]]:
    """The messages as Lambda gives them to a function, with their positions as ids."""
    return [{"messageId": str(number), "body": body} for number, body in enumerate(bodies)]


def content_of(message: Send) -> Any:
    return json.loads(message.body)


def status_of(webhooks: WebhookSystem, webhook_id: str) -> list[tuple[str, int, int | None]]:
    return [
        (item["status"], item["attempts"], item["last_status_code"])
        for item in webhooks.deliveries(webhook_id)
    ]


def release(webhooks: WebhookSystem) -> None:
    """Lets what waits in the queue for its time count as never handed over."""
    webhooks.sqs.purge_queue(QueueUrl=webhooks.calls_url)
    webhooks.conn.execute(
        "UPDATE webhook_deliveries SET status = 'PENDING', due_at = now() WHERE status = 'SENDING'"
    )
