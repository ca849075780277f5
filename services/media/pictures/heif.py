"""HEIC and AVIF become PNG by libheif's tool, fenced in like ffmpeg; what follows sees nothing but the PNG.

ffmpeg 5.1 opens no HEIC, and of AVIF neither tiles nor turns nor transparency (docs/adr/0027).
"""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, Final

from media.containers.heif_picture import HeifPicture, read_heif_picture
from media.inspect.refusals import picture_too_large
from media.pictures.picture_file import AVIF, HEIC, PNG, PictureFile, picture_media
from media.tools.command import Command, MediaInput, Tool
from media.tools.errors import ErrorCode, InvalidInputError, ToolFailedError, noted
from media.tools.limits import MEBIBYTE, Limits
from media.tools.session import Session

_MOST_TIMES_THE_LIMIT: Final = 5
"""What one picture may need decoded: itself and its tiles, both again for transparency, and some to spare."""
_MOST_PIXEL_BYTES: Final = 8
_CONTAINERS: Final = {container.name: container for container in (HEIC, AVIF)}
_BRAND: Final = b"mif1"
_MAJOR_BRAND_AT: Final = 8
_FIRST_BRAND_AT: Final = 16


def convert_heif(session: Session, source: Path) -> tuple[PictureFile, MediaInput]:
    """Let the tool decode the one picture of a HEIC or AVIF file that is shown.

    Returns:
        What the file tells, and the PNG, which the tool has turned upright.

    Raises:
        InvalidInputError: It is cut short, damaged, or in a form that is not accepted.
        LimitExceededError: It, or all of which it is made together, has too many pixels.
    """
    picture = read_heif_picture(source)
    _check_pixels(picture, session.limits)
    copy, png = session.workdir / "picture.heif", session.workdir / "picture.png"
    _write_alone(source, copy, picture)
    # The tool may find more pixels than were announced: the PNG is measured, and cannot grow without end.
    most = session.limits.max_pixels * _MOST_PIXEL_BYTES + MEBIBYTE
    bounded = replace(session, limits=replace(session.limits, most_file_bytes=most))
    try:
        done = bounded.produce(_convert(copy, png), outputs=1)
    except ToolFailedError as error:
        raise _damaged() from error
    if done.log.strip() or not png.is_file():
        raise noted(_damaged(), done.log)
    file = PictureFile(
        container=_CONTAINERS[picture.name],
        orientation=1,
        extras=picture.extras,
        profile=picture.profile,
        colours=picture.colours,
    )
    return file, picture_media(png, PNG)


def _convert(source: Path, png: Path) -> Command:
    """Paths are absolute, so that neither can be an option; the suffix of the second names the format."""
    return Command(step="decode", tool=Tool.HEIF, arguments=(str(source.absolute()), str(png.absolute())))


def _check_pixels(picture: HeifPicture, limits: Limits) -> None:
    for width, height in picture.sizes:
        if width * height > limits.max_pixels:
            raise picture_too_large(f"The picture of {width} x {height} pixels", limits)
    total = sum(width * height for width, height in picture.sizes)
    if total > _MOST_TIMES_THE_LIMIT * limits.max_pixels:
        parts = f"A picture made of {len(picture.sizes)} parts with {total} pixels together"
        raise picture_too_large(parts, limits)


def _write_alone(source: Path, copy: Path, picture: HeifPicture) -> None:
    """Copy a file and hide all pictures but the one in it, because the tool writes every one that it sees.

    The brands are made neutral too: the tool refuses those of sequences, although it can read their first.
    """
    shutil.copyfile(source, copy)
    with copy.open("r+b") as file:
        for place, flags in picture.flags:
            _put(file, place, bytes([flags]))
        file.seek(0)
        brands_end = int.from_bytes(file.read(4), "big")
        for place in (_MAJOR_BRAND_AT, _FIRST_BRAND_AT):
            if place + len(_BRAND) <= brands_end:
                _put(file, place, _BRAND)


def _put(file: BinaryIO, place: int, data: bytes) -> None:
    file.seek(place)
    file.write(data)


def _damaged() -> InvalidInputError:
    return InvalidInputError(
        ErrorCode.INPUT_UNREADABLE,
        "The picture cannot be read: its content is damaged, or is not what its beginning announces.",
        "Check that it opens in another program, export it again as JPEG or PNG, and upload the new file.",
    )
