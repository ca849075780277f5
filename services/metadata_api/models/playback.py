"""How to play a video, as it is shown."""

from pydantic import ConfigDict, Field
from typing_extensions import TypedDict

from metadata_api.models.fields import CursorText
from metadata_api.models.records import QueryModel


class PlaybackQuery(QueryModel):
    """What opens a playlist; players may add parameters of their own."""

    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True)

    token: CursorText = Field(description="As in the paths that the video's playback gives.")


class RenditionView(TypedDict):
    """One quality that the player can choose."""

    name: str
    width: int | None
    height: int | None
    codec: str | None
    bitrate_kbps: float | None
    frame_rate: float | None


class TextTrackView(TypedDict):
    """Subtitles that the player can show."""

    name: str
    language: str
    label: str


class TextFileView(TypedDict):
    """Subtitles that were in the source, as a WebVTT file; playlists of the job that made them name them."""

    name: str
    language: str | None
    url: str


class PlaybackView(TypedDict):
    """How to play a video without an API key until expires_at; null is what the job did not make.

    hls, dash and scrub are paths of this API, to be appended to its address; null when the job made none.
    hls and dash show what was sent as subtitles, too. hls_url, dash_url and scrub_url are whole addresses
    below links over the edge; null where links are presigned.
    Poster, sprite, scrub and subtitle_files are those of this job, else of the newest completed job of the
    video on the same version of the source with the same trim.
    """

    video_id: str
    job_id: str
    hls: str | None
    dash: str | None
    hls_url: str | None
    dash_url: str | None
    poster_url: str | None
    sprite_url: str | None
    scrub: str | None
    scrub_url: str | None
    duration_seconds: float | None
    renditions: list[RenditionView]
    subtitles: list[TextTrackView]
    subtitle_files: list[TextFileView]
    expires_at: str
