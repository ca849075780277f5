"""What a container says about a picture and ffmpeg 5.1 does not pass on: labels of its colours, and a crop.

A decoder of HEVC replaces the container's labels by "unknown" where the bitstream has none.
"""

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Crop:
    """Pixels to leave out at each side of the decoded picture."""

    left: int = 0
    top: int = 0
    right: int = 0
    bottom: int = 0

    def turned(self, rotation: int) -> "Crop":
        """The same part once the picture is turned clockwise by `rotation` degrees, a multiple of 90."""
        sides = (self.left, self.top, self.right, self.bottom)
        quarter = rotation // 90 % 4
        left, top, right, bottom = (sides[(place - quarter) % 4] for place in range(4))
        return Crop(left=left, top=top, right=right, bottom=bottom)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredPicture:
    """What a container says about one track of video.

    Attributes:
        matrix: Number in ITU-T H.273, as are the next two; None where it does not tell.
        full_range: Whether black is 0; None where it does not tell.
        crop: What to leave out; None for nothing.
        pixel_aspect: Width of a pixel by its height after the crop; None where ffmpeg's own is right.
    """

    matrix: int | None = None
    primaries: int | None = None
    transfer: int | None = None
    full_range: bool | None = None
    crop: Crop | None = None
    pixel_aspect: Fraction | None = None
