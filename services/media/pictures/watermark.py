"""The picture laid over a video: as untrusted as any source, so looked into under the same limits."""

from dataclasses import replace
from typing import Any, Final

from media.inspect.describe import read_document
from media.inspect.refusals import picture_too_large
from media.pictures.image_commands import SIDEWAYS, upright
from media.pictures.picture_file import CONVERTED, picture_media, read_picture_file, sniff_picture
from media.plan.overrides import Watermark
from media.plan.watermark_placement import PlacedWatermark, WatermarkPicture
from media.tools.errors import ErrorCode, InvalidInputError, LimitExceededError, MediaError
from media.tools.limits import MEBIBYTE
from media.tools.session import Session

MAX_WATERMARK_BYTES: Final = 10 * MEBIBYTE
MAX_WATERMARK_PIXELS: Final = 16_777_216
"""4096 x 4096: far more than a watermark needs."""


def inspect_watermark(session: Session, watermark: Watermark) -> WatermarkPicture:
    """Sniff and probe a watermark.

    Raises:
        InvalidInputError: It is no whole still picture.
        LimitExceededError: It is larger than allowed.
    """
    limits = replace(session.limits, max_pixels=MAX_WATERMARK_PIXELS)
    try:
        container = sniff_picture(watermark.path, MAX_WATERMARK_BYTES)
        if container in CONVERTED:
            raise InvalidInputError(ErrorCode.CODEC_NOT_ALLOWED, f"It is a picture in {container.name}.", "")
        file = read_picture_file(watermark.path, container)
        media = picture_media(watermark.path, container)
        document = read_document(replace(session, limits=limits), media)
        stream = document.streams[0] if document.streams else None
        if stream is None or not stream.width or not stream.height or "animation" in file.extras:
            raise InvalidInputError(ErrorCode.INPUT_UNREADABLE, "It is no still picture.", "")
        if stream.width * stream.height > MAX_WATERMARK_PIXELS:
            raise picture_too_large(f"The picture of {stream.width} x {stream.height} pixels", limits)
    except (InvalidInputError, LimitExceededError) as error:
        raise _refused(error) from error
    turned = file.orientation in SIDEWAYS
    return WatermarkPicture(
        watermark=watermark,
        media=media,
        orientation=file.orientation,
        width=stream.height if turned else stream.width,
        height=stream.width if turned else stream.height,
        limits=limits,
    )


def overlaid(picture: Any, placed: PlacedWatermark) -> Any:
    """Lay the watermark over every frame; its file is opened under the hardening of any source."""
    watermark = placed.picture
    shown = upright(watermark.media, watermark.orientation, watermark.limits).filter(
        "scale", placed.width, placed.height
    )
    shown = shown.filter("format", "rgba").filter("colorchannelmixer", aa=watermark.watermark.opacity)
    return picture.filter("format", "yuv420p").overlay(shown, x=placed.x, y=placed.y, eof_action="repeat")


def _refused(error: MediaError) -> MediaError:
    """Say that it is the watermark that is at fault, and keep the code."""
    return type(error)(
        error.code,
        f"The watermark cannot be used: {error.message}",
        "Put a JPEG, PNG, WebP or GIF picture of at most 10 MiB and 4096 x 4096 pixels under its key, and "
        "order a new job.",
    )
