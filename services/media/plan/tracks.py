"""Which tracks of sound and of subtitles are kept, and what they are called. Pure."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from media.inspect.probe import AudioStream, SubtitleStream
from media.plan.overrides import TrimSpan
from media.tools.warnings import SourceWarning, WarningCode
from profiles import AudioSettings, SubtitleSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedAudio:
    """One track of sound to make.

    Attributes:
        name: Output name: `audio` for the main track, `audio-fre` or `audio-2` for others.
        label: What players show in their menus; no two tracks share it.
        stream: The stream to convert.
        channels: Channels of the output: 1, 2 or 6; of a copied track, its own.
        trim: The part of the source that is wanted; None for all of it.
        fill_seconds: Up to here silence follows a track that ends before the picture; None for no silence.
    """

    name: str
    label: str
    stream: AudioStream
    channels: int
    trim: TrimSpan | None = None
    fill_seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedText:
    """One track of subtitles to make.

    Attributes:
        name: Output name, for example `subtitles-eng`.
        label: What players show in their menus; no two tracks share it.
        stream: The stream to convert.
    """

    name: str
    label: str
    stream: SubtitleStream


def choose_audios(streams: Sequence[AudioStream], settings: AudioSettings) -> tuple[PlannedAudio, ...]:
    """Choose the tracks to encode, and name each after its language or its place."""
    chosen = streams[: settings.max_tracks]
    return _named(chosen, [min(output_channels(stream.channels), settings.max_channels) for stream in chosen])


def keep_audios(streams: Sequence[AudioStream], max_tracks: int) -> tuple[PlannedAudio, ...]:
    """Choose the tracks to copy, with the channels that they have."""
    chosen = streams[:max_tracks]
    return _named(chosen, [stream.channels for stream in chosen])


def left_out(streams: Sequence[AudioStream], max_tracks: int) -> tuple[SourceWarning, ...]:
    """What is to be told of a source with more tracks of sound than are kept."""
    more = streams[max_tracks:]
    if not more:
        return ()
    numbered = enumerate(more, max_tracks + 1)
    names = ", ".join(f"{number} ({stream.language or 'no language'})" for number, stream in numbered)
    message = f"Of {len(streams)} tracks of sound in the file the first {max_tracks} are kept, not {names}."
    facts = {"tracks": len(streams), "kept": max_tracks}
    return (SourceWarning(code=WarningCode.TRACKS_LEFT_OUT, message=message, facts=facts),)


def _named(streams: Sequence[AudioStream], channels: Sequence[int]) -> tuple[PlannedAudio, ...]:
    planned: list[PlannedAudio] = []
    for position, stream in enumerate(streams, start=1):
        name = _free_name("audio", stream.language, position, {track.name for track in planned})
        planned.append(
            PlannedAudio(
                name=name if planned else "audio",
                label=_free_label("Audio", stream.language, position, {track.label for track in planned}),
                stream=stream,
                channels=channels[position - 1],
            )
        )
    return tuple(planned)


def choose_texts(streams: Sequence[SubtitleStream], settings: SubtitleSettings) -> tuple[PlannedText, ...]:
    """Choose the subtitles to keep: those that are text, for pictures cannot become WebVTT."""
    planned: list[PlannedText] = []
    texts = [stream for stream in streams if stream.is_text]
    for position, stream in enumerate(texts[: settings.max_tracks], start=1):
        planned.append(
            PlannedText(
                name=_free_name("subtitles", stream.language, position, {track.name for track in planned}),
                label=_free_label("Subtitles", stream.language, position, {track.label for track in planned}),
                stream=stream,
            )
        )
    return tuple(planned)


def output_channels(source_channels: int) -> int:
    """The usual layout that holds a source's channels without inventing any: mono, stereo or 5.1."""
    if source_channels >= 6:
        return 6
    return 2 if source_channels >= 2 else 1


def _free_name(prefix: str, language: str | None, position: int, taken: Collection[str]) -> str:
    name = f"{prefix}-{language or position}"
    return f"{prefix}-{position}" if name in taken else name


def _free_label(unknown: str, language: str | None, position: int, taken: Collection[str]) -> str:
    label = language or unknown
    return f"{label} {position}" if label in taken else label
