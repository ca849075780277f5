"""Filters that bring a decoded picture to the form in which it is converted. Pure."""

from typing import Any, Final

from media.encode.scaling import tone_map
from media.headers.colours import Colours
from media.headers.picture_form import PictureForm

JPEG_COLOURS: Final = {"out_range": "pc", "out_color_matrix": "bt601"}
"""For the scaler; a JPEG cannot say which matrix it has, so it has this one."""

UPRIGHT: Final = {"metadata:s:v:0": "rotate=0"}
"""Of an output that copies a picture: ffmpeg hands on a turn that it did not obey, and players might."""


def decoder_options(form: PictureForm) -> dict[str, Any]:
    """How the source is opened.

    Without `unaligned` a decoder gives more columns than there are where the bitstream cuts some off at the
    left. A turn that is no quarter is not obeyed by players; ffmpeg would turn, and fill black corners.
    """
    return {"flags": "unaligned", **({} if form.obeys_turn else {"noautorotate": None})}


def prepared(picture: Any, form: PictureForm) -> Any:
    """Name the colours for all that follow, weave single fields, and cut off what is not to be seen."""
    if form.colours is not None:
        picture = labelled(picture, form.colours)
    if form.first_field:
        # The woven picture gets the time of its second field.
        picture = picture.filter("weave", first_field=form.first_field)
        picture = picture.filter("setpts", "PTS-0.5/(FRAME_RATE*TB)")
    if form.crop is not None:
        crop = form.crop
        size = {"w": f"iw-{crop.left + crop.right}", "h": f"ih-{crop.top + crop.bottom}"}
        picture = picture.filter("crop", **size, x=crop.left, y=crop.top, exact=1)
    return picture


def labelled(picture: Any, colours: Colours) -> Any:
    """Say what the colours are; nothing is converted."""
    return picture.filter(
        "setparams",
        range="pc" if colours.full_range else "tv",
        colorspace=colours.matrix,
        color_primaries=colours.primaries,
        color_trc=colours.transfer,
    )


def standardised(picture: Any, form: PictureForm, width: int, height: int, *, hdr: bool) -> Any:
    """Bring a picture that players would show wrongly to BT.709 at the wanted size; leave others alone."""
    if hdr:
        return tone_map(picture, width, height)
    if form.colours is None or not form.colours.convertible:
        return picture
    wanted = {"p": "bt709", "t": "bt709", "m": "bt709", "r": "tv", "f": "bicubic"}
    return picture.filter("zscale", w=width, h=height, **wanted).filter("format", "yuv420p")
