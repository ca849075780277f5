"""Embedded text subtitles become WebVTT, in one pass over the source that decodes nothing else."""

import re
from pathlib import Path
from typing import Final

from media.inspect.probe import Source
from media.plan.tracks import PlannedText
from media.tools.command import Command, MediaInput, compile_ffmpeg, read, write_text
from media.tools.limits import Limits
from media.tools.session import Session

_TIMING: Final = re.compile(
    r"^(?:(\d+):)?(\d\d):(\d\d\.\d{3}) --> (?:(\d+):)?(\d\d):(\d\d\.\d{3})(.*)$", re.ASCII
)


def extract_subtitles(
    session: Session, source: Source, tracks: tuple[PlannedText, ...]
) -> tuple[tuple[PlannedText, Path], ...]:
    """Write every track as WebVTT into the session's directory.

    Raises:
        ToolFailedError: The source's subtitles cannot be read.
    """
    if not tracks:
        return ()
    session.produce(extract_command(source.media, tracks, session.workdir, session.limits), outputs=0)
    return tuple((track, text_file(session.workdir, track)) for track in tracks)


def extract_command(
    source: MediaInput, tracks: tuple[PlannedText, ...], directory: Path, limits: Limits
) -> Command:
    """One process for all tracks; each becomes `text_<name>.vtt` in `directory`."""
    opened = read(source, limits, t=f"{limits.max_duration_seconds + 1:.3f}")
    outputs = [write_text(opened[str(track.stream.index)], text_file(directory, track)) for track in tracks]
    return compile_ffmpeg("extract-subtitles", outputs, threads=1)


def text_file(directory: Path, track: PlannedText) -> Path:
    """Where a track lies before packaging."""
    return directory / f"text_{track.name}.vtt"


def fit_cues(text: str, video_seconds: float, start_seconds: float = 0.0) -> tuple[str, int]:
    """Keep what is shown while the video plays; players would otherwise take the video for longer.

    Args:
        text: The track.
        video_seconds: Length of the video.
        start_seconds: Where in the track the video begins.

    Returns:
        The track, and how many cues it has.
    """
    kept: list[str] = []
    for block in re.split(r"\n\s*\n", text.replace("\r\n", "\n")):
        head, _, words = block.strip("\n").partition("\n")
        found = _TIMING.match(head)
        if found is None or not words.strip():
            continue
        start, end = _seconds(*found.groups()[:3]), _seconds(*found.groups()[3:6])
        start, end = max(start - start_seconds, 0.0), min(end - start_seconds, video_seconds)
        if start < end:
            kept.append(f"{_clock(start)} --> {_clock(end)}{found[7]}\n{words}\n")
    return "\n".join(["WEBVTT\n", *kept]), len(kept)


def _seconds(hours: str | None, minutes: str, seconds: str) -> float:
    return int(hours or 0) * 3600 + int(minutes) * 60 + float(seconds)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds * 1000), 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest // 1000:02d}.{rest % 1000:03d}"
