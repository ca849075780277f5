"""Subtitles beside a video, as callers send and see them."""

from typing import Annotated, Final

from pydantic import AfterValidator, Field, StringConstraints
from typing_extensions import TypedDict

from metadata_api.models.fields import Language, Tag
from metadata_api.models.records import RequestModel

MAX_JOB_TRACKS: Final = 8
MAX_SUBTITLE_BODY_BYTES: Final = 2 * 1024 * 1024
NAME_PATTERN: Final = r"^[a-z0-9][a-z0-9-]{0,31}$"

TrackName = Annotated[str, StringConstraints(pattern=NAME_PATTERN)]


class SubtitleBody(RequestModel):
    """A track of subtitles as the text of a SubRip (SRT) or WebVTT file."""

    language: Language = Field(description="BCP 47 tag.")
    label: Tag | None = Field(default=None, description="What players show; the language when absent.")
    text: str = Field(
        max_length=1_048_576, description="The whole file, at most 1 MiB; it is written anew as plain WebVTT."
    )


class JobSubtitleBody(SubtitleBody):
    """A track of subtitles that comes with a job."""

    name: TrackName = Field(description="Its name in paths; a track of this name is replaced.")


def _distinct(tracks: list[JobSubtitleBody]) -> list[JobSubtitleBody]:
    if len({track.name for track in tracks}) != len(tracks):
        message = "two tracks have the same name"
        raise ValueError(message)
    return tracks


JobSubtitles = Annotated[list[JobSubtitleBody], Field(max_length=MAX_JOB_TRACKS), AfterValidator(_distinct)]


class SubtitleView(TypedDict):
    """A track of subtitles beside a video; cues is how many pieces of text it shows."""

    name: str
    language: str
    label: str
    cues: int
    ends_seconds: float
    size_bytes: int
    updated_at: str


class SubtitleList(TypedDict):
    """All tracks beside a video, by name."""

    items: list[SubtitleView]
