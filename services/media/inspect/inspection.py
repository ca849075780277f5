"""The first look at a source: everything that can be refused early is refused here."""

from pathlib import Path

from media.inspect.forming import formed
from media.inspect.probe import Source, probe, source_media
from media.inspect.sniff import sniff
from media.tools.session import Session


def inspect_source(session: Session, path: Path) -> Source:
    """Sniff and probe a source with a video.

    Raises:
        InvalidInputError: It cannot be used.
        LimitExceededError: It is above a limit.
    """
    container = sniff(path, session.limits)
    return formed(session, probe(session, source_media(path, container), container))
