"""ffprobe's JSON as typed documents; fields that are absent or nonsense become neutral values."""

from fractions import Fraction
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from media.tools.errors import ErrorCode, InvalidInputError

_ONE: Final = Fraction(1)
_ZERO: Final = Fraction(0)
_TURN_TOLERANCE: Final = 1.0
"""Degrees; what ffmpeg takes for a quarter turn."""


def _seconds(value: Any) -> float | None:
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        return None
    return seconds if seconds > 0 else None


def _ratio(value: Any) -> Fraction:
    """Read `30000/1001` or `4:3`; anything without a positive meaning becomes 0."""
    numerator, _, denominator = str(value).replace(":", "/").partition("/")
    try:
        ratio = Fraction(int(numerator), int(denominator or "1"))
    except (ValueError, ZeroDivisionError):
        return _ZERO
    return max(ratio, _ZERO)


def _whole(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        return 0


Seconds = Annotated[float | None, BeforeValidator(_seconds)]
Ratio = Annotated[Fraction, BeforeValidator(_ratio)]
Whole = Annotated[int, BeforeValidator(_whole)]


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class StreamDocument(_Document):
    """One stream."""

    index: int = 0
    id: str = ""
    codec_type: str = "unknown"
    codec_name: str = "unknown"
    codec_tag_string: str = ""
    width: Whole = 0
    height: Whole = 0
    sample_aspect_ratio: Ratio = _ONE
    nominal_rate: Ratio = Field(default=_ZERO, alias="r_frame_rate")
    average_rate: Ratio = Field(default=_ZERO, alias="avg_frame_rate")
    field_order: str = ""
    pix_fmt: str = ""
    color_transfer: str = ""
    color_primaries: str = ""
    color_space: str = ""
    color_range: str = ""
    bit_depth: Whole = Field(default=0, alias="bits_per_raw_sample")
    profile: str = ""
    level: Whole = 0
    bit_rate: Whole = 0
    channel_layout: str = ""
    channels: Whole = 0
    sample_rate: Whole = 0
    start_time: float | None = None
    duration: Seconds = None
    declared_frames: Whole = Field(default=0, alias="nb_frames")
    packets: Whole = Field(default=0, alias="nb_read_packets")
    decoded_frames: Whole = Field(default=0, alias="nb_read_frames")
    disposition: dict[str, int] = Field(default_factory=dict)
    tags: dict[str, str] = Field(default_factory=dict)
    side_data_list: list[dict[str, Any]] = Field(default_factory=list)

    @property
    def is_default(self) -> bool:
        """Whether players choose this stream by themselves."""
        return self.disposition.get("default") == 1

    @property
    def is_picture(self) -> bool:
        """Whether this is a cover or a thumbnail and not a video."""
        return self.disposition.get("attached_pic") == 1 or self.disposition.get("timed_thumbnails") == 1

    @property
    def pixel_aspect(self) -> Fraction:
        """Width of a pixel divided by its height; square when unknown or absurd."""
        ratio = self.sample_aspect_ratio
        return ratio if Fraction(1, 10) <= ratio <= Fraction(10) else _ONE

    @property
    def rotation(self) -> int:
        """Clockwise turn for display in degrees, one of 0, 90, 180, 270."""
        return round(self._angle / 90) * 90 % 360 if self.obeys_turn else 0

    @property
    def obeys_turn(self) -> bool:
        """Whether the turn is a quarter, a half or none; players do not obey others."""
        return abs(self._angle - round(self._angle / 90) * 90) < _TURN_TOLERANCE

    @property
    def _angle(self) -> float:
        turns = [data["rotation"] for data in self.side_data_list if "rotation" in data]
        return -float(turns[0]) if turns else 0.0

    @property
    def language(self) -> str | None:
        """The three-letter language code, if there is a plausible one."""
        code = self.tags.get("language", "")
        return code if len(code) == 3 and code.isascii() and code.islower() and code != "und" else None

    @property
    def duration_seconds(self) -> float | None:
        """The stream's own declared length; Matroska keeps it in a tag."""
        if self.duration is not None:
            return self.duration
        parts = self.tags.get("DURATION", "").split(":")
        if len(parts) != 3:
            return None
        hours, minutes, seconds = (_seconds(part) or 0.0 for part in parts)
        return hours * 3600 + minutes * 60 + seconds or None


class ProgramDocument(_Document):
    """One programme of a broadcast: which of the streams belong together."""

    number: Whole = Field(default=0, alias="program_num")
    streams: list[StreamDocument] = Field(default_factory=list)

    @property
    def indices(self) -> frozenset[int]:
        """The streams, by their index in the file."""
        return frozenset(stream.index for stream in self.streams)


class FormatDocument(_Document):
    """The container."""

    format_name: str = ""
    start_time: float | None = None
    duration: Seconds = None
    size: Whole = 0
    bit_rate: Whole = 0


class FrameDocument(_Document):
    """One decoded frame."""

    seconds: float = Field(alias="best_effort_timestamp_time")
    key_frame: Whole = 0


class ProbeDocument(_Document):
    """The whole answer."""

    format: FormatDocument = FormatDocument()
    streams: list[StreamDocument] = Field(default_factory=list)
    programs: list[ProgramDocument] = Field(default_factory=list)
    frames: list[FrameDocument] = Field(default_factory=list)

    @property
    def duration_seconds(self) -> float | None:
        """The container's declared length."""
        return self.format.duration

    @property
    def start_microseconds(self) -> int:
        """The time in the container at which the first of its streams begins."""
        return round((self.format.start_time or 0.0) * 1_000_000)

    @property
    def bitrate_kbps(self) -> int | None:
        """The container's overall rate."""
        return round(self.format.bit_rate / 1000) or None


def parse_document(stdout: bytes) -> ProbeDocument:
    """Read ffprobe's answer.

    Raises:
        InvalidInputError: The answer is not what ffprobe writes for a readable file.
    """
    try:
        return ProbeDocument.model_validate_json(stdout)
    except ValidationError as error:
        raise InvalidInputError(
            ErrorCode.INPUT_UNREADABLE,
            f"The file's description cannot be understood ({error.error_count()} problems).",
            "Export the video again as MP4 and upload the new file.",
        ) from error
