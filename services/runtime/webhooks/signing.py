"""Secrets of endpoints and the signatures made with them, by the library of the Standard Webhooks project."""

import base64
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from standardwebhooks import Webhook

SECRET_PREFIX: Final = "whsec_"  # noqa: S105 -- the specification's mark, not a secret
# The specification asks for 24 to 64.
_SECRET_BYTES: Final = 32


def new_secret() -> str:
    """A fresh secret as endpoints' owners get it."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def signed_headers(event_id: str, sent_at: datetime, body: str, keys: Sequence[str]) -> dict[str, str]:
    """The three headers of the specification, with one signature per secret.

    Args:
        event_id: Stays the same however often the event is sent.
        sent_at: Time of the attempt, UTC; receivers refuse what is five minutes off.
        body: Exactly what is sent.
        keys: The secret, and during a rotation the former one as well.
    """
    signatures = [Webhook(key).sign(event_id, sent_at, body) for key in keys]
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(int(sent_at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
