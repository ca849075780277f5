"""Mail is built as RFC 5322 text that people can read."""

from email import message_from_bytes, policy

from local.mailbox import build_mail, header_name
from local.publications import planned_attributes


def test_a_subject_with_line_breaks_cannot_add_headers() -> None:
    message = build_mail(
        "a@example.com", "topic", {"Subject": "x\r\nBcc: evil@example.com", "Message": "m"}, {}
    )
    assert message["Bcc"] is None
    assert message["Subject"] == "x Bcc: evil@example.com"


def test_a_message_survives_being_written_and_read() -> None:
    built = build_mail("a@example.com", "topic", {"Subject": "s", "Message": "æøå\nzwei"}, {"job_id": "7"})
    read = message_from_bytes(built.as_bytes(), policy=policy.default)
    body = read.get_body(("plain",))
    assert body is not None
    assert body.get_content() == "æøå\nzwei\n"
    assert read["X-Job-Id"] == "7"


def test_a_long_message_stays_readable_as_plain_text() -> None:
    line = "s3://" + "x" * 300
    assert line.encode() in build_mail("a@example.com", "t" * 200, {"Message": line}, {}).as_bytes()


def test_attributes_are_resolved_from_the_input_of_the_publishing_state() -> None:
    state = {
        "Arguments": {
            "MessageAttributes": {
                "job_id": {"DataType": "String", "StringValue": "{% $states.input.a.job_id %}"},
                "fixed": {"DataType": "String", "StringValue": "plain"},
                "computed": {"DataType": "String", "StringValue": "{% $uppercase('x') %}"},
                "absent": {"DataType": "String", "StringValue": "{% $states.input.b.c %}"},
            }
        }
    }
    assert planned_attributes(state, {"a": {"job_id": 7}}) == {"job_id": "7", "fixed": "plain"}


def test_a_message_without_subject_gets_the_subject_sns_gives() -> None:
    assert build_mail("a@example.com", "t", {"Message": "m"}, {})["Subject"] == "AWS Notification Message"


def test_attribute_names_become_headers() -> None:
    assert header_name("event_type") == "X-Event-Type"
    assert header_name("errorCode") == "X-Errorcode"
