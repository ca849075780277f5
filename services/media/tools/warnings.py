"""What was odd about a source that was processed all the same."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class WarningCode(StrEnum):
    """Stable names of what can be odd; docs/api.md lists them with cause and remedy."""

    LENGTH_FROM_PACKETS = "LENGTH_FROM_PACKETS"
    PICTURE_ENDS_EARLY = "PICTURE_ENDS_EARLY"
    RATE_FROM_TIMESTAMPS = "RATE_FROM_TIMESTAMPS"
    SOUND_ENDS_EARLY = "SOUND_ENDS_EARLY"
    SOURCE_DAMAGED = "SOURCE_DAMAGED"
    PICTURE_CHANGES = "PICTURE_CHANGES"
    SOUND_CHANGES = "SOUND_CHANGES"
    CAPTIONS_LEFT_OUT = "CAPTIONS_LEFT_OUT"
    COLOURS_ASSUMED = "COLOURS_ASSUMED"
    QUALITY_NOT_MEASURED = "QUALITY_NOT_MEASURED"
    TRACKS_LEFT_OUT = "TRACKS_LEFT_OUT"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceWarning:
    """One thing that was odd.

    Attributes:
        code: Public, stable.
        message: A sentence for a person who has only the file.
        facts: The values behind it, JSON-serialisable.
    """

    code: WarningCode
    message: str
    facts: Mapping[str, str | int | float | bool | None] = field(default_factory=dict)
