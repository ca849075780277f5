"""Reads finished files back, decoding them, as the checks of every kind of output need it."""

from pathlib import Path
from typing import Final

from media.containers.completeness import check_mp4_complete
from media.inspect.ffprobe import StreamDocument, parse_document
from media.tools import command
from media.tools.command import MediaInput
from media.tools.errors import InvalidInputError, ToolFailedError, noted
from media.tools.session import Session
from media.verify.error import fail, failure

_READ_SECONDS: Final = 120.0
_MP4_SUFFIXES: Final = frozenset({".mp4", ".m4a"})
_PICTURES: Final = {
    ".jpg": (("image2", "jpeg_pipe"), ("mjpeg",)),
    ".png": (("image2", "png_pipe"), ("png",)),
    ".webp": (("image2", "webp_pipe"), ("webp",)),
}


def read_back(
    session: Session, source: MediaInput, *, kinds: list[str], seconds: float
) -> list[StreamDocument]:
    """Probe a file of ours and decode its beginning.

    Args:
        session: The job's shared state.
        source: The file.
        kinds: The kind of every stream it must hold, in order.
        seconds: How much of it is decoded.

    Raises:
        ProcessingFailedError: It cannot be read or decoded, or holds something else.
    """
    path = source.path
    wanted = command.probe_sample(source, session.limits, step=f"verify {path.name}", seconds=seconds)
    try:
        if path.suffix in _MP4_SUFFIXES:
            check_mp4_complete(path)
        completed = session.inspect(wanted, seconds=_READ_SECONDS)
        document = parse_document(completed.stdout)
    except (ToolFailedError, InvalidInputError) as error:
        raise failure(f"{path.name} cannot be read back: {error.message}") from error
    if completed.log.strip():
        raise noted(failure(f"Reading {path.name} back gave errors."), completed.log)
    found = [stream.codec_type for stream in document.streams]
    if found != kinds:
        fail(f"{path.name} holds {found} instead of {kinds}.")
    if not all(stream.decoded_frames for stream in document.streams):
        fail(f"{path.name} holds a stream that cannot be decoded.")
    duration = document.duration_seconds
    return [
        stream if stream.duration else stream.model_copy(update={"duration": duration})
        for stream in document.streams
    ]


def read_picture(session: Session, path: Path, size: tuple[int, int] | None = None) -> StreamDocument:
    """Decode a JPEG, PNG or WebP of ours, and compare its size if one is given.

    Raises:
        ProcessingFailedError: It cannot be decoded, or has another size.
    """
    formats, codecs = _PICTURES[path.suffix]
    source = MediaInput(path=path, formats=formats, codecs=codecs)
    stream = read_back(session, source, kinds=["video"], seconds=1.0)[0]
    if size is not None and (stream.width, stream.height) != size:
        fail(f"{path.name} is {stream.width}x{stream.height} instead of {size[0]}x{size[1]}.")
    return stream
