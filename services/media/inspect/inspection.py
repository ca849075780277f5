"""The first look at a source: everything that can be refused early is refused here."""

from pathlib import Path

from media.inspect.probe import Source, probe, source_media
from media.inspect.protection import PICTURE_AND_SOUND, refuse_unreachable
from media.inspect.sniff import sniff
from media.tools.session import Session


def inspect_source(session: Session, path: Path) -> Source:
    """Sniff and probe a source with a video.

    Raises:
        InvalidInputError: It cannot be used.
        LimitExceededError: It is above a limit.
    """
    container = sniff(path, session.limits)
    refuse_unreachable(path, container, PICTURE_AND_SOUND)
    return probe(session, source_media(path, container), container)
