"""The mailbox writes what SNS would mail."""

import email
import email.policy
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.aws import AwsAccess
from local.mailbox import Mailbox

pytestmark = pytest.mark.integration


@pytest.fixture
def topic(owner_access: AwsAccess) -> Iterator[str]:
    client = owner_access.client("sns")
    arn = client.create_topic(Name=f"mail-{uuid.uuid4().hex[:8]}")["TopicArn"]
    client.subscribe(TopicArn=arn, Protocol="email", Endpoint="team@example.com")
    yield arn
    client.delete_topic(TopicArn=arn)


def received(box: Mailbox) -> list[Path]:
    for _ in range(5):
        if paths := box.collect(wait_seconds=1):
            return paths
    return []


def test_a_published_message_becomes_a_readable_mail(
    owner_access: AwsAccess, topic: str, tmp_path: Path
) -> None:
    box = Mailbox(owner_access, tmp_path)
    box.subscribe()
    attributes = {"event_type": {"DataType": "String", "StringValue": "job.completed"}}
    owner_access.client("sns").publish(
        TopicArn=topic,
        Subject="[dev] Video ready: clip.mp4",
        Message="Grüße\nline two",
        MessageAttributes=attributes,
    )
    (path,) = received(box)
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert message["To"] == "team@example.com"
    assert message["Subject"] == "[dev] Video ready: clip.mp4"
    assert message["X-Event-Type"] == "job.completed"
    assert message["X-Topic-Arn"] == topic
    body = message.get_body(("plain",))
    assert body is not None
    assert body.get_content().splitlines() == ["Grüße", "line two"]
    assert path.suffix == ".eml"


def test_a_message_is_written_once(owner_access: AwsAccess, topic: str, tmp_path: Path) -> None:
    box = Mailbox(owner_access, tmp_path)
    box.subscribe()
    owner_access.client("sns").publish(TopicArn=topic, Subject="once", Message="m")
    assert len(received(box)) == 1
    assert box.collect(wait_seconds=0) == []
    assert len(list(tmp_path.iterdir())) == 1


def test_a_topic_without_mail_subscription_sends_no_mail(owner_access: AwsAccess, tmp_path: Path) -> None:
    client = owner_access.client("sns")
    arn = client.create_topic(Name=f"silent-{uuid.uuid4().hex[:8]}")["TopicArn"]
    box = Mailbox(owner_access, tmp_path)
    box.subscribe()
    client.publish(TopicArn=arn, Subject="nobody", Message="m")
    assert box.collect(wait_seconds=0) == []


def test_an_address_gets_the_mails_of_all_its_topics(owner_access: AwsAccess, tmp_path: Path) -> None:
    client, address = owner_access.client("sns"), f"{uuid.uuid4().hex[:8]}@example.com"
    topics = [client.create_topic(Name=f"mail-{uuid.uuid4().hex[:8]}")["TopicArn"] for _ in range(2)]
    for topic in topics:
        client.subscribe(TopicArn=topic, Protocol="email", Endpoint=address)
    box = Mailbox(owner_access, tmp_path)
    box.subscribe()

    for topic in topics:
        client.publish(TopicArn=topic, Subject="news", Message="m")
    written: list[Path] = []
    while len(written) < len(topics) and (more := received(box)):
        written += more

    mails = [email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in written]
    assert sorted(mail["X-Topic-Arn"] for mail in mails) == sorted(topics)
    assert {mail["To"] for mail in mails} == {address}
    for topic in topics:
        client.delete_topic(TopicArn=topic)
