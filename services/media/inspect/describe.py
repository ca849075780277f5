"""Lets ffprobe describe a source, also one that has a track which nobody here may decode.

ffprobe opens a decoder for every stream, and ends without an answer where the list of decoders forbids one.
So what it names is put on a second list, which counts for opening alone: ffprobe answers, and no packet of
such a track is ever decoded, neither here nor later.
"""

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from media.containers.formats import Container
from media.inspect.codecs import SOURCE_DECODERS
from media.inspect.ffprobe import ProbeDocument, parse_document
from media.inspect.refusals import explain, names_large_picture, picture_too_large
from media.tools import command
from media.tools.command import MediaInput
from media.tools.errors import ErrorCode, InvalidInputError, LimitExceededError, ToolFailedError
from media.tools.session import Session

_REFUSED_DECODER: Final = re.compile(r"Codec \((\w+)\) not on whitelist")
_MOST_ROUNDS: Final = 4
"""Each names at least one decoder, and usually all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """A source of a known format.

    Attributes:
        media: The file with the only demuxers and decoders that may open it.
        container: Its format.
        document: What ffprobe says of it.
    """

    media: MediaInput
    container: Container
    document: ProbeDocument


def describe(session: Session, path: Path, container: Container) -> Described:
    """Let ffprobe describe a sniffed source.

    Raises:
        InvalidInputError: Unreadable.
        LimitExceededError: Its picture or its number of streams is above the limits.
    """
    demuxer = container.demuxers[0] if container.is_forced else None
    media = MediaInput(path=path, formats=container.demuxers, codecs=SOURCE_DECODERS, demuxer=demuxer)
    for _ in range(_MOST_ROUNDS):
        try:
            return Described(media=media, container=container, document=_read(session, media))
        except ToolFailedError as error:
            refused = sorted({*_REFUSED_DECODER.findall(error.log)} - {*media.opens})
            if not refused:
                raise explain(error, session.limits) from error
            media = replace(media, opens=(*media.opens, *refused))
    raise InvalidInputError(
        ErrorCode.INPUT_UNREADABLE,
        "The file has tracks of too many unknown kinds.",
        "Export the video with one track of picture and one of sound, and upload the new file.",
    )


def read_document(session: Session, media: MediaInput) -> ProbeDocument:
    """Let ffprobe describe a file all of whose streams must be on the list.

    Raises:
        InvalidInputError: Unreadable, or with a codec off the list.
        LimitExceededError: Its picture or its number of streams is above the limits.
    """
    try:
        return _read(session, media)
    except ToolFailedError as error:
        raise explain(error, session.limits) from error


def _read(session: Session, media: MediaInput) -> ProbeDocument:
    try:
        completed = session.inspect(command.probe(media, session.limits))
    except LimitExceededError as error:
        if error.code is ErrorCode.OUT_OF_MEMORY or session.budget.remaining() <= 0:
            raise
        raise InvalidInputError(
            ErrorCode.INPUT_UNREADABLE,
            f"Reading the file's structure took more than {session.limits.probe_seconds:.0f} seconds.",
            "Export the video again as MP4 and upload the new file.",
        ) from error
    if names_large_picture(completed.log):
        raise picture_too_large("The picture", session.limits)
    return parse_document(completed.stdout)
