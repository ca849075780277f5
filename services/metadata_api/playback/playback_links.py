"""What every open link of a player has in common: a token that is checked before anything is read."""

from datetime import UTC, datetime
from typing import Final

from metadata_api.environment.playback_token import PlaybackGrant
from metadata_api.http.problems import ProblemCode
from metadata_api.models.playback import PlaybackQuery
from metadata_api.operations.request import ApiRequest

PLAYBACK_LINK_PROBLEMS: Final = (
    ProblemCode.VALIDATION_FAILED,
    ProblemCode.PLAYBACK_LINK_INVALID,
    ProblemCode.PLAYBACK_LINK_EXPIRED,
    ProblemCode.JOB_NOT_FOUND,
)


def read_grant(request: ApiRequest) -> tuple[PlaybackGrant, str]:
    """What the link opens, and its token; a made-up link costs nothing.

    Raises:
        Problem: The link was not made here, or has expired.
    """
    job_id = request.path_id("job_id", ProblemCode.JOB_NOT_FOUND)
    token = request.query(PlaybackQuery).token
    return request.resources.playback_tokens.read(job_id, token, datetime.now(UTC)), token
