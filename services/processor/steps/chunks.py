"""The media work of a chunked job: what its chunks are, how one is encoded, and how all become one result."""

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from media.encode import window_commands
from media.encode.audio import EncodedAudio, encode_audio
from media.encode.audio_commands import audio_file
from media.encode.encode import Encoded
from media.encode.encode_commands import video_file
from media.encode.picture_facts import PictureFacts
from media.encode.subtitles import extract_subtitles, text_file
from media.encode.window import EncodedWindow, encode_window, join_windows
from media.encode.window_commands import CELLS_NAME, WindowRecipe, WindowSource
from media.plan.chunking import REMUXED_CONTAINERS
from media.plan.quality_samples import REFERENCE_NAME, runs_within
from media.plan.tracks import PlannedText
from media.plan.windows import Window, cut_windows
from media.produce.produce import Encoder, Work
from media.tools import command
from media.tools.command import MediaInput, Tool
from media.tools.output import ProgressSample
from processor.exchange.shared_files import ChunkRecord

SOUND: Final = "sound"
_KEY_CHARACTERS: Final = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedChunk:
    """A chunk whose files are on the shared file system."""

    directory: Path
    record: ChunkRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkedWork:
    """A source that is encoded in chunks: its windows, and its sound with its subtitles as one more chunk."""

    work: Work
    windows: tuple[Window, ...]
    source: WindowSource

    @property
    def names(self) -> tuple[str, ...]:
        """All chunks; the sound first, because it takes the longest."""
        has_sound = bool(self.work.plan.audios or self.work.plan.texts)
        return ((SOUND,) if has_sound else ()) + tuple(window.name for window in self.windows)

    @property
    def recipe(self) -> WindowRecipe:
        """What all windows have in common."""
        work = self.work
        return WindowRecipe(
            source=self.source,
            plan=work.plan,
            profile=work.profile,
            limits=work.session.limits,
            threads=work.session.threads,
            holds_ends=work.session.keeps_damage and work.source.times is not None,
        )


def cut(work: Work, window_seconds: float, picture: Path | None) -> ChunkedWork:
    """Cut a source into chunks.

    Args:
        work: The inspected source.
        window_seconds: Wanted length of a window.
        picture: The picture in another container; None when windows are read from the source itself.
    """
    source = work.source
    origin = WindowSource(
        media=source.media,
        stream_index=source.video.index,
        start_microseconds=source.start_microseconds,
    )
    if picture is not None:
        media = window_commands.remuxed(source.media, picture)
        origin = WindowSource(media=media, stream_index=0, start_microseconds=0)
    windows = cut_windows(work.plan, window_seconds)
    return ChunkedWork(work=work, windows=windows, source=origin)


def needs_remux(work: Work) -> bool:
    """Whether the source's container cannot be sought in."""
    return work.source.container in REMUXED_CONTAINERS


def remux(work: Work) -> Path:
    """Put the picture into a container that can be sought in; nothing is encoded.

    Raises:
        ToolFailedError: The codec or its timestamps do not fit the container.
    """
    session, path = work.session, work.session.workdir / "picture.mp4"
    session.produce(
        window_commands.remux_picture(work.source.media, work.source.video.index, path, session.limits),
        outputs=0,
    )
    return path


def plan_key(chunked: ChunkedWork, identity: str) -> str:
    """Give the name under which finished chunks may be used again: the same key means the same bytes.

    Args:
        chunked: The chunks; their command lines hold every setting of filters and encoders, also threads.
        identity: What pins the bytes of the source: version or ETag.
    """
    session, plan, watermark = chunked.work.session, chunked.work.plan, b""
    if plan.watermark is not None:
        watermark = plan.watermark.picture.watermark.path.read_bytes()
        plan = replace(plan, watermark=plan.watermark.moved(Path("/watermark")))
    nowhere = MediaInput(path=Path("/source"), formats=("none",), codecs=("none",))
    source = WindowSource(media=nowhere, stream_index=chunked.source.stream_index, start_microseconds=0)
    recipe = WindowRecipe(
        source=source,
        plan=plan,
        profile=chunked.work.profile,
        limits=session.limits,
        threads=session.threads,
    )
    commands = [
        list(window_commands.encode_window(recipe, window, Path("/chunk")).arguments)
        for window in chunked.windows
    ]
    version = session.inspect(command.version(Tool.FFMPEG)).stdout.decode("utf-8", "replace").splitlines()[:1]
    profile = chunked.work.profile.model_dump(mode="json")
    everything = [identity, version, commands, profile, hashlib.sha256(watermark).hexdigest()]
    if session.keeps_damage:
        everything.append({"damage": "keep"})
    return hashlib.sha256(json.dumps(everything).encode()).hexdigest()[:_KEY_CHARACTERS]


def encode_chunk(
    chunked: ChunkedWork, name: str, on_progress: Callable[[ProgressSample], None]
) -> tuple[list[Path], ChunkRecord]:
    """Encode one chunk on this task's own disk.

    Returns:
        Its files, and what is known of it.

    Raises:
        MediaError: As `media.produce.produce.produce` says.
    """
    if name == SOUND:
        return _encode_sound(chunked.work)
    window = next(window for window in chunked.windows if window.name == name)
    session, plan = chunked.work.session, chunked.work.plan
    done = encode_window(session, chunked.recipe, window, on_progress)
    files = [video_file(session.workdir, rung) for rung in plan.rungs]
    files.append(session.workdir / CELLS_NAME)
    if runs_within(plan.samples, window.start_frame, window.end_frame):
        files.append(session.workdir / REFERENCE_NAME)
    warnings = tuple(session.warnings)
    return files, ChunkRecord(
        files={},
        frames=done.frames,
        picture=done.picture,
        lost_seconds=done.lost_seconds,
        warnings=warnings,
    )


def joining(chunked: ChunkedWork, chunks: Mapping[str, FinishedChunk]) -> Encoder:
    """Give the encoder that only joins finished chunks, for `media.produce.produce.finish`."""

    def join(work: Work, on_progress: Callable[[ProgressSample], None]) -> Encoded:
        for chunk in chunks.values():
            work.session.warn(*chunk.record.warnings)
        windows = [_encoded_window(window, chunks[window.name]) for window in chunked.windows]
        audio, texts = _encoded_sound(work, chunks.get(SOUND))
        joined = join_windows(work.session, work.source, windows, work.plan, work.profile, audio, texts)
        frames = round(joined.video_seconds * work.plan.frame_rate)
        on_progress(ProgressSample(frames=frames, fps=None, out_seconds=joined.video_seconds, speed=None))
        return joined

    return join


def window_frames(chunked: ChunkedWork, name: str) -> int:
    """About how many frames a chunk has, for its progress; 0 for sound."""
    if name == SOUND:
        return 0
    window = next(window for window in chunked.windows if window.name == name)
    if window.frames is not None:
        return window.frames
    plan = chunked.work.plan
    total = (plan.expected_seconds or 0.0) * float(plan.frame_rate)
    return max(1, round(total) - window.start_frame)


def _encode_sound(work: Work) -> tuple[list[Path], ChunkRecord]:
    session, plan = work.session, work.plan
    audio = encode_audio(session, work.source, plan.audios, work.profile.audio)
    texts = extract_subtitles(session, work.source, plan.texts)
    files = [path for _, path in (*audio.tracks, *texts)]
    return files, ChunkRecord(
        files={},
        sound_seconds=audio.seconds,
        corrections=dict(audio.corrections),
        warnings=tuple(session.warnings),
    )


def _encoded_window(window: Window, chunk: FinishedChunk) -> EncodedWindow:
    record = chunk.record
    facts = record.picture or PictureFacts(ssim={}, black=(), frozen=())
    return EncodedWindow(
        window=window,
        directory=chunk.directory,
        frames=record.frames,
        picture=facts,
        lost_seconds=record.lost_seconds,
    )


def _encoded_sound(
    work: Work, chunk: FinishedChunk | None
) -> tuple[EncodedAudio, tuple[tuple[PlannedText, Path], ...]]:
    """The sound with its subtitles on this task's own disk, where packaging changes and removes them."""
    if chunk is None:
        return EncodedAudio(), ()
    directory, plan = work.session.workdir, work.plan
    for name in chunk.record.files:
        shutil.copyfile(chunk.directory / name, directory / name)
    audio = EncodedAudio(
        tracks=tuple((track, audio_file(directory, track)) for track in plan.audios),
        corrections=chunk.record.corrections,
        seconds=chunk.record.sound_seconds,
    )
    return audio, tuple((track, text_file(directory, track)) for track in plan.texts)
