"""Which renditions are made of a picture of a size, and which of them are large enough for what. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from media.tools.errors import ErrorCode, InvalidInputError
from media.tools.warnings import SourceWarning, WarningCode
from profiles import Rung, VideoSettings

_HIGH_FRAME_RATE: Final = 40
_BETWEEN_FACTOR: Final = 1.2
_ENCODERS: Final = {"h264": (2, 2), "hevc": (16, 40), "av1": (64, 64)}
"""Short and long side in pixels from which each encoder works; x265 ends with a crash between 33 and 39."""
_SMALLEST_STEP: Final = 16
"""Short side in pixels below which a rendition beside the largest helps nobody."""
_SSIM_SIDE: Final = 16
"""The colours have half the pixels, and SSIM compares squares of eight."""
_VMAF_SIDE: Final = 32
"""Below 18, libvmaf reads beside the picture and ends with a crash; it halves the picture four times."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRung:
    """One rendition to make.

    Attributes:
        name: Output name, for example `720p`.
        width: Even number of pixels.
        height: Even number of pixels.
        max_bitrate_kbps: Peak rate.
    """

    name: str
    width: int
    height: int
    max_bitrate_kbps: int


def choose_rungs(
    size: tuple[int, int], frame_rate: Fraction, settings: VideoSettings
) -> tuple[PlannedRung, ...]:
    """Choose the rungs that fit a picture without enlarging it.

    Each rung is a box with a short and a long side, so portrait and wide pictures use the same ladder. A
    source that lies clearly between two rungs, or below all of them, also gets a rung of its own size.
    """
    short, long = min(size), max(size)
    fitting = [rung for rung in settings.rungs if _scale(rung, short, long) <= 1]
    larger = [rung for rung in settings.rungs if _scale(rung, short, long) > 1]
    boost = settings.high_frame_rate_factor if frame_rate > _HIGH_FRAME_RATE else 1.0
    planned = [_plan_rung(rung, size, boost) for rung in fitting]
    if larger and (not fitting or 1 / _scale(fitting[0], short, long) > _BETWEEN_FACTOR):
        planned.insert(0, _own_size(size, larger[-1], boost, planned))
    return tuple(planned)


def download_rung(rungs: Sequence[PlannedRung], max_short_side_pixels: int) -> PlannedRung:
    """The largest rendition that may become the progressive download."""
    allowed = [rung for rung in rungs if min(rung.width, rung.height) <= max_short_side_pixels]
    return allowed[0] if allowed else rungs[-1]


def _scale(rung: Rung, short: int, long: int) -> float:
    """Factor that makes a picture fit the rung's box; above 1 it would be enlarged."""
    return min(rung.short_side_pixels / short, rung.long_side_pixels / long)


def _plan_rung(rung: Rung, size: tuple[int, int], boost: float) -> PlannedRung:
    scale = _scale(rung, min(size), max(size))
    return PlannedRung(
        name=rung.name,
        width=_even(size[0] * scale, size[0]),
        height=_even(size[1] * scale, size[1]),
        max_bitrate_kbps=round(rung.max_bitrate_kbps * boost),
    )


def _own_size(size: tuple[int, int], above: Rung, boost: float, below: Sequence[PlannedRung]) -> PlannedRung:
    """A rung at the source's own size, named and rated in proportion to the next larger rung.

    The name is not simply the short side: a wide picture can share that with a smaller rung.
    """
    width, height = _even(size[0], size[0]), _even(size[1], size[1])
    label = 2 * round(above.short_side_pixels / _scale(above, min(width, height), max(width, height)) / 2)
    share = width * height / (above.short_side_pixels * above.long_side_pixels)
    floor = below[0].max_bitrate_kbps if below else 100
    rate = max(floor, round(above.max_bitrate_kbps * boost * min(share, 1.0)))
    return PlannedRung(name=f"{label}p", width=width, height=height, max_bitrate_kbps=rate)


def _even(wanted: float, ceiling: int) -> int:
    """The nearest even number that is at least 2 and not above the source's own side."""
    nearest = 2 * round(wanted / 2)
    if nearest > ceiling:
        nearest -= 2
    return max(2, nearest)


def encodable(rungs: Sequence[PlannedRung], codec: str) -> tuple[PlannedRung, ...]:
    """The largest rendition, and those of the others that are not too small.

    Raises:
        InvalidInputError: Even the largest is too small for the codec.
    """
    short, long = _ENCODERS[codec]
    top = rungs[0]
    if min(_sides(top)) < short or max(_sides(top)) < long:
        raise InvalidInputError(
            ErrorCode.PICTURE_TOO_SMALL,
            f"The picture of {top.width} x {top.height} pixels is too small for {codec}: at least {short} x "
            f"{long} are needed.",
            "Order the job with a profile that makes H.264, for example web, or upload a larger picture.",
        )
    smallest = max(short, _SMALLEST_STEP)
    others = [rung for rung in rungs[1:] if min(_sides(rung)) >= smallest and max(_sides(rung)) >= long]
    return (top, *others)


def has_ssim(picture: PlannedRung) -> bool:
    """Whether SSIM is defined at a picture's size, also for its colours."""
    return min(_sides(picture)) >= _SSIM_SIDE


def has_vmaf(picture: PlannedRung) -> bool:
    """Whether VMAF is defined at a picture's size."""
    return min(_sides(picture)) >= _VMAF_SIDE


def unmeasured(rungs: Sequence[PlannedRung]) -> tuple[SourceWarning, ...]:
    """What is said of renditions whose likeness with the source cannot be measured in every way."""
    small = [rung for rung in rungs if not has_vmaf(rung)]
    if not small:
        return ()
    missing = "VMAF" if all(has_ssim(rung) for rung in small) else "SSIM and VMAF"
    sizes = ", ".join(f"{rung.width} x {rung.height}" for rung in small)
    return (
        SourceWarning(
            code=WarningCode.QUALITY_NOT_MEASURED,
            message=f"The picture is so small ({sizes} pixels) that {missing} cannot be measured; the result "
            "was checked in all other ways.",
            facts={"sizes": sizes, "missing": missing},
        ),
    )


def _sides(picture: PlannedRung) -> tuple[int, int]:
    return picture.width, picture.height
