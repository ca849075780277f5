"""Tokens that the edge checks: each opens the files of one job for a while (components/edge_function.js)."""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from metadata_api.http.sealing import SigningKey

_VERSION: Final = "1"
_CLIENT_CHARACTERS: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewing:
    """What a token opens, for whom, and until when (whole seconds).

    Attributes:
        client: Public id of whoever asked; the token holds its digest.
        video_id: The video that is played, which need not be the one that the outputs were made for.
        job_id: The job whose outputs are played.
        prefix: Where they are in the bucket: three ids below ``videos/``, with a slash at the end.
        expires_at: The end.
    """

    client: str
    video_id: UUID
    job_id: UUID
    prefix: str
    expires_at: datetime


def viewing_token(key: SigningKey, viewing: Viewing) -> str:
    """The token for a viewing, safe as one part of a path.

    Args:
        key: One that the edge knows under the same name.
        viewing: What it opens.
    """
    signed = ".".join(
        (
            _VERSION,
            key.id,
            str(int(viewing.expires_at.timestamp())),
            client_mark(viewing.client),
            viewing.video_id.hex,
            viewing.job_id.hex,
            "",
            viewing.prefix.replace("/", "~"),
        )
    )
    mac = hmac.digest(key.secret.encode(), signed.encode(), hashlib.sha256)
    return f"{signed}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def client_mark(client: str) -> str:
    """How tokens name a client: of one length, without what an id may hold."""
    return hashlib.sha256(client.encode()).hexdigest()[:_CLIENT_CHARACTERS]
