"""Finds out whether a part of a source can be decoded without everything that comes before it."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from media.containers.formats import SEEKABLE
from media.inspect.probe import Source
from media.inspect.probe_audio import AudioSource
from media.plan.overrides import Seek, TrimSpan
from media.plan.plan import Plan
from media.plan.seek_commands import find_first, first_seconds, seek_options, seek_position
from media.plan.tracks import PlannedAudio
from media.tools.errors import LimitExceededError, ToolFailedError
from media.tools.session import Session

_SOUND_MARGIN_SECONDS: Final = 0.5
"""Decoders of sound need some packets before what they give is right; Opus asks for 80 ms, MP3 for less."""

logger = logging.getLogger(__name__)


def reach_trim(session: Session, source: Source, plan: Plan) -> Plan:
    """Note in a plan for a part of a source where decoding may begin."""
    if plan.trim is None:
        return plan
    seek = _find(session, source, plan.trim, [source.video.index], is_sound=False)
    return replace(
        plan, trim=replace(plan.trim, seek=seek), audios=reach_audio_trim(session, source, plan.audios)
    )


def reach_audio_trim(
    session: Session, source: Source | AudioSource, tracks: tuple[PlannedAudio, ...]
) -> tuple[PlannedAudio, ...]:
    """Note in tracks of a part of a source where decoding may begin."""
    trim = tracks[0].trim if tracks else None
    if trim is None:
        return tracks
    seek = _find(session, source, trim, [track.stream.index for track in tracks], is_sound=True)
    return tuple(replace(track, trim=replace(trim, seek=seek)) for track in tracks)


def _find(
    session: Session, source: Source | AudioSource, trim: TrimSpan, streams: Sequence[int], *, is_sound: bool
) -> Seek | None:
    """Look at what is decoded first; None when that comes too late, so that all must be decoded."""
    start = source.start_microseconds
    position = seek_position(start, trim.start)
    if position is None or source.container not in SEEKABLE:
        return None
    options = seek_options(start, position)
    command = find_first(source.media, streams, options, session.limits, is_sound=is_sound)
    try:
        found = first_seconds(session.inspect(command).notes)
    except (ToolFailedError, LimitExceededError) as error:
        logger.warning("part not sought", extra={"reason": error.message})
        return None
    latest = float(trim.start) - (_SOUND_MARGIN_SECONDS if is_sound else 0.0)
    if found.keys() != set(streams) or max(found.values()) > latest:
        return None
    return Seek(start_microseconds=start, position_microseconds=position, first_seconds=min(found.values()))
