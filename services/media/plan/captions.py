"""Whether captions that lie in the picture itself reach the result."""

from fractions import Fraction
from typing import Final

from media.headers.picture_form import PictureForm
from media.inspect.probe import VideoStream
from media.tools.warnings import SourceWarning, WarningCode

_WITH_CAPTIONS: Final = frozenset({"h264"})
"""What has an encoder that hands them on."""


def keeps_captions(video: VideoStream, codec: str, frame_rate: Fraction) -> bool:
    """Whether captions would come out whole: every frame stays, and the encoder hands them on."""
    return codec in _WITH_CAPTIONS and frame_rate == video.nominal_rate


def captions_left_out(form: PictureForm, codec: str, *, kept: bool) -> tuple[SourceWarning, ...]:
    """What is said of captions that would come out incomplete, and are taken out whole instead.

    Args:
        form: What the first pictures of the source showed.
        codec: Of the renditions.
        kept: Whether the renditions have the captions.
    """
    if kept or not form.captions:
        return ()
    return (
        SourceWarning(
            code=WarningCode.CAPTIONS_LEFT_OUT,
            message="The captions inside the picture (CEA-608) were left out: this profile changes the frame "
            f"rate, or makes {codec}, whose encoder does not keep them.",
            facts={"codec": codec},
        ),
    )
