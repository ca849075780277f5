"""Reads the mail that the platform wrote to files."""

import email
import email.policy
from pathlib import Path
from typing import Any


def read_mail(path: Path) -> dict[str, Any]:
    """Give a mail as data: subject, recipient, date, body and the X- headers."""
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    body = message.get_body(("plain",))
    return {
        "path": str(path),
        "subject": str(message["Subject"]),
        "to": str(message["To"]),
        "date": str(message["Date"]),
        "headers": {name: str(value) for name, value in message.items() if name.startswith("X-")},
        "body": body.get_content().strip() if body else "",
    }
