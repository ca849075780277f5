"""What is inside a source: ffprobe's answer as a typed model, checked against the limits."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from media.headers.picture_form import AS_IT_IS, PictureForm
from media.inspect.codecs import AUDIO_CODECS, SOURCE_DECODERS, TEXT_SUBTITLE_CODECS, VIDEO_CODECS
from media.inspect.ffprobe import ProbeDocument, StreamDocument, parse_document
from media.inspect.refusals import (
    check_duration,
    codec_refused,
    explain,
    names_large_picture,
    picture_too_large,
)
from media.inspect.sniff import Container
from media.inspect.technical import stream_facts
from media.tools import command
from media.tools.command import MediaInput
from media.tools.errors import ErrorCode, InvalidInputError, LimitExceededError, ToolFailedError
from media.tools.limits import Limits
from media.tools.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoStream:
    """The video stream that will be converted.

    Attributes:
        width: Coded width in pixels, before rotation and pixel shape.
        height: Coded height in pixels.
        pixel_aspect: Width of a pixel divided by its height.
        rotation: Clockwise turn for display, in degrees: 0, 90, 180 or 270.
        nominal_rate: Smallest rate on which all timestamps lie (r_frame_rate).
        average_rate: Frames divided by duration.
        duration_seconds: As the container declares it for this stream.
        interlaced: Whether the frames hold two fields.
        start_seconds: When it begins, on the clock of the file.
        color_range: `tv`, `pc`, or empty where the source does not tell.
        form: What has to be done to its pictures before all else.
    """

    index: int
    codec: str
    width: int
    height: int
    pixel_aspect: Fraction
    rotation: int
    nominal_rate: Fraction
    average_rate: Fraction
    duration_seconds: float | None
    interlaced: bool
    pixel_format: str
    color_transfer: str
    start_seconds: float = 0.0
    color_range: str = ""
    form: PictureForm = AS_IT_IS


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioStream:
    """An audio stream that may be converted.

    Attributes:
        start_seconds: When it begins, on the clock of the file.
    """

    index: int
    codec: str
    channels: int
    sample_rate_hz: int
    language: str | None
    duration_seconds: float | None
    start_seconds: float = 0.0

    def technical(self) -> dict[str, Any]:
        """The facts that go on the video's record."""
        return {
            "codec": self.codec,
            "channels": self.channels,
            "sample_rate_hz": self.sample_rate_hz,
            "language": self.language,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class SubtitleStream:
    """A subtitle stream."""

    index: int
    codec: str
    language: str | None

    @property
    def is_text(self) -> bool:
        """Whether it holds text and not pictures of text."""
        return self.codec in TEXT_SUBTITLE_CODECS

    def technical(self) -> dict[str, Any]:
        """The facts that go on the video's record."""
        return {"codec": self.codec, "language": self.language, "text": self.is_text}


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A source that passed all checks.

    Attributes:
        media: The file with the only demuxers and decoders that may open it.
        container: Its format.
        duration_seconds: As the container declares it; None when it does not.
        audios: All tracks of sound, the one that players choose by themselves first.
        start_microseconds: Time in the file at which its first stream begins; it counts as zero.
        streams: Every stream as ffprobe describes it, for people.
    """

    media: MediaInput
    container: Container
    size_bytes: int
    duration_seconds: float | None
    bitrate_kbps: int | None
    video: VideoStream
    audios: tuple[AudioStream, ...]
    subtitles: tuple[SubtitleStream, ...]
    start_microseconds: int = 0
    streams: tuple[Mapping[str, Any], ...] = ()

    def technical(self) -> dict[str, Any]:
        """The facts that go on the video's record."""
        video = self.video
        return {
            "container": self.container.name,
            "size_bytes": self.size_bytes,
            "duration_seconds": self.duration_seconds,
            "bitrate_kbps": self.bitrate_kbps,
            "video": {
                "codec": video.codec,
                "width": video.width,
                "height": video.height,
                "rotation": video.rotation,
                "frame_rate": round(float(video.average_rate or video.nominal_rate), 3),
                "pixel_format": video.pixel_format,
                "color_transfer": video.color_transfer or None,
                "interlaced": video.interlaced,
            },
            "audio": self.audios[0].technical() if self.audios else None,
            "audio_tracks": [audio.technical() for audio in self.audios],
            "subtitle_tracks": [subtitle.technical() for subtitle in self.subtitles],
            "streams": [dict(stream) for stream in self.streams],
        }


def probe(session: Session, media: MediaInput, container: Container) -> Source:
    """Inspect a sniffed source.

    Raises:
        InvalidInputError: Unreadable, without video, or with a codec off the list.
        LimitExceededError: Picture, duration, frame rate or number of streams above the limits.
    """
    source = _select(read_document(session, media), media, container)
    _check(source, session.limits)
    return source


def read_document(session: Session, media: MediaInput) -> ProbeDocument:
    """Let ffprobe describe a sniffed source.

    Raises:
        InvalidInputError: Unreadable, or with a codec off the list.
        LimitExceededError: Its picture or its number of streams is above the limits.
    """
    try:
        completed = session.inspect(command.probe(media, session.limits))
    except ToolFailedError as error:
        raise explain(error, session.limits) from error
    except LimitExceededError as error:
        raise InvalidInputError(
            ErrorCode.INPUT_UNREADABLE,
            f"Reading the file's structure took more than {session.limits.probe_seconds:.0f} seconds.",
            "Export the video again as MP4 and upload the new file.",
        ) from error
    if names_large_picture(completed.log):
        raise picture_too_large("The picture", session.limits)
    return parse_document(completed.stdout)


def source_media(path: Any, container: Container) -> MediaInput:
    """A source file with the demuxers of its container and the decoders of the allowed codecs."""
    return MediaInput(path=path, formats=container.demuxers, codecs=SOURCE_DECODERS)


def _select(document: ProbeDocument, media: MediaInput, container: Container) -> Source:
    videos = [stream for stream in document.streams if stream.codec_type == "video" and not stream.is_picture]
    audios = [stream for stream in document.streams if stream.codec_type == "audio"]
    if not videos:
        raise InvalidInputError(
            ErrorCode.INPUT_NO_VIDEO,
            "The file has no video stream" + (", only sound." if audios else "."),
            "Upload a file with a picture; this profile makes video renditions.",
        )
    video = max(videos, key=lambda stream: (stream.is_default, stream.width * stream.height))
    audios.sort(key=lambda stream: not stream.is_default)
    return Source(
        media=media,
        container=container,
        size_bytes=media.path.stat().st_size,
        duration_seconds=document.duration_seconds,
        bitrate_kbps=document.bitrate_kbps,
        video=_video(video),
        audios=tuple(audio_stream(stream) for stream in audios),
        subtitles=tuple(
            SubtitleStream(index=stream.index, codec=stream.codec_name, language=stream.language)
            for stream in document.streams
            if stream.codec_type == "subtitle"
        ),
        start_microseconds=document.start_microseconds,
        streams=tuple(stream_facts(document)),
    )


def _video(stream: StreamDocument) -> VideoStream:
    return VideoStream(
        index=stream.index,
        codec=stream.codec_name,
        width=stream.width,
        height=stream.height,
        pixel_aspect=stream.pixel_aspect,
        rotation=stream.rotation,
        nominal_rate=stream.nominal_rate,
        average_rate=stream.average_rate,
        duration_seconds=stream.duration_seconds,
        interlaced=stream.field_order in {"tt", "bb", "tb", "bt"},
        pixel_format=stream.pix_fmt,
        color_transfer=stream.color_transfer,
        color_range=stream.color_range,
        start_seconds=stream.start_time or 0.0,
    )


def audio_stream(stream: StreamDocument) -> AudioStream:
    """A stream of sound as the rest of the processor knows it."""
    return AudioStream(
        index=stream.index,
        codec=stream.codec_name,
        channels=stream.channels,
        sample_rate_hz=stream.sample_rate,
        language=stream.language,
        duration_seconds=stream.duration_seconds,
        start_seconds=stream.start_time or 0.0,
    )


def _check(source: Source, limits: Limits) -> None:
    video = source.video
    if video.codec not in VIDEO_CODECS:
        raise codec_refused(video.codec)
    refused = [audio.codec for audio in source.audios if audio.codec not in AUDIO_CODECS]
    if refused:
        raise codec_refused(refused[0])
    if video.width * video.height > limits.max_pixels:
        raise picture_too_large(f"The picture of {video.width} x {video.height} pixels", limits)
    if video.width < 2 or video.height < 2:
        raise InvalidInputError(
            ErrorCode.INPUT_UNREADABLE,
            f"The picture size {video.width} x {video.height} is not usable.",
            "Export the video again as MP4 and upload the new file.",
        )
    check_duration(source.duration_seconds, limits)
    if video.average_rate > limits.max_frame_rate:
        raise LimitExceededError(
            ErrorCode.LIMIT_EXCEEDED,
            f"The video has {float(video.average_rate):.0f} frames a second; at most "
            f"{limits.max_frame_rate:.0f} are allowed.",
            "Export the video at a usual frame rate and upload the new file.",
        )
