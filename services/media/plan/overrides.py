"""What one job asks for beyond its profile, brought to this machine and checked against the source."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final, Literal

from media.tools.errors import ErrorCode, InvalidInputError
from profiles import AudioProfile, LadderProfile, Profile, ThumbnailsProfile

_BEYOND_SECONDS: Final = 0.5
"""An override may pass the declared end by this much; containers round their lengths."""


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
    """A downloaded watermark.

    Attributes:
        path: The file, which nobody has looked into yet.
        position: `top-left`, `top-right`, `bottom-left`, `bottom-right` or `center`.
        opacity: Above 0, up to 1.
        width_percent: Width of the watermark in percent of the video's.
    """

    path: Path
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
    damage: Literal["refuse", "keep"] | None = None

    def keeps_damage(self, profile: Profile) -> bool:
        """Whether a cut or damaged source is made as far as it decodes; a job's own word goes first.

        What is copied or is a single picture never is: its damage would be in the result.
        """
        if not isinstance(profile, LadderProfile | AudioProfile | ThumbnailsProfile):
            return False
        return (self.damage or profile.damage) == "keep"


NO_OVERRIDES: Final = Overrides()


@dataclass(frozen=True, slots=True, kw_only=True)
class Seek:
    """Where decoding begins for a part of a source.

    Attributes:
        start_microseconds: Time in the file that counts as zero.
        position_microseconds: Time in the file before whose last keyframe nothing is read.
        first_seconds: What is decoded first, counted from the zero; before the part.
    """

    start_microseconds: int
    position_microseconds: int
    first_seconds: float


@dataclass(frozen=True, slots=True)
class TrimSpan:
    """A part of the source, in exact seconds; picture and sound use the same one.

    Attributes:
        end: None for the source's end.
        seek: Where decoding begins; None for the source's beginning.
    """

    start: Fraction
    end: Fraction | None
    seek: Seek | None = None

    def length(self, whole_seconds: float | None) -> float | None:
        """Seconds that are left of a source of `whole_seconds`; None when that cannot be told."""
        if self.end is not None:
            end = float(self.end)
            return (min(end, whole_seconds) if whole_seconds else end) - float(self.start)
        return whole_seconds - float(self.start) if whole_seconds else None


def plan_trim(
    trim: Trim | None, whole_seconds: float | None, frame_rate: Fraction | None = None
) -> TrimSpan | None:
    """Turn the override for a part into an exact one.

    Args:
        trim: What the job asks for.
        whole_seconds: Declared length of the source.
        frame_rate: Ends are moved to the nearest frame of this rate, the sound's with them.

    Raises:
        InvalidInputError: The part lies outside the source, or holds not even one frame.
    """
    if trim is None:
        return None
    _check_within(trim, whole_seconds)
    on_grid = _grid(frame_rate)
    span = TrimSpan(
        on_grid(trim.start_seconds), None if trim.end_seconds is None else on_grid(trim.end_seconds)
    )
    if span.end is not None and span.end <= span.start:
        raise _not_possible(f"trim from {trim.start_seconds:g} to {trim.end_seconds:g} s holds no frame")
    return span


def _check_within(trim: Trim, whole_seconds: float | None) -> None:
    if whole_seconds is None:
        return
    where = f"behind the end of the source ({whole_seconds:.3f} s)"
    if trim.start_seconds >= whole_seconds:
        raise _not_possible(f"trim.start_seconds {trim.start_seconds:g} lies {where}")
    if trim.end_seconds is not None and trim.end_seconds > whole_seconds + _BEYOND_SECONDS:
        raise _not_possible(f"trim.end_seconds {trim.end_seconds:g} lies {where}")


def _grid(frame_rate: Fraction | None) -> Callable[[float], Fraction]:
    if frame_rate is None:
        return lambda seconds: Fraction(seconds).limit_denominator(1_000_000)
    return lambda seconds: round(Fraction(seconds) * frame_rate) / frame_rate


def _not_possible(message: str) -> InvalidInputError:
    return InvalidInputError(
        ErrorCode.OVERRIDE_NOT_POSSIBLE, f"{message}.", "Order a new job with values that fit the source."
    )
