"""Where a watermark lies on a picture, and how large it is there. Pure."""

from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Final

from media.plan.overrides import Watermark
from media.tools.command import MediaInput
from media.tools.limits import Limits

_MARGIN_SHARE: Final = Fraction(1, 50)


@dataclass(frozen=True, slots=True, kw_only=True)
class WatermarkPicture:
    """A watermark that passed all checks.

    Attributes:
        orientation: EXIF's number.
        width: As a viewer sees it.
        limits: Those of the picture, not of the video.
    """

    watermark: Watermark
    media: MediaInput
    orientation: int
    width: int
    height: int
    limits: Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedWatermark:
    """Where a watermark lies on the picture that it is laid over, in that picture's own pixels."""

    picture: WatermarkPicture
    x: int
    y: int
    width: int
    height: int

    def moved(self, path: Path) -> "PlacedWatermark":
        """The same watermark with its file somewhere else."""
        picture = self.picture
        watermark, media = replace(picture.watermark, path=path), replace(picture.media, path=path)
        return replace(self, picture=replace(picture, watermark=watermark, media=media))


def place_watermark(
    picture: WatermarkPicture, base: tuple[int, int], shown: tuple[int, int]
) -> PlacedWatermark:
    """Choose size and place.

    Args:
        picture: The watermark.
        base: Pixels of the picture that it is laid over.
        shown: What a viewer sees of that picture; another shape than `base` when its pixels are not square.
    """
    width = max(2, round(base[0] * picture.watermark.width_percent / 100))
    shape = (
        Fraction(picture.height, picture.width) * Fraction(shown[0], base[0]) * Fraction(base[1], shown[1])
    )
    height = max(2, round(width * shape))
    if height > base[1]:
        width, height = max(2, round(base[1] / shape)), base[1]
    margin_x, margin_y = round(base[0] * _MARGIN_SHARE), round(base[1] * _MARGIN_SHARE)
    vertical, _, horizontal = picture.watermark.position.partition("-")
    x = {"left": margin_x, "right": base[0] - width - margin_x}.get(horizontal, (base[0] - width) // 2)
    y = {"top": margin_y, "bottom": base[1] - height - margin_y}.get(vertical, (base[1] - height) // 2)
    return PlacedWatermark(picture=picture, x=max(0, x), y=max(0, y), width=width, height=height)
