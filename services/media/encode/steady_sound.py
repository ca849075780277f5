"""Makes sound whose channels or rate change on the way into sound that stays the same.

Filters of sound begin anew at such a change, and what they had counted is forgotten: silence would be put in
front a second time, and only the last part would be measured. So each track is first decoded to one layout,
by a graph that counts nothing, and losslessly kept; all else reads that.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from media.encode.audio_commands import LAYOUTS
from media.encode.encode_commands import source_options
from media.encode.loudness import count_restarts
from media.inspect.describe import read_document
from media.plan.tracks import PlannedAudio
from media.tools.command import MediaInput, compile_ffmpeg, read, write
from media.tools.session import Session
from media.tools.warnings import SourceWarning, WarningCode

_NAME: Final = "steady.mka"


def changes_on_its_way(notes: str, tracks: Sequence[PlannedAudio]) -> tuple[PlannedAudio, ...]:
    """The tracks that were measured in more than one piece."""
    restarts = count_restarts(notes)
    return tuple(track for position, track in enumerate(tracks) if restarts[position])


def make_steady(
    session: Session, source: MediaInput, tracks: Sequence[PlannedAudio], rate_hz: int
) -> tuple[MediaInput, tuple[PlannedAudio, ...]]:
    """Decode all tracks into a file of the session's directory.

    Returns:
        The file, and the tracks as they are to be read from it.

    Raises:
        ToolFailedError: They cannot be decoded.
    """
    path = session.workdir / _NAME
    opened = read(source, session.limits, **source_options(session.limits, 1))
    streams = [
        opened[str(track.stream.index)].filter(
            "aformat", channel_layouts=LAYOUTS[track.channels], sample_rates=rate_hz
        )
        for track in tracks
    ]
    output = write(streams, path, f="matroska", **{"c:a": "flac", "compression_level": "0"})
    session.produce(compile_ffmpeg("steady-sound", [output], threads=1), outputs=1)
    media = MediaInput(path=path, formats=("matroska",), codecs=("flac",))
    begins = read_document(session, media).start_microseconds / 1e6
    return replace(media, begins_at_seconds=begins), tuple(
        _read_from(track, position) for position, track in enumerate(tracks)
    )


def _read_from(track: PlannedAudio, position: int) -> PlannedAudio:
    trim = replace(track.trim, seek=None) if track.trim else None
    return replace(track, stream=replace(track.stream, index=position), trim=trim)


def sound_warnings(tracks: Sequence[PlannedAudio]) -> tuple[SourceWarning, ...]:
    """What is to be told of tracks that change."""
    return tuple(
        SourceWarning(
            code=WarningCode.SOUND_CHANGES,
            message=f"The sound of track {track.stream.index + 1} changes its channels or rate on its way; "
            f"all of it is made with the number of channels {track.channels}.",
            facts={"track": track.stream.index + 1, "channels": track.channels},
        )
        for track in tracks
    )
