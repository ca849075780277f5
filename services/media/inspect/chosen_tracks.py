"""Which streams of a file are its film: chosen as a player chooses, and what stays out is said. Pure.

A track that cannot be used never refuses the file, as long as a picture (or sound, where only that is wanted)
is left.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from media.inspect.codecs import AUDIO_CODECS, TEXT_SUBTITLE_CODECS, VIDEO_CODECS
from media.inspect.ffprobe import ProbeDocument, StreamDocument
from media.inspect.packets import PacketTimes
from media.inspect.refusals import codec_refused
from media.tools.errors import ErrorCode, InvalidInputError
from media.tools.warnings import SourceWarning, WarningCode

_STUB_SHARE: Final = 0.1
"""A track of picture that lasts less than this share of the longest is a still beside a film."""
_STUB_FRAMES: Final = 2
_FOR_THE_FEW: Final = ("visual_impaired", "hearing_impaired", "comment", "descriptions")
"""Dispositions of sound that players take only when asked."""

_NONE: Final[Mapping[int, str]] = {}
NOT_READABLE: Final = "cannot be read here"
NOT_TOLD: Final = "no player could tell its size or rate"
PROTECTED: Final = "is protected"
EMPTY: Final = "holds nothing"
OTHER_PROGRAMME: Final = "belongs to another programme of the broadcast"
SECOND_PICTURE: Final = "is a second picture"
PICTURES_OF_WORDS: Final = "holds subtitles as pictures, not as text"


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A track that is not used.

    Attributes:
        reason: Completes the sentence that begins with the track.
    """

    stream: StreamDocument
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The film of a file.

    Attributes:
        video: The picture; None where only sound was asked for.
        audios: All tracks of sound that can be used, the one that players choose by themselves first.
        subtitles: The subtitles of the same programme, of whatever kind.
        left_out: What is not used.
    """

    video: StreamDocument | None
    audios: tuple[StreamDocument, ...]
    subtitles: tuple[StreamDocument, ...]
    left_out: tuple[LeftOut, ...]

    def warnings(self) -> tuple[SourceWarning, ...]:
        """What is to be said: one warning for each reason."""
        reasons = dict.fromkeys(item.reason for item in self.left_out)
        return tuple(
            _warning(reason, [item.stream for item in self.left_out if item.reason == reason])
            for reason in reasons
        )

    def duration_seconds(self, document: ProbeDocument) -> float | None:
        """The declared length: the container's, unless a track that is not used may have made it longer."""
        used = [*self.audios, *([self.video] if self.video else [])]
        ends = [(stream.start_time or 0.0) + (stream.duration_seconds or 0.0) for stream in used]
        timed = any(item.stream.codec_type in {"video", "audio"} for item in self.left_out)
        if not timed or not all(stream.duration_seconds for stream in used):
            return document.duration_seconds
        return max(ends) - document.start_microseconds / 1e6


def choose_film(
    document: ProbeDocument, unusable: Mapping[int, str] = _NONE, times: PacketTimes | None = None
) -> Chosen:
    """Choose the picture and the sound that belongs to it.

    Args:
        document: What ffprobe told.
        unusable: Why tracks cannot be used, by their index, where ffprobe does not tell it.
        times: What the packets of each track say, once that is known: ffprobe may tell any length.

    Raises:
        InvalidInputError: There is no picture that can be used.
    """
    videos = [stream for stream in document.streams if stream.codec_type == "video" and not stream.is_picture]
    faults = {stream.index: _fault_of_picture(stream, unusable) for stream in videos}
    usable = [stream for stream in videos if faults[stream.index] is None]
    if not usable:
        raise _no_picture(videos, document)
    video = _best_video(usable, document, times or {})
    members = _programme_of(document, video.index)
    out = [
        LeftOut(stream=stream, reason=faults[stream.index] or _why_not(stream, members))
        for stream in videos
        if stream is not video
    ]
    audios, more = _sounds(document, members, unusable)
    subtitles = [
        stream
        for stream in document.streams
        if stream.codec_type == "subtitle" and _is_member(stream, members)
    ]
    pictures = [stream for stream in subtitles if stream.codec_name not in TEXT_SUBTITLE_CODECS]
    out += [*more, *(LeftOut(stream=stream, reason=PICTURES_OF_WORDS) for stream in pictures)]
    return Chosen(video=video, audios=audios, subtitles=tuple(subtitles), left_out=tuple(out))


def choose_sound(document: ProbeDocument, unusable: Mapping[int, str] = _NONE) -> Chosen:
    """Choose the sound of a file whose picture is not wanted; arguments are those of `choose_film`.

    Raises:
        InvalidInputError: There is no sound that can be used.
    """
    streams = [stream for stream in document.streams if stream.codec_type == "audio"]
    usable = [stream for stream in streams if _fault_of_sound(stream, unusable) is None]
    members = _programme_of(document, usable[0].index) if usable else None
    audios, left_out = _sounds(document, members, unusable)
    if not audios:
        raise _no_sound(streams)
    return Chosen(video=None, audios=audios, subtitles=(), left_out=left_out)


def _sounds(
    document: ProbeDocument, members: frozenset[int] | None, unusable: Mapping[int, str]
) -> tuple[tuple[StreamDocument, ...], tuple[LeftOut, ...]]:
    used, out = [], []
    for stream in document.streams:
        if stream.codec_type != "audio":
            continue
        reason = _fault_of_sound(stream, unusable)
        if reason is None and not _is_member(stream, members):
            reason = OTHER_PROGRAMME
        if reason is None:
            used.append(stream)
        else:
            out.append(LeftOut(stream=stream, reason=reason))
    used.sort(key=lambda stream: (_is_for_the_few(stream), not stream.is_default))
    return tuple(used), tuple(out)


def _best_video(
    videos: Sequence[StreamDocument], document: ProbeDocument, times: PacketTimes
) -> StreamDocument:
    """By length (a still is no film), then by disposition, programme and, within one, by area."""
    lengths = {stream.index: _length(stream, times) for stream in videos}
    longest = max(seconds or 0.0 for seconds, _ in lengths.values())
    most = max(frames for _, frames in lengths.values())

    def rank(stream: StreamDocument) -> tuple[bool, bool, bool, int, int]:
        seconds, frames = lengths[stream.index]
        short = seconds is not None and seconds < longest * _STUB_SHARE
        still = 0 < frames <= _STUB_FRAMES < most
        members = _programme_of(document, stream.index)
        heard = members is None or any(
            item.codec_type == "audio" and item.index in members for item in document.streams
        )
        return (not (short or still), stream.is_default, heard, -_place(document, stream), _area(stream))

    return max(videos, key=rank)


def _length(stream: StreamDocument, times: PacketTimes) -> tuple[float | None, int]:
    """How many seconds and how many packets a track lasts; as far as is known."""
    found = times.get(stream.index)
    if found is None or not found.packets:
        return stream.duration_seconds, stream.declared_frames
    return found.end_seconds - found.start_seconds, found.packets


def _place(document: ProbeDocument, stream: StreamDocument) -> int:
    """The programme's place in the file; 0 where there are none."""
    places = (place for place, item in enumerate(document.programs) if stream.index in item.indices)
    return next(places, 0)


def _programme_of(document: ProbeDocument, index: int) -> frozenset[int] | None:
    """The streams that belong with a stream; None where nothing separates them."""
    own = [item.indices for item in document.programs if index in item.indices]
    if not own or len(document.programs) < 2:
        return None
    listed = frozenset[int]().union(*(item.indices for item in document.programs))
    loose = {stream.index for stream in document.streams} - listed
    return own[0] | loose


def _is_member(stream: StreamDocument, members: frozenset[int] | None) -> bool:
    return members is None or stream.index in members


def _why_not(stream: StreamDocument, members: frozenset[int] | None) -> str:
    return SECOND_PICTURE if _is_member(stream, members) else OTHER_PROGRAMME


def _fault_of_picture(stream: StreamDocument, unusable: Mapping[int, str]) -> str | None:
    if stream.index in unusable:
        return unusable[stream.index]
    if stream.codec_name not in VIDEO_CODECS:
        return NOT_READABLE
    return None if stream.width and stream.height else NOT_TOLD


def _fault_of_sound(stream: StreamDocument, unusable: Mapping[int, str]) -> str | None:
    if stream.index in unusable:
        return unusable[stream.index]
    if stream.codec_name not in AUDIO_CODECS:
        return NOT_READABLE
    return None if stream.channels and stream.sample_rate else NOT_TOLD


def _is_for_the_few(stream: StreamDocument) -> bool:
    return any(stream.disposition.get(name) == 1 for name in _FOR_THE_FEW)


def _area(stream: StreamDocument) -> int:
    return stream.width * stream.height


def _no_picture(videos: Sequence[StreamDocument], document: ProbeDocument) -> InvalidInputError:
    unreadable = _first(videos, lambda stream: stream.codec_name not in VIDEO_CODECS)
    if unreadable is not None:
        return codec_refused(_name(unreadable))
    if videos:
        return InvalidInputError(
            ErrorCode.INPUT_UNREADABLE,
            f"The picture size {videos[0].width} x {videos[0].height} is not usable.",
            "Export the video again as MP4 and upload the new file.",
        )
    heard = any(stream.codec_type == "audio" for stream in document.streams)
    return InvalidInputError(
        ErrorCode.INPUT_NO_VIDEO,
        "The file has no video stream" + (", only sound." if heard else "."),
        "Upload a file with a picture; this profile makes video renditions.",
    )


def _no_sound(streams: Sequence[StreamDocument]) -> InvalidInputError:
    unreadable = _first(streams, lambda stream: stream.codec_name not in AUDIO_CODECS)
    if unreadable is not None:
        return codec_refused(_name(unreadable), is_sound=True)
    message = "The file has no sound."
    if streams:
        message = "The file has tracks of sound, but there is nothing in them."
    return InvalidInputError(
        ErrorCode.INPUT_NO_AUDIO, message, "Upload a file with sound, or choose a profile for video."
    )


def _first(
    streams: Iterable[StreamDocument], wanted: Callable[[StreamDocument], bool]
) -> StreamDocument | None:
    return next(filter(wanted, streams), None)


def _warning(reason: str, streams: Sequence[StreamDocument]) -> SourceWarning:
    numbers = ", ".join(str(stream.index + 1) for stream in streams)
    names = ", ".join(f"{stream.index + 1} ({_kind(stream)}, {_name(stream)})" for stream in streams)
    subject = "Track" if len(streams) == 1 else "Each of the tracks"
    return SourceWarning(
        code=WarningCode.TRACKS_LEFT_OUT,
        message=f"{subject} {names} {reason} and is left out.",
        facts={"tracks": numbers, "left_out": len(streams), "reason": reason},
    )


def _kind(stream: StreamDocument) -> str:
    return {"video": "picture", "audio": "sound"}.get(stream.codec_type, stream.codec_type)


def _name(stream: StreamDocument) -> str:
    """The codec; where ffprobe has no name for it, the four letters by which the file calls it."""
    tag = stream.codec_tag_string
    if stream.codec_name == "unknown" and tag.isalnum() and tag.isascii():
        return tag
    return stream.codec_name
