"""The shape of decoded pictures, and what happens to those that come in another one. Pure.

ffmpeg builds its graph of filters anew when a picture of another size comes; all that they had counted is
forgotten then, so that times begin again. The graph is therefore kept, and the first filter that looks at
sizes brings every picture to the same.
"""

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from media.inspect.probe import VideoStream
from media.tools.warnings import SourceWarning, WarningCode

_CHANGE: Final = re.compile(r"incoming frame - w: (\d+) h: (\d+) fmt: -?\d+")
_SAME_ASPECT: Final = 0.02
"""Sizes are whole pixels, so the same picture in two sizes differs by a little."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What the first pictures of a source are like.

    Attributes:
        width: In pixels, as decoded.
        height: In pixels.
        pixel_aspect: Width of a pixel divided by its height.
    """

    width: int
    height: int
    pixel_aspect: Fraction

    @property
    def options(self) -> dict[str, str]:
        """Of the input: keep the filters when the size changes."""
        return {"reinit_filter:v": "0"}

    def stretched(self, picture: Any) -> Any:
        """Bring every picture to this size; those that have it pass untouched."""
        return picture.filter("scale", self.width, self.height)

    def boxed(self, picture: Any) -> Any:
        """Bring every picture into this size with its own aspect, with bars where it does not fill it."""
        width, height = self.width, self.height
        # Of a pixel that is absurdly wide the source speaks no truth; then it counts as square.
        wide = f"(iw*if(between(sar,0.1,10),sar,1)/(({self.pixel_aspect})*ih))"
        fitted = picture.filter(
            "scale",
            w=f"min({width},trunc({height}*{wide}/2+0.5)*2)",
            h=f"min({height},trunc({width}/{wide}/2+0.5)*2)",
            eval="frame",
        )
        return fitted.filter("pad", width, height, -1, -1, eval="frame")


def decoded_shape(video: VideoStream) -> Shape | None:
    """The shape that all pictures are brought to; None where they are turned, cut or woven first."""
    if video.rotation or video.form.crop or video.form.first_field:
        return None
    return Shape(width=video.width, height=video.height, pixel_aspect=video.pixel_aspect)


def size_options(shape: Shape | None) -> dict[str, str]:
    """Of the input: what lets its picture change its size on the way."""
    return shape.options if shape else {}


def of_one_size(picture: Any, shape: Shape | None, *, boxed: bool, stretched: bool) -> Any:
    """Bring a picture to one size where that is needed before the scaling to the renditions.

    Args:
        picture: The stream.
        shape: What to bring it to.
        boxed: Whether it changes its aspect.
        stretched: Whether filters follow that would not see a change.
    """
    if shape and boxed:
        return shape.boxed(picture)
    return shape.stretched(picture) if shape and stretched else picture


def other_sizes(notes: str) -> tuple[tuple[int, int], ...]:
    """The sizes to which the picture changed, as the log of its decoding tells; not all of a long log."""
    return tuple(dict.fromkeys((int(width), int(height)) for width, height in _CHANGE.findall(notes)))


def needs_box(notes: str, shape: Shape) -> bool:
    """Whether the picture changed to another aspect, so that stretching it would show it wrong."""
    wanted = shape.width / shape.height
    return any(
        abs(width / height - wanted) > wanted * _SAME_ASPECT for width, height in other_sizes(notes) if height
    )


def size_warnings(notes: str, shape: Shape) -> tuple[SourceWarning, ...]:
    """What is to be told of a source whose picture changes."""
    others = [f"{width}x{height}" for width, height in other_sizes(notes)]
    if not others:
        return ()
    kept = f"{shape.width}x{shape.height}"
    return (
        SourceWarning(
            code=WarningCode.PICTURE_CHANGES,
            message=f"The picture begins with {kept} and changes on its way to {', '.join(others)}; all "
            "of it is shown in the shape that it begins with.",
            facts={"begins_with": kept, "others": ", ".join(others)},
        ),
    )
