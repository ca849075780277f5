"""A mail that the platform wrote is read back as data."""

from pathlib import Path

from local.letters import read_mail
from local.mailbox import build_mail


def test_a_written_mail_is_read_with_its_text_and_the_headers_of_its_job(tmp_path: Path) -> None:
    path = tmp_path / "1.eml"
    message = build_mail(
        "a@example.com", "topic", {"Subject": "Done", "Message": "æøå\nzwei"}, {"job_id": "7"}
    )
    path.write_bytes(message.as_bytes())
    letter = read_mail(path)
    assert letter["headers"]["X-Job-Id"] == "7"
    assert (letter["subject"], letter["to"], letter["body"]) == ("Done", "a@example.com", "æøå\nzwei")
    assert letter["path"] == str(path)
