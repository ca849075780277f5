"""Turns what SNS would mail into readable .eml files, through one queue for each address."""

import datetime as dt
import hashlib
import json
import logging
import re
import threading
import uuid
from collections.abc import Mapping
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.aws import AwsAccess
from local.publications import PublicationIndex

_LOGGER = logging.getLogger(__name__)
# Long lines stay whole, so that people and scripts read addresses as they are.
_POLICY = EmailPolicy(max_line_length=998, cte_type="8bit")
_SENDER = "AWS Notifications <no-reply@sns.amazonaws.com>"
_DEFAULT_SUBJECT = "AWS Notification Message"
_MAIL_PROTOCOLS = frozenset({"email", "email-json"})
_REFRESH_SECONDS = 5.0
_POLL_SECONDS = 0.6


class Mailbox:
    """Receives for every e-mail subscription and writes one file per message.

    Args:
        access: The emulator as the account owner.
        directory: Where the .eml files go.
    """

    def __init__(self, access: AwsAccess, directory: Path) -> None:
        self._access = access
        self._directory = directory
        self._publications = PublicationIndex(access)
        self._attached: set[tuple[str, str]] = set()  # topic and address
        self._queues: dict[str, str] = {}  # URLs by address
        self._ended = threading.Event()
        self._next_refresh = dt.datetime.min.replace(tzinfo=dt.UTC)

    def run(self) -> None:
        """Receive until ``stop``; an emulator that is away is asked again."""
        while not self._ended.is_set():
            try:
                self.subscribe()
                self.collect(wait_seconds=0)
            except (ClientError, BotoCoreError, OSError):
                _LOGGER.exception("mail could not be collected")
            self._ended.wait(_POLL_SECONDS)

    def stop(self) -> None:
        """End ``run`` soon."""
        self._ended.set()

    def subscribe(self) -> None:
        """Have every e-mail subscription's messages put into the queue of its address as well."""
        now = dt.datetime.now(dt.UTC)
        if now < self._next_refresh:
            return
        self._next_refresh = now + dt.timedelta(seconds=_REFRESH_SECONDS)
        client = self._access.client("sns")
        for page in client.get_paginator("list_subscriptions").paginate():
            for given in page["Subscriptions"]:
                key = (given["TopicArn"], given["Endpoint"])
                if given["Protocol"] in _MAIL_PROTOCOLS and key not in self._attached:
                    self._attach(given)
                    self._attached.add(key)

    def collect(self, *, wait_seconds: int) -> list[Path]:
        """Write every waiting message and give the new files."""
        written: list[Path] = []
        client = self._access.client("sqs")
        for address, url in self._queues.items():
            answer = client.receive_message(
                QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=wait_seconds
            )
            for message in answer.get("Messages", []):
                written.append(self._write(address, json.loads(message["Body"])))
                client.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return written

    def _attach(self, given: Mapping[str, str]) -> None:
        digest = hashlib.sha256(given["Endpoint"].encode()).hexdigest()[:12]
        sqs, sns = self._access.client("sqs"), self._access.client("sns")
        url = sqs.create_queue(QueueName=f"local-mailbox-{digest}")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": _queue_policy(arn, given["TopicArn"])})
        attributes = self._filter_of(given["SubscriptionArn"])
        sns.subscribe(TopicArn=given["TopicArn"], Protocol="sqs", Endpoint=arn, Attributes=attributes)
        self._queues[given["Endpoint"]] = url

    def _filter_of(self, subscription_arn: str) -> dict[str, str]:
        if not subscription_arn.startswith("arn:"):
            return {}
        client = self._access.client("sns")
        attributes = client.get_subscription_attributes(SubscriptionArn=subscription_arn)["Attributes"]
        return {
            name: attributes[name] for name in ("FilterPolicy", "FilterPolicyScope") if attributes.get(name)
        }

    def _write(self, address: str, envelope: Mapping[str, Any]) -> Path:
        self._directory.mkdir(parents=True, exist_ok=True)
        attributes = {
            name: str(one.get("Value", "")) for name, one in (envelope.get("MessageAttributes") or {}).items()
        } or self._publications.attributes(str(envelope.get("MessageId")))
        message = build_mail(address, str(envelope["TopicArn"]), envelope, attributes)
        moment = dt.datetime.now(dt.UTC).strftime("%Y%m%dT%H%M%S%f")
        slug = re.sub(r"[^a-z0-9]+", "-", str(message["Subject"]).lower()).strip("-")[:60]
        path = self._directory / f"{moment}-{slug}.eml"
        temporary = path.with_suffix(".part")
        temporary.write_bytes(message.as_bytes())
        return temporary.replace(path)


def build_mail(
    address: str, topic_arn: str, envelope: Mapping[str, Any], attributes: Mapping[str, str]
) -> EmailMessage:
    """Build the mail SNS would send.

    Args:
        address: The subscriber.
        topic_arn: The topic.
        envelope: SNS's notification document, with Subject and Message.
        attributes: The message attributes, which become X- headers.
    """
    message = EmailMessage(policy=_POLICY)
    message["From"] = _SENDER
    message["To"] = address
    message["Subject"] = _one_line(envelope.get("Subject") or _DEFAULT_SUBJECT)
    message["Date"] = format_datetime(dt.datetime.now(dt.UTC))
    message["Message-ID"] = f"<{envelope.get('MessageId') or uuid.uuid4()}@sns.local>"
    message["X-Topic-Arn"] = topic_arn
    for name, value in sorted(attributes.items()):
        message[header_name(name)] = _one_line(value)
    message.set_content(str(envelope.get("Message", "")), cte="8bit")
    return message


def header_name(attribute: str) -> str:
    """Give the mail header of a message attribute: ``event_type`` becomes ``X-Event-Type``."""
    words = re.split(r"[^A-Za-z0-9]+", attribute)
    return "-".join(["X", *(word.capitalize() for word in words if word)])


def _queue_policy(queue_arn: str, topic_arn: str) -> str:
    every_topic = f"{topic_arn.rpartition(':')[0]}:*"  # an address may be told of by several
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue_arn,
        "Condition": {"ArnLike": {"aws:SourceArn": every_topic}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _one_line(value: object) -> str:
    return " ".join(str(value).split())
