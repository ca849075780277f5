"""What is inside a source: ffprobe's answer as a typed model, checked against the limits."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from media.containers.formats import Container
from media.headers.colours import HDR_TRANSFERS
from media.headers.picture_form import AS_IT_IS, PictureForm
from media.inspect.chosen_tracks import Chosen
from media.inspect.codecs import TEXT_SUBTITLE_CODECS
from media.inspect.describe import Described
from media.inspect.ffprobe import StreamDocument
from media.inspect.packets import PacketTimes
from media.inspect.refusals import picture_too_large
from media.inspect.technical import stream_facts
from media.tools.command import MediaInput
from media.tools.errors import ErrorCode, InvalidInputError
from media.tools.limits import Limits


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
        duration_seconds: From the beginning of the file to the end of its last packet; where these could not
            be measured, as the container declares it for this stream.
        interlaced: Whether the frames hold two fields.
        start_seconds: When it begins, on the clock of the file.
        color_range: `tv`, `pc`, or empty where the source does not tell.
        moving_rate: Frames a second while the picture moves, where that says more than the average; else 0.
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
    moving_rate: Fraction = Fraction(0)
    form: PictureForm = AS_IT_IS

    @property
    def is_converted(self) -> bool:
        """Whether its colours are brought to BT.709, because players would show them wrongly."""
        colours = self.form.colours
        return self.color_transfer in HDR_TRANSFERS or (colours is not None and colours.convertible)


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
        duration_seconds: Of the longest track of picture and sound; where the packets could not be measured,
            as the container declares it, and None when it does not.
        audios: All tracks of sound, the one that players choose by themselves first.
        start_microseconds: Time in the file at which its first stream begins; it counts as zero.
        streams: Every stream as ffprobe describes it, for people.
        times: What the packets of every stream say; None where they could not be measured.
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
    times: PacketTimes | None = None

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


def film_of(described: Described, chosen: Chosen, limits: Limits) -> Source:
    """The chosen tracks of a file, as far as its headers tell of them.

    Raises:
        InvalidInputError: The picture has a size that cannot be used.
        LimitExceededError: The picture is too large.
    """
    assert chosen.video is not None  # noqa: S101 - a film has a picture
    document = described.document
    _check_size(chosen.video, limits)
    return Source(
        media=described.media,
        container=described.container,
        size_bytes=described.media.path.stat().st_size,
        duration_seconds=chosen.duration_seconds(document),
        bitrate_kbps=document.bitrate_kbps,
        video=_video(chosen.video),
        audios=tuple(audio_stream(stream) for stream in chosen.audios),
        subtitles=tuple(
            SubtitleStream(index=stream.index, codec=stream.codec_name, language=stream.language)
            for stream in chosen.subtitles
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


def _check_size(video: StreamDocument, limits: Limits) -> None:
    if video.width * video.height > limits.max_pixels:
        raise picture_too_large(f"The picture of {video.width} x {video.height} pixels", limits)
    if video.width < 2 or video.height < 2:
        raise InvalidInputError(
            ErrorCode.INPUT_UNREADABLE,
            f"The picture size {video.width} x {video.height} is not usable.",
            "Export the video again as MP4 and upload the new file.",
        )
