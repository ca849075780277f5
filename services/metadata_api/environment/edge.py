"""The way over the edge: links to it, and what it is told to refuse."""

import json
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

from metadata_api.environment.signing_keys import SigningKeys
from metadata_api.environment.viewing_token import Viewing, viewing_token
from metadata_api.settings import ApiSettings
from runtime import clients

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_TIMES_THE_VIDEO: Final = 3
# A ruling outlives every link of before it; the margin is for clocks that differ.
_MARGIN_SECONDS: Final = 3_600


class Edge:
    """Makes links that the edge checks, and tells it which videos may be watched.

    Args:
        settings: Of a function with an edge.
        sqs: Gives the client of the queue that the edge's writer reads.
    """

    def __init__(self, settings: ApiSettings, sqs: "Callable[[], SQSClient]" = clients.sqs) -> None:
        (self._url,) = settings.edge_url
        (self._queue_url,) = settings.edge_queue_url
        (secret_arn,) = settings.edge_secret_arn
        self._keys = SigningKeys(secret_arn)
        self._least = timedelta(hours=settings.viewing_least_hours)
        self._most = timedelta(hours=settings.viewing_most_hours)
        self._sqs = sqs

    def end(self, now: datetime, duration_seconds: float | None) -> datetime:
        """When a link of now ends: after three times the video, within the configured bounds."""
        life = timedelta(seconds=_TIMES_THE_VIDEO * (duration_seconds or 0))
        return (now + min(max(life, self._least), self._most)).replace(microsecond=0)

    def address(self, viewing: Viewing) -> str:
        """Where the files of a viewing are; a file's name comes after it.

        Raises:
            SettingsError: There is no key yet.
        """
        return f"{self._url}/t/{viewing_token(self._keys.current(), viewing)}/"

    def refuse(self, video_id: UUID) -> None:
        """Have all links of a video refused, those that were handed out too.

        Raises:
            botocore.exceptions.ClientError: The message was not taken; so nothing was told.
            botocore.exceptions.BotoCoreError: As before.
        """
        self._rule(video_id, "deny")

    def accept(self, video_id: UUID) -> None:
        """Have links of a video work again for as long as they say.

        Raises:
            botocore.exceptions.ClientError: The message was not taken; so nothing was told.
            botocore.exceptions.BotoCoreError: As before.
        """
        self._rule(video_id, "allow")

    def _rule(self, video_id: UUID, ruling: str) -> None:
        since = time.time()
        until = int(since + self._most.total_seconds() + _MARGIN_SECONDS)
        message = {"entry": f"video.{video_id.hex}", "ruling": ruling, "since": since, "until": until}
        self._sqs().send_message(QueueUrl=self._queue_url, MessageBody=json.dumps(message))
