"""Makes a picture's sizes: decoded once, upright, without the metadata of the source."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from media.inspect.describe import read_document
from media.inspect.ffprobe import StreamDocument
from media.inspect.refusals import picture_too_large
from media.pictures.colour_numbers import cube_from_numbers
from media.pictures.colour_profile import CUBE_NAME, cube_to_srgb
from media.pictures.heif import convert_heif
from media.pictures.image_commands import SIDEWAYS, resize
from media.pictures.picture_file import (
    CONVERTED,
    JPEG,
    WEBP,
    PictureFile,
    picture_media,
    read_picture_file,
    sniff_picture,
)
from media.produce.catalogue import ProducedFile
from media.produce.production import Made, Stage, Stages
from media.tools.command import MediaInput
from media.tools.errors import ErrorCode, InvalidInputError, ToolFailedError, noted
from media.tools.session import Session
from media.verify.error import fail
from media.verify.readback import read_picture
from profiles import ImageProfile, PictureSettings

_SUFFIXES: Final = {"jpeg": ".jpg", "webp": ".webp"}
_CONTENT_TYPES: Final = {".jpg": "image/jpeg", ".webp": "image/webp"}
_TRANSPARENT: Final = frozenset(
    {"rgba", "bgra", "argb", "abgr", "ya8", "ya16be", "rgba64be", "pal8", "yuva420p", "gbrap"}
)
_DAMAGED: Final = "its content is damaged, or is not what its beginning announces"
Wanted = dict[str, tuple[Path, tuple[int, int]]]


def make_image(session: Session, path: Path, profile: ImageProfile, stages: Stages) -> Made:
    """Make and check every size and format of a picture.

    Raises:
        InvalidInputError: The file is no accepted picture, or is damaged.
        LimitExceededError: It is above the profile's limits.
    """
    settings = profile.picture
    session = replace(session, limits=replace(session.limits, max_pixels=settings.max_source_pixels))
    with stages.during(Stage.INSPECTING):
        file, media, stream = _inspect(session, path, settings)
        size = _upright_size(stream, file.orientation)
    directory = session.workdir / "output"
    directory.mkdir()
    wanted = _wanted(directory, size, settings)
    with stages.during(Stage.ENCODING):
        command = resize(
            media,
            file.orientation,
            list(wanted.values()),
            settings,
            transparent=stream.pix_fmt in _TRANSPARENT,
            cube=_cube(session, file),
            limits=session.limits,
        )
        try:
            done = session.produce(command, outputs=1)
        except ToolFailedError as error:
            raise _unreadable(_DAMAGED) from error
        if done.log.strip():
            raise noted(_unreadable(_DAMAGED), done.log)
    with stages.during(Stage.VERIFYING):
        checks = [partial(_checked, session, name, *output) for name, output in wanted.items()]
        files = session.together(*checks, workers=session.threads + 1)
    return Made(technical=_technical(path, file, stream, size), files=files)


def _cube(session: Session, file: PictureFile) -> Path | None:
    """Write down how the colours come to sRGB, if they are not there yet."""
    numbered = None if file.profile or file.colours is None else cube_from_numbers(*file.colours)
    table = cube_to_srgb(file.profile) or numbered
    if table is None:
        return None
    path = session.workdir / CUBE_NAME
    path.write_text(table, encoding="ascii")
    return path


def _inspect(
    session: Session, path: Path, settings: PictureSettings
) -> tuple[PictureFile, MediaInput, StreamDocument]:
    file, media = _opened(session, path, settings)
    try:
        document = read_document(session, media)
    except InvalidInputError as error:
        raise _unreadable(_DAMAGED) from error
    if [stream.codec_type for stream in document.streams] != ["video"]:
        raise _unreadable("it holds no picture")
    stream = document.streams[0]
    if stream.width * stream.height > session.limits.max_pixels:
        raise picture_too_large(f"The picture of {stream.width} x {stream.height} pixels", session.limits)
    if not stream.width or not stream.height:
        raise _unreadable("its size cannot be told")
    return file, media, stream


def _opened(session: Session, path: Path, settings: PictureSettings) -> tuple[PictureFile, MediaInput]:
    """What the file tells, and the file that ffmpeg opens: the same, or a PNG that was made of it."""
    container = sniff_picture(path, settings.max_source_bytes)
    if container in CONVERTED:
        return convert_heif(session, path)
    file = read_picture_file(path, container)
    if "animation" in file.extras:
        raise InvalidInputError(
            ErrorCode.CODEC_NOT_ALLOWED,
            f"Animated {container.name} is not accepted.",
            "Upload a still picture, or an animated GIF, of which the first frame is taken.",
        )
    return file, picture_media(path, container)


def _upright_size(stream: StreamDocument, orientation: int) -> tuple[int, int]:
    size = stream.width, stream.height
    return (size[1], size[0]) if orientation in SIDEWAYS else size


def _wanted(directory: Path, size: tuple[int, int], settings: PictureSettings) -> Wanted:
    """Every output by its name, the largest size first."""
    return {
        f"{target.name}-{format_name}": (
            directory / f"{target.name}{_SUFFIXES[format_name]}",
            fit(size, target.max_long_side_pixels),
        )
        for target in settings.sizes
        for format_name in settings.formats
    }


def fit(size: tuple[int, int], max_long_side: int) -> tuple[int, int]:
    """The size of a picture within a square, never enlarged, and at least one pixel."""
    scale = min(1.0, max_long_side / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _checked(session: Session, name: str, path: Path, size: tuple[int, int]) -> ProducedFile:
    """Decode an output, compare its size, and make sure that nothing of the source's metadata is in it.

    Raises:
        ProcessingFailedError: It is not what it must be.
    """
    stream = read_picture(session, path, size)
    extras = read_picture_file(path, JPEG if path.suffix == ".jpg" else WEBP).extras
    if extras:
        fail(f"{path.name} still carries {', '.join(sorted(extras))}.")
    return ProducedFile(
        path=path,
        name=name,
        kind="image",
        content_type=_CONTENT_TYPES[path.suffix],
        width=stream.width,
        height=stream.height,
    )


def _technical(
    path: Path, file: PictureFile, stream: StreamDocument, size: tuple[int, int]
) -> dict[str, Any]:
    return {
        "container": file.container.name,
        "size_bytes": path.stat().st_size,
        "picture": {
            "width": size[0],
            "height": size[1],
            "pixel_format": stream.pix_fmt,
            "orientation": file.orientation,
            "metadata": sorted(file.extras),
        },
    }


def _unreadable(reason: str) -> InvalidInputError:
    return InvalidInputError(
        ErrorCode.INPUT_UNREADABLE,
        f"The picture cannot be read: {reason}.",
        "Check that it opens in another program, export it again as JPEG or PNG, and upload the new file.",
    )
