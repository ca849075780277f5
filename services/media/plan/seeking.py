"""Finds out whether a part of a source can be decoded without everything that comes before it."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from media.inspect.probe import Source
from media.inspect.probe_audio import SoundSource
from media.inspect.sniff import SEEKABLE
from media.plan.overrides import Cut, Seek
from media.plan.plan import Plan
from media.plan.seek_commands import find_first, first_seconds, seek_options, seek_position
from media.plan.tracks import PlannedAudio
from media.tools.errors import LimitExceededError, ToolFailedError
from media.tools.session import Session

_SOUND_MARGIN_SECONDS: Final = 0.5
"""Decoders of sound need some packets before what they give is right; Opus asks for 80 ms, MP3 for less."""

logger = logging.getLogger(__name__)


def reach_part(session: Session, source: Source, plan: Plan) -> Plan:
    """Note in a plan for a part of a source where decoding may begin."""
    if plan.cut is None:
        return plan
    seek = _find(session, source, plan.cut, [source.video.index], is_sound=False)
    return replace(plan, cut=replace(plan.cut, seek=seek), audios=reach_sound(session, source, plan.audios))


def reach_sound(
    session: Session, source: Source | SoundSource, tracks: tuple[PlannedAudio, ...]
) -> tuple[PlannedAudio, ...]:
    """Note in tracks of a part of a source where decoding may begin."""
    cut = tracks[0].cut if tracks else None
    if cut is None:
        return tracks
    seek = _find(session, source, cut, [track.stream.index for track in tracks], is_sound=True)
    return tuple(replace(track, cut=replace(cut, seek=seek)) for track in tracks)


def _find(
    session: Session, source: Source | SoundSource, cut: Cut, streams: Sequence[int], *, is_sound: bool
) -> Seek | None:
    """Look at what is decoded first; None when that comes too late, so that all must be decoded."""
    start = source.start_microseconds
    position = seek_position(start, cut.start)
    if position is None or source.container not in SEEKABLE:
        return None
    options = seek_options(start, position)
    command = find_first(source.media, streams, options, session.limits, is_sound=is_sound)
    try:
        found = first_seconds(session.inspect(command).notes)
    except (ToolFailedError, LimitExceededError) as error:
        logger.warning("part not sought", extra={"reason": error.message})
        return None
    latest = float(cut.start) - (_SOUND_MARGIN_SECONDS if is_sound else 0.0)
    if found.keys() != set(streams) or max(found.values()) > latest:
        return None
    return Seek(start_microseconds=start, position_microseconds=position, first_seconds=min(found.values()))
