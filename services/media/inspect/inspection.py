"""The first look at a source: everything that can be refused early is refused here."""

from pathlib import Path

from media.containers.formats import MP4
from media.containers.sniff import sniff
from media.inspect.chosen_tracks import EMPTY, choose_film, choose_sound
from media.inspect.describe import Described, describe
from media.inspect.forming import formed
from media.inspect.packets import MeasuredFile, PacketTimes, measure_packets
from media.inspect.probe import Source, film_of
from media.inspect.probe_audio import AudioSource, sound_of
from media.inspect.protection import PICTURE, SOUND, protected_tracks, refuse_protected, refuse_unreachable
from media.inspect.times import measure_sound, measure_video
from media.tools.session import Session
from media.tools.warnings import WarningCode


def inspect_source(session: Session, source: Path | MeasuredFile) -> Source:
    """Sniff and probe a source with a video, and measure its length and rate.

    Raises:
        InvalidInputError: It cannot be used.
        LimitExceededError: It is above a limit.
    """
    path = source if isinstance(source, Path) else source.path
    described = _describe(session, path, PICTURE)
    locked = protected_tracks(described)
    refuse_protected(described, locked, PICTURE)
    # What its packets cannot make good is refused before they are read.
    film_of(described, choose_film(described.document, locked), session.limits)
    times = source.times if isinstance(source, MeasuredFile) else _times(session, described)
    chosen = choose_film(described.document, _empty(described, times) | locked, times)
    session.warn(*chosen.warnings())
    film = formed(session, film_of(described, chosen, session.limits))
    return measure_video(session, film, times)


def inspect_audio(session: Session, path: Path) -> AudioSource:
    """Sniff and probe a source for its sound and measure its length; raises what `inspect_source` raises."""
    described = _describe(session, path, SOUND)
    locked = protected_tracks(described)
    refuse_protected(described, locked, SOUND)
    choose_sound(described.document, locked)
    times = _times(session, described)
    chosen = choose_sound(described.document, _empty(described, times) | locked)
    session.warn(*chosen.warnings())
    return measure_sound(session, sound_of(described, chosen), times)


def _describe(session: Session, path: Path, needed: str) -> Described:
    container = sniff(path, session.limits, session.bear)
    refuse_unreachable(path, container, needed)
    return describe(session, path, container)


def _times(session: Session, described: Described) -> PacketTimes | None:
    is_cut = any(warning.code is WarningCode.SOURCE_DAMAGED for warning in session.warnings)
    streams = [stream.index for stream in described.document.streams]
    return measure_packets(
        session, described.media, streams if is_cut and described.container is MP4 else None
    )


def _empty(described: Described, times: PacketTimes | None) -> dict[int, str]:
    """The tracks that a file declares and leaves without a packet: no player hears them."""
    if times is None:
        return {}
    return {stream.index: EMPTY for stream in described.document.streams if stream.index not in times}
