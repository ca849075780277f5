"""Encodes the sound beside the picture: one process that measures all tracks, then one that encodes them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from media.encode import audio_commands
from media.encode.damage import sound_loss
from media.encode.loudness import Correction, choose_correction, parse_loudness
from media.encode.steady_sound import changes_on_its_way, make_steady, sound_warnings
from media.inspect.probe import Source
from media.inspect.probe_audio import AudioSource
from media.plan.tracks import PlannedAudio
from media.tools.command import MediaInput
from media.tools.output import ProgressSample
from media.tools.runner import Completed
from media.tools.session import Session
from profiles import AudioSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodedAudio:
    """The encoded sound, not yet packaged.

    Attributes:
        tracks: Every track with its file, the main one first.
        corrections: What brought each track to its level, by output name; empty when the profile leaves the
            level alone.
        seconds: Length of the longest track.
        media: What the tracks were read from; None where nothing was encoded.
        readable: The tracks as they are to be read from there.
    """

    tracks: tuple[tuple[PlannedAudio, Path], ...] = ()
    corrections: Mapping[str, Correction] = field(default_factory=dict)
    seconds: float = 0.0
    media: MediaInput | None = None
    readable: tuple[PlannedAudio, ...] = ()


def encode_audio(
    session: Session,
    source: Source | AudioSource,
    tracks: tuple[PlannedAudio, ...],
    settings: AudioSettings,
    on_progress: Callable[[ProgressSample], None] | None = None,
) -> EncodedAudio:
    """Encode all tracks, at the loudness that the profile asks for.

    Raises:
        ToolFailedError: A pass failed.
        ProcessingFailedError: A track could not be measured.
    """
    if not tracks:
        return EncodedAudio()
    names = [track.name for track in tracks]
    corrections, media, readable = {}, source.media, tracks
    faults: Mapping[int, int] = {}
    if settings.loudness is not None:
        measured_once = _measure(session, media, readable, settings)
        notes, faults = measured_once.notes, measured_once.faults
        changing = changes_on_its_way(notes, tracks)
        if changing:
            session.warn(*sound_warnings(changing))
            media, readable = make_steady(session, media, tracks, settings.sample_rate_hz)
            notes = _measure(session, media, readable, settings).notes
        measured = parse_loudness(notes, names)
        corrections = {name: choose_correction(measured[name], settings.loudness) for name in names}
    seconds = 0.0

    def watch(sample: ProgressSample) -> None:
        nonlocal seconds
        seconds = sample.out_seconds
        if on_progress is not None:
            on_progress(sample)

    encoding = audio_commands.encode_audio(
        media, readable, settings, corrections, directory=session.workdir, limits=session.limits
    )
    encoded = session.produce(encoding, outputs=len(tracks), on_progress=watch)
    if session.keeps_damage:
        session.warn(*sound_loss(faults or encoded.faults, source.times))
    return EncodedAudio(
        tracks=tuple((track, audio_commands.audio_file(session.workdir, track)) for track in tracks),
        corrections=corrections,
        seconds=seconds,
        media=media,
        readable=readable,
    )


def _measure(
    session: Session, media: MediaInput, tracks: tuple[PlannedAudio, ...], settings: AudioSettings
) -> Completed:
    measuring = audio_commands.measure_audio(media, tracks, settings, session.limits)
    return session.produce(measuring, outputs=len(tracks))
