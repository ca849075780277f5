"""What one job asks for beyond its profile: kept with the job, so that every attempt honours it alike."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

Damage = Literal["refuse", "keep"]
NAMES: Final = ("trim", "watermark", "max_height", "damage")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trim:
    """The part of the source that is wanted.

    Attributes:
        start_seconds: From here on, counted from the source's beginning.
        end_seconds: Up to here; None for the source's end.
    """

    start_seconds: float = 0.0
    end_seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Watermark:
    """A picture laid over the video.

    Attributes:
        version_id: With `etag`, the very object that was there when the job was ordered.
        position: `top-left`, `top-right`, `bottom-left`, `bottom-right` or `center`.
        opacity: Above 0, up to 1.
        width_percent: Width of the mark in percent of the video's.
    """

    bucket: str
    key: str
    version_id: str | None
    etag: str | None
    position: str
    opacity: float
    width_percent: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Overrides:
    """Everything that one job asks for beyond its profile.

    Attributes:
        max_height: Highest picture that is made, in pixels.
        damage: Whether a cut or damaged source is refused, or made as far as it decodes; None leaves that
            to the profile.
    """

    trim: Trim | None = None
    watermark: Watermark | None = None
    max_height: int | None = None
    damage: Damage | None = None

    def as_dict(self) -> dict[str, Any]:
        """The JSON shape that the ledger stores and the manifest shows; what is not asked for is left out."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Overrides":
        """Reads back what `as_dict` wrote."""
        trim, watermark = data.get("trim"), data.get("watermark")
        return cls(
            trim=Trim(**trim) if trim else None,
            watermark=Watermark(**watermark) if watermark else None,
            max_height=data.get("max_height"),
            damage=data.get("damage"),
        )


NO_OVERRIDES: Final = Overrides()
