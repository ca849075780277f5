"""The picture laid over a video: as untrusted as any source, so looked into under the same limits."""

from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

from ledger.states import ErrorCode
from media.inspect.probe import read_document
from media.inspect.refusals import picture_too_large
from media.pictures.image_commands import SIDEWAYS, upright
from media.pictures.picture_file import picture_media, read_picture_file, sniff_picture
from media.plan.overrides import Mark
from media.tools.command import MediaInput
from media.tools.errors import InvalidInputError, LimitExceededError, MediaError
from media.tools.limits import MEBIBYTE, Limits
from media.tools.session import Session

MAX_MARK_BYTES: Final = 10 * MEBIBYTE
MAX_MARK_PIXELS: Final = 16_777_216
"""4096 x 4096: far more than a mark needs."""
_MARGIN_SHARE: Final = Fraction(1, 50)


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkPicture:
    """A watermark that passed all checks.

    Attributes:
        orientation: EXIF's number.
        width: As a viewer sees it.
        limits: Those of the picture, not of the video.
    """

    mark: Mark
    media: MediaInput
    orientation: int
    width: int
    height: int
    limits: Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedMark:
    """Where a watermark lies on the picture that it is laid over, in that picture's own pixels."""

    picture: MarkPicture
    x: int
    y: int
    width: int
    height: int

    def moved(self, path: Path) -> "PlacedMark":
        """The same mark with its file somewhere else."""
        picture = self.picture
        mark, media = replace(picture.mark, path=path), replace(picture.media, path=path)
        return replace(self, picture=replace(picture, mark=mark, media=media))


def inspect_mark(session: Session, mark: Mark) -> MarkPicture:
    """Sniff and probe a watermark.

    Raises:
        InvalidInputError: It is no whole still picture.
        LimitExceededError: It is larger than allowed.
    """
    limits = replace(session.limits, max_pixels=MAX_MARK_PIXELS)
    try:
        container = sniff_picture(mark.path, MAX_MARK_BYTES)
        file = read_picture_file(mark.path, container)
        media = picture_media(mark.path, container)
        document = read_document(replace(session, limits=limits), media)
        stream = document.streams[0] if document.streams else None
        if stream is None or not stream.width or not stream.height or "animation" in file.extras:
            raise InvalidInputError(ErrorCode.INPUT_UNREADABLE, "It is no still picture.", "")
        if stream.width * stream.height > MAX_MARK_PIXELS:
            raise picture_too_large(f"The picture of {stream.width} x {stream.height} pixels", limits)
    except (InvalidInputError, LimitExceededError) as error:
        raise _refused(error) from error
    turned = file.orientation in SIDEWAYS
    return MarkPicture(
        mark=mark,
        media=media,
        orientation=file.orientation,
        width=stream.height if turned else stream.width,
        height=stream.width if turned else stream.height,
        limits=limits,
    )


def place_mark(picture: MarkPicture, base: tuple[int, int], shown: tuple[int, int]) -> PlacedMark:
    """Choose size and place.

    Args:
        picture: The mark.
        base: Pixels of the picture that it is laid over.
        shown: What a viewer sees of that picture; another shape than `base` when its pixels are not square.
    """
    width = max(2, round(base[0] * picture.mark.width_percent / 100))
    shape = (
        Fraction(picture.height, picture.width) * Fraction(shown[0], base[0]) * Fraction(base[1], shown[1])
    )
    height = max(2, round(width * shape))
    if height > base[1]:
        width, height = max(2, round(base[1] / shape)), base[1]
    margin_x, margin_y = round(base[0] * _MARGIN_SHARE), round(base[1] * _MARGIN_SHARE)
    vertical, _, horizontal = picture.mark.position.partition("-")
    x = {"left": margin_x, "right": base[0] - width - margin_x}.get(horizontal, (base[0] - width) // 2)
    y = {"top": margin_y, "bottom": base[1] - height - margin_y}.get(vertical, (base[1] - height) // 2)
    return PlacedMark(picture=picture, x=max(0, x), y=max(0, y), width=width, height=height)


def overlaid(picture: Any, placed: PlacedMark) -> Any:
    """Lay the mark over every frame; its file is opened under the hardening of any source."""
    mark = placed.picture
    shown = upright(mark.media, mark.orientation, mark.limits).filter("scale", placed.width, placed.height)
    shown = shown.filter("format", "rgba").filter("colorchannelmixer", aa=mark.mark.opacity)
    return picture.filter("format", "yuv420p").overlay(shown, x=placed.x, y=placed.y, eof_action="repeat")


def _refused(error: MediaError) -> MediaError:
    """Say that it is the watermark that is at fault, and keep the code."""
    return type(error)(
        error.code,
        f"The watermark cannot be used: {error.message}",
        "Put a JPEG, PNG, WebP or GIF picture of at most 10 MiB and 4096 x 4096 pixels under its key, and "
        "order a new job.",
    )
