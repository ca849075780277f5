"""The first look at a source: everything that can be refused early is refused here."""

from pathlib import Path

from media.containers.sniff import sniff
from media.inspect.packets import MeasuredFile, measure_packets
from media.inspect.probe import Source, probe, source_media
from media.inspect.protection import PICTURE_AND_SOUND, refuse_unreachable
from media.inspect.times import measure_video
from media.tools.session import Session


def inspect_source(session: Session, source: Path | MeasuredFile) -> Source:
    """Sniff and probe a source with a video, and measure its length and rate.

    Raises:
        InvalidInputError: It cannot be used.
        LimitExceededError: It is above a limit.
    """
    path = source if isinstance(source, Path) else source.path
    container = sniff(path, session.limits)
    refuse_unreachable(path, container, PICTURE_AND_SOUND)
    probed = probe(session, source_media(path, container), container)
    times = source.times if isinstance(source, MeasuredFile) else measure_packets(session, probed.media)
    return measure_video(session, probed, times)
