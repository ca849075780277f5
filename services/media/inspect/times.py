"""Puts what the packets say in the place of what the headers say, and tells where both disagree."""

from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from typing import Final

from media.containers.completeness import check_matroska_complete
from media.containers.formats import AVI, FLASH, MATROSKA, MP4, WINDOWS_MEDIA
from media.inspect.packets import PacketTimes, StreamTimes
from media.inspect.probe import AudioStream, Source, VideoStream
from media.inspect.probe_audio import AudioSource
from media.inspect.refusals import check_duration
from media.tools.errors import DamagedInputError
from media.tools.session import Session
from media.tools.warnings import SourceWarning, WarningCode

_STATING: Final = (AVI, FLASH, MATROSKA, MP4, WINDOWS_MEDIA)
"""Have a length in their header; of the others ffprobe only estimates one."""
_LEAST_OFF_SECONDS: Final = 0.5
_LEAST_OFF_SHARE: Final = 0.01
_RATE_OFF_SHARE: Final = Fraction(1, 5)
_SAME_RATE_SHARE: Final = Fraction(1, 100)
_SURELY_OFF_SHARE: Final = Fraction(1, 20)
_BURSTS_FACTOR: Final = Fraction(3, 2)
"""Pictures that usually follow each other this much faster than on average come in bursts with pauses."""


def measure_video(session: Session, source: Source, times: PacketTimes | None) -> Source:
    """Give lengths and rate of a source by its packets; as the headers say where they cannot be measured.

    Args:
        session: The job's shared state.
        source: What probing told.
        times: What its packets say.

    Raises:
        InvalidInputError: The file is cut short.
        LimitExceededError: It lasts longer than allowed.
    """
    picture = (times or {}).get(source.video.index)
    if times is None or picture is None or not picture.packets:
        check_duration(source.duration_seconds, session.limits)
        return source
    _check_whole_matroska(session, source, times)
    start = source.start_microseconds / 1_000_000
    audios = tuple(_sound(audio, times, start) for audio in source.audios)
    video = replace(_with_rates(source.video, picture), duration_seconds=_length(picture, start))
    total = _longest([video, *audios])
    session.warn(*_length_warning(source, total), *_rate_warning(source, picture, video))
    check_duration(total, session.limits)
    return replace(source, video=video, audios=audios, duration_seconds=total, times=times)


def measure_sound(session: Session, source: AudioSource, times: PacketTimes | None) -> AudioSource:
    """Give the lengths of a source of sound by its packets, as `measure_video` does."""
    if times is None or not any(_is_timed(audio, times) for audio in source.audios):
        check_duration(source.duration_seconds, session.limits)
        return source
    _check_whole_matroska(session, source, times)
    start = source.start_microseconds / 1_000_000
    audios = tuple(_sound(audio, times, start) for audio in source.audios)
    total = _longest(audios)
    session.warn(*_length_warning(source, total))
    check_duration(total, session.limits)
    return replace(source, audios=audios, duration_seconds=total, times=times)


def _check_whole_matroska(session: Session, source: Source | AudioSource, times: PacketTimes) -> None:
    """A recording that went to a pipe declares no size; its length may tell that its end is missing."""
    declared = source.duration_seconds
    if source.container is MATROSKA and declared is not None:
        reached = max(stream.end_seconds for stream in times.values())
        if declared - reached > _tolerance(declared):
            try:
                check_matroska_complete(source.media.path, is_short=True)
            except DamagedInputError as error:
                error.lost.setdefault("lost_seconds", round(declared - reached, 3))
                session.bear(error)


def _sound(audio: AudioStream, times: PacketTimes, start: float) -> AudioStream:
    if not _is_timed(audio, times):
        return audio
    return replace(audio, duration_seconds=_length(times[audio.index], start))


def _is_timed(stream: AudioStream, times: PacketTimes) -> bool:
    return stream.index in times and times[stream.index].packets > 0


def _length(found: StreamTimes, start: float) -> float | None:
    """Seconds from the beginning of the file: what starts late is filled up."""
    return round(found.end_seconds - min(start, found.start_seconds), 6) or None


def _longest(streams: Iterable[VideoStream | AudioStream]) -> float | None:
    return max((stream.duration_seconds or 0.0 for stream in streams), default=0.0) or None


def _with_rates(video: VideoStream, found: StreamTimes) -> VideoStream:
    """Correct the rates that the headers tell; nothing changes where the packets agree with them."""
    average, moving = found.average_rate, found.moving_rate
    if not moving or (video.interlaced and _alike(video.average_rate * 2, average, _RATE_OFF_SHARE)):
        return video  # one picture, or fields in packets of their own
    is_wrong = not _alike(video.average_rate, average, _RATE_OFF_SHARE) or _contradicts(video, found)
    if not is_wrong and moving <= average * _BURSTS_FACTOR:
        # Where no rate is told, ffprobe's average goes by times that were rounded to milliseconds.
        exact = found.is_steady and _alike(video.nominal_rate, moving, _SAME_RATE_SHARE)
        return replace(video, moving_rate=video.nominal_rate) if exact else video
    nominal = video.nominal_rate
    if not _alike(nominal, moving, _SAME_RATE_SHARE):
        nominal = moving if found.is_steady else Fraction(0)
    average = average if is_wrong else video.average_rate
    return replace(video, average_rate=average, moving_rate=moving, nominal_rate=nominal)


def _contradicts(video: VideoStream, found: StreamTimes) -> bool:
    """Whether pictures follow each other evenly, and at neither of the rates that the headers tell."""
    told = (video.nominal_rate, video.average_rate)
    return found.is_steady and not any(_alike(rate, found.moving_rate, _SURELY_OFF_SHARE) for rate in told)


def _alike(rate: Fraction, other: Fraction, share: Fraction) -> bool:
    return abs(rate - other) <= other * share


def _tolerance(seconds: float) -> float:
    return max(_LEAST_OFF_SECONDS, seconds * _LEAST_OFF_SHARE)


def _length_warning(source: Source | AudioSource, total: float | None) -> tuple[SourceWarning, ...]:
    """Compare the container's length, and that of the picture where it tells one, with what was found."""
    declared = [source.duration_seconds]
    if isinstance(source, Source):
        declared.append(source.video.duration_seconds)
    found = total or 0.0
    # A picture may well be shorter than the sound, but nothing is longer than all of it.
    off = [seconds for seconds in declared if seconds and seconds - found > _tolerance(found)]
    if declared[0] and found - declared[0] > _tolerance(found):
        off.append(declared[0])
    if not off or source.container not in _STATING:
        return ()
    message = (
        f"The file says that it lasts {max(off):.2f} seconds, but its picture and sound last {found:.2f}; "
        "that is the length of the result."
    )
    facts = {"declared_seconds": round(max(off), 3), "seconds": round(found, 3)}
    return (SourceWarning(code=WarningCode.LENGTH_FROM_PACKETS, message=message, facts=facts),)


def _rate_warning(source: Source, found: StreamTimes, video: VideoStream) -> tuple[SourceWarning, ...]:
    declared = source.video.average_rate
    if video.average_rate == declared or not declared:
        return ()
    if source.container is AVI and _alike(source.video.nominal_rate, found.average_rate, _RATE_OFF_SHARE):
        return ()  # its header is right; ffprobe guesses another one
    message = (
        f"The file says that it has {float(declared):.5g} pictures a second, but they follow each other at "
        f"{float(found.moving_rate):.4g}; that is what the result goes by."
    )
    facts = {
        "declared_rate": round(float(declared), 3),
        "rate": round(float(found.moving_rate), 3),
        "average_rate": round(float(found.average_rate), 3),
    }
    return (SourceWarning(code=WarningCode.RATE_FROM_TIMESTAMPS, message=message, facts=facts),)
