"""Finds tracks that a file declares and leaves empty: no player hears them, and encoders fail on them."""

import logging
from typing import Final

from media.inspect.ffprobe import ProbeDocument, StreamDocument, parse_document
from media.inspect.formats import MATROSKA, MP4, Container
from media.tools import command
from media.tools.command import MediaInput
from media.tools.errors import LimitExceededError, ToolFailedError
from media.tools.session import Session

_COUNT_SECONDS: Final = 120.0

logger = logging.getLogger(__name__)


def find_empty(
    session: Session, media: MediaInput, container: Container, document: ProbeDocument
) -> frozenset[int]:
    """The indices of tracks of sound and picture without a packet.

    Only a file whose header leaves it open is read for that, and only to count; one that takes too long
    counts as full.
    """
    if not any(_is_suspect(stream, container, document) for stream in document.streams):
        return frozenset()
    try:
        counted = session.inspect(command.count_packets(media, session.limits), seconds=_COUNT_SECONDS)
    except (ToolFailedError, LimitExceededError) as error:
        logger.warning("packets not counted", extra={"reason": error.message})
        return frozenset()
    streams = parse_document(counted.stdout).streams
    return frozenset(stream.index for stream in streams if not stream.packets)


def _is_suspect(stream: StreamDocument, container: Container, document: ProbeDocument) -> bool:
    if stream.codec_type not in {"video", "audio"} or stream.is_picture:
        return False
    if container is MP4:
        return not stream.declared_frames  # also in fragments, whose samples are not listed in front
    if container is MATROSKA:
        others = (other for other in document.streams if other is not stream and not other.is_picture)
        return stream.duration_seconds is None and any(other.duration_seconds for other in others)
    return False
