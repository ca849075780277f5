"""Tokens that open the playlists of one job's outputs for a while, to players that have no API key."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from metadata_api.http.problems import Problem, ProblemCode
from metadata_api.http.sealing import BrokenSealError, KeyRing, Sealer

_PURPOSE: Final = b"video-platform playback link 1"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaybackGrant:
    """What a token opens, and until when (whole seconds)."""

    video_id: UUID
    job_id: UUID
    expires_at: datetime

    def seconds_left(self, now: datetime) -> int:
        """Whole seconds until it ends."""
        return int((self.expires_at - now).total_seconds())


class PlaybackTokens:
    """Makes tokens and reads them back; a token is valid for its video, its job and its time only.

    Args:
        keys: The deployment's; a token of the key before the current one is still good.
    """

    def __init__(self, keys: KeyRing) -> None:
        self._sealer = Sealer(keys, _PURPOSE)

    def issue(self, grant: PlaybackGrant) -> str:
        """The token for a grant."""
        text = f"{int(grant.expires_at.timestamp())}.{grant.video_id.hex}"
        return self._sealer.seal(str(grant.job_id), text)

    def read(self, job_id: UUID, token: str, now: datetime) -> PlaybackGrant:
        """The grant of a token that was made for this job and is still valid.

        Raises:
            Problem: PLAYBACK_LINK_INVALID or PLAYBACK_LINK_EXPIRED.
        """
        try:
            seconds, _, video_id = self._sealer.unseal(str(job_id), token).partition(".")
        except BrokenSealError:
            detail = "the link was not made by this API for this job; read the video's playback again"
            raise Problem(ProblemCode.PLAYBACK_LINK_INVALID, detail) from None
        expires_at = datetime.fromtimestamp(int(seconds), UTC)
        grant = PlaybackGrant(video_id=UUID(video_id), job_id=job_id, expires_at=expires_at)
        if grant.seconds_left(now) < 1:
            detail = "the link has expired; read the video's playback again for a new one"
            raise Problem(ProblemCode.PLAYBACK_LINK_EXPIRED, detail)
        return grant
