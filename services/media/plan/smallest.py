"""How small a picture may be: for an encoder, for a rendition beside the largest, for each measurement."""

from collections.abc import Sequence
from typing import Final, Protocol, TypeVar

from media.tools.errors import ErrorCode, InvalidInputError
from media.tools.warnings import SourceWarning, WarningCode

_ENCODERS: Final = {"h264": (2, 2), "hevc": (16, 40), "av1": (64, 64)}
"""Short and long side in pixels from which each encoder works; x265 ends with a crash between 33 and 39."""
_SMALLEST_STEP: Final = 16
"""Short side in pixels below which a rendition beside the largest helps nobody."""
_SSIM_SIDE: Final = 16
"""The colours have half the pixels, and SSIM compares squares of eight."""
_VMAF_SIDE: Final = 32
"""Below 18, libvmaf reads beside the picture and ends with a crash; it halves the picture four times."""


class Sized(Protocol):
    """A picture with a size in pixels."""

    @property
    def width(self) -> int:
        """Columns."""

    @property
    def height(self) -> int:
        """Rows."""


SizedT = TypeVar("SizedT", bound=Sized)


def encodable(rungs: Sequence[SizedT], codec: str) -> tuple[SizedT, ...]:
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


def has_ssim(picture: Sized) -> bool:
    """Whether SSIM is defined at a picture's size, also for its colours."""
    return min(_sides(picture)) >= _SSIM_SIDE


def has_vmaf(picture: Sized) -> bool:
    """Whether VMAF is defined at a picture's size."""
    return min(_sides(picture)) >= _VMAF_SIDE


def unmeasured(rungs: Sequence[Sized]) -> tuple[SourceWarning, ...]:
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


def _sides(picture: Sized) -> tuple[int, int]:
    return picture.width, picture.height
