"""Mail is built as RFC 5322 text that people can read."""

from email import message_from_bytes, policy

from local.mailbox import build_mail, header_name


def test_a_subject_with_line_breaks_cannot_add_headers() -> None:
    message = build_mail("a@example.com", "topic", {"Subject": "x\r\nBcc: evil@example.com", "Message": "m"})
    assert message["Bcc"] is None
    assert message["Subject"] == "x Bcc: evil@example.com"


def test_a_message_survives_being_written_and_read() -> None:
    built = build_mail("a@example.com", "topic", {"Subject": "s", "Message": "æøå\nzwei"})
    read = message_from_bytes(built.as_bytes(), policy=policy.default)
    body = read.get_body(("plain",))
    assert body is not None
    assert body.get_content() == "æøå\nzwei\n"


def test_a_message_without_subject_gets_the_subject_sns_gives() -> None:
    assert build_mail("a@example.com", "t", {"Message": "m"})["Subject"] == "AWS Notification Message"


def test_attribute_names_become_headers() -> None:
    assert header_name("event_type") == "X-Event-Type"
    assert header_name("errorCode") == "X-Errorcode"
