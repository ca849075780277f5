"""Command lines that encode one window of a source and join windows. Pure, built on `media.tools.command`."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

from media.encode.colour_commands import decoder_options
from media.encode.encode_commands import (
    NOTABLE_SECONDS,
    ladder,
    on_frame_grid,
    part_of,
    sprite_cell,
    sprite_sheet,
    video_file,
)
from media.plan.plan import Plan
from media.plan.quality_samples import runs_within
from media.plan.rungs import PlannedRung
from media.plan.seek_commands import seek_options, seek_position, show_first
from media.plan.shape import size_options
from media.plan.sprite import SHEET_NAME
from media.plan.windows import Window, cell_frames
from media.tools.command import Command, MediaInput, compile_ffmpeg, discard, own_output, read, write
from media.tools.limits import Limits
from profiles import LadderProfile

CELLS_NAME: Final = "cells.yuv"
EDGE_SECONDS: Final = 0.25
"""Shortest black or frozen part that a window reports; a part across a joint is put together from two."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowSource:
    """What windows are read from.

    Attributes:
        media: The uncut file: the source itself, or its picture in another container.
        stream_index: The video stream.
        start_microseconds: Time in the file that counts as zero.
    """

    media: MediaInput
    stream_index: int
    start_microseconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowRecipe:
    """What all windows of one source have in common.

    Attributes:
        source: What they are read from.
        plan: What to make.
        profile: How it is encoded.
        limits: Ceilings of the source.
        threads: Processor cores to use; the encoders' bytes depend on it.
        holds_ends: Whether the last picture stays where damage ends that of a window early.
    """

    source: WindowSource
    plan: Plan
    profile: LadderProfile
    limits: Limits
    threads: int
    holds_ends: bool = False


def encode_window(recipe: WindowRecipe, window: Window, directory: Path, *, seek: bool = True) -> Command:
    """Encode every rendition of one window, and the small pictures that fall into it.

    Decoding starts at the last keyframe before the window. The frames pass the same filters as in one long
    encode and only then are counted and cut, so each has the number, the content and the time it has there.

    Args:
        recipe: What to make and from what.
        window: Which frames.
        directory: Where the files go; each rendition is called as in one long encode.
        seek: False decodes from the beginning, for containers that cannot be sought in.
    """
    source, plan, threads = recipe.source, recipe.plan, recipe.threads
    start = source.start_microseconds
    position = seek_position(start, window_start(window, plan)) if seek else None
    options = decoder_options(plan.form) | seek_options(start, position) | size_options(plan.shape)
    opened = read(source.media, recipe.limits, threads=str(threads), **options)
    decoded = opened[str(source.stream_index)].filter_multi_output("split", 2)
    outputs, rest = ladder(
        part_of(on_frame_grid(decoded[0], plan), plan, window.start_frame, window.end_frame),
        plan,
        recipe.profile,
        directory=directory,
        threads=threads,
        samples=runs_within(plan.samples, window.start_frame, window.end_frame),
        notable_seconds=EDGE_SECONDS,
    )
    outputs.append(_cells(rest, window, plan, directory / CELLS_NAME))
    outputs.append(discard([show_first(decoded[1], source.stream_index)]))
    return compile_ffmpeg("encode-window", outputs, threads=threads, progress=True, talkative=True)


def window_start(window: Window, plan: Plan) -> Fraction:
    """When the first frame of a window is shown, in seconds from the beginning of the whole source."""
    return (plan.first_frame + window.start_frame) / plan.frame_rate


def join_list(files: Sequence[tuple[Path, int]], frame_rate: Fraction) -> str:
    """Write the list from which ffmpeg joins the windows of one rendition.

    Each length is the difference of two rounded ends, so that rounding never adds up.

    Args:
        files: Each window's file with its number of frames.
        frame_rate: Of the rendition.

    Raises:
        ValueError: A path holds a quote.
    """
    lines = ["ffconcat version 1.0"]
    frames = 0
    for path, count in files:
        if "'" in str(path):
            message = f"path {str(path)!r} holds a quote; use directories without"
            raise ValueError(message)
        start, end = (round(position / frame_rate * 1_000_000) for position in (frames, frames + count))
        lines += [
            f"file 'file:{path.absolute()}'",
            f"duration {(end - start) // 1_000_000}.{(end - start) % 1_000_000:06d}",
        ]
        frames += count
    return "\n".join([*lines, ""])


def join_windows(listing: Path, rung: PlannedRung, directory: Path, limits: Limits, *, codec: str) -> Command:
    """Join the windows of one rendition; the encoded pictures stay as they are."""
    parts = own_output(listing)
    source = MediaInput(path=listing, formats=("concat", *parts.formats), codecs=parts.codecs)
    # The windows share their headers, so their pictures need no conversion to another form of the codec.
    joined = read(source, limits, f="concat", safe="0", auto_convert="0")["v:0"]
    tag = {"tag:v": "hvc1"} if codec == "hevc" else {}
    output = write([joined], video_file(directory, rung), c="copy", **tag)
    return compile_ffmpeg("join-windows", [output], threads=1, progress=True)


def make_sheet(cells: Path, plan: Plan, profile: LadderProfile, directory: Path, limits: Limits) -> Command:
    """Put the small pictures of all windows on one sheet."""
    source = MediaInput(path=cells, formats=("rawvideo",), codecs=("rawvideo",))
    shape = {"video_size": (plan.sprite.width, plan.sprite.height), "pixel_format": "yuvj420p"}
    picture = read(source, limits, f="rawvideo", framerate="1", **shape)["v:0"]
    picture = picture.filter("setsar", 1)
    sheet = sprite_sheet(picture, plan.sprite, profile.sprite.quality, directory / SHEET_NAME)
    return compile_ffmpeg("sprite", [sheet], threads=1)


def remux_picture(source: MediaInput, stream_index: int, path: Path, limits: Limits) -> Command:
    """Put the video stream of a container without an index into one that can be sought in."""
    picture = read(source, limits, fflags="+genpts")[str(stream_index)]
    output = write([picture], path, c="copy", video_track_timescale="90000")
    return compile_ffmpeg("remux-source", [output], threads=1, progress=True)


def remuxed(source: MediaInput, path: Path) -> MediaInput:
    """What `remux_picture` wrote, as an input: its demuxer is known, its decoders are those of sources."""
    return MediaInput(path=path, formats=("mov",), codecs=source.codecs)


def is_notable(section: tuple[float, float], length_seconds: float = NOTABLE_SECONDS) -> bool:
    """Whether a black or frozen part is long enough to be told; parts across joints may miss a little."""
    return section[1] - section[0] >= length_seconds - EDGE_SECONDS


def _cells(picture: Any, window: Window, plan: Plan, path: Path) -> Any:
    frames = cell_frames(window, plan.sprite, plan.frame_rate)
    chosen = "+".join(f"eq(n,{frame})" for frame in frames) or "0"
    cells = sprite_cell(picture.filter("select", chosen), plan.sprite)
    return write([cells], path, f="rawvideo", fps_mode="passthrough")
