"""How every command line for ffmpeg and ffprobe is written. Pure: nothing is started here.

Every input, ours included, is preceded by the whole set of hardening options: ffmpeg applies them per input,
and an input without them would open any protocol, container and codec that its content names.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import ffmpeg

from media.tools.limits import MEBIBYTE, Limits


class Tool(StrEnum):
    """Programs that the runner may start.

    The scorer is the ffmpeg that measures the most; the last decodes pictures that ffmpeg cannot.
    """

    FFMPEG = "ffmpeg"
    FFPROBE = "ffprobe"
    SCORER = "scorer"
    PACKAGER = "packager"
    HEIF = "heif-convert"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A program with its arguments, and the step's name for logs and records.

    Attributes:
        talkative: Whether its log also holds measurements, each line marked with its level.
        max_answer_bytes: Most that it may write to standard output, unless that is progress.
        also_reads: Files that it reads beside the inputs in its arguments.
    """

    step: str
    tool: Tool
    arguments: tuple[str, ...]
    talkative: bool = False
    max_answer_bytes: int = 64 * MEBIBYTE
    also_reads: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaInput:
    """A local file together with the only demuxers and decoders that may touch it.

    Attributes:
        demuxer: The one to use, where ffmpeg must not choose by the file's name or content.
        opens: Decoders that ffprobe may open for tracks that are not used; no packet ever reaches them.
        begins_at_seconds: Time of its first packet, where that is not to count as zero.
    """

    path: Path
    formats: tuple[str, ...]
    codecs: tuple[str, ...]
    demuxer: str | None = None
    opens: tuple[str, ...] = ()
    begins_at_seconds: float = 0.0


_TRANSPORT_STREAM: Final = "mpegts"
JUMPING: Final = frozenset({_TRANSPORT_STREAM, "mpeg", "ogg"})
"""Demuxers in whose times ffmpeg closes gaps, which broadcasts and joined recordings have."""
_LEAST_OFFSET_SECONDS: Final = 1e-6
"""Of these, ffmpeg lets each command begin where the streams that it uses begin, so that sound and picture
that are read apart would get out of step; not so where any offset is asked for. No clock ticks this fast."""
_OPENED_KINDS: Final = ("v", "a", "s", "d")
_FFMPEG: Final = ("-nostdin", "-hide_banner", "-nostats", "-loglevel")
_QUIET: Final = "error"
_PROGRESS: Final = ("-progress", "pipe:1", "-stats_period", "0.5")
_MAX_DESCRIPTION_BYTES: Final = 4 * MEBIBYTE
_CLEAN: Final[Mapping[str, Any]] = {"map_metadata": "-1", "map_chapters": "-1", "sn": None, "dn": None}
"""No subtitles, data streams, chapters or metadata of the source reach an output."""


def media_path(path: Path) -> str:
    """Name a file so that ffmpeg can take it neither for an option nor for another protocol."""
    return f"file:{path.absolute()}"


def hardening(source: MediaInput, limits: Limits) -> dict[str, str]:
    """The options that must stand before every `-i`."""
    chosen = {"f": source.demuxer} if source.demuxer else {}
    # Broadcasts send the same tracks under other numbers from time to time.
    kept = {"merge_pmt_versions": "1"} if _TRANSPORT_STREAM in source.formats else {}
    return {
        **chosen,
        **kept,
        "protocol_whitelist": "file",
        "format_whitelist": ",".join(source.formats),
        "codec_whitelist": ",".join(source.codecs),
        "max_pixels": str(limits.max_pixels),
        "max_streams": str(limits.max_streams),
        "probesize": "10000000",
        "analyzeduration": "10000000",
    }


def own_output(path: Path) -> MediaInput:
    """An MP4 that this package wrote itself, as an input; it is hardened like any other."""
    return MediaInput(path=path, formats=("mov",), codecs=("h264", "hevc", "libdav1d", "aac"))


def version(tool: Tool) -> Command:
    """Tell the tool's version in the first line."""
    return Command(step="version", tool=tool, arguments=("-hide_banner", "-version"))


def probe(source: MediaInput, limits: Limits, *, step: str = "probe") -> Command:
    """List the container and its streams as JSON; usual sources need 10 KB, the rest is their own texts."""
    wanted = _ffprobe(step, source, limits, "-show_format", "-show_programs", "-show_streams")
    return replace(wanted, max_answer_bytes=_MAX_DESCRIPTION_BYTES)


def probe_frames(
    source: MediaInput, limits: Limits, *, step: str, everything: bool, stream: int | str = "v:0"
) -> Command:
    """List the streams, count packets, and decode every keyframe or frame of the video, all in one pass."""
    return _ffprobe(
        step,
        source,
        limits,
        *("-select_streams", str(stream), "-count_packets"),
        *(() if everything else ("-skip_frame", "nokey")),
        *("-show_entries", "format=duration,size,bit_rate:stream:frame=best_effort_timestamp_time,key_frame"),
    )


def probe_sample(source: MediaInput, limits: Limits, *, step: str, seconds: float) -> Command:
    """List the streams and fully decode the first `seconds` of each."""
    decode = ("-count_frames", "-read_intervals", f"%+{seconds:g}")
    return _ffprobe(step, source, limits, "-show_format", "-show_streams", *decode)


def probe_packets(source: MediaInput, limits: Limits, stream: int | None = None) -> Command:
    """List when every packet of every stream, or of one, is shown, one a line; nothing is decoded."""
    times = "packet=stream_index,pts_time,dts_time,duration_time,flags"
    chosen = () if stream is None else ("-select_streams", str(stream))
    return _ffprobe("probe-packets", source, limits, "-of", "csv=p=0", *chosen, "-show_entries", times)


def probe_first_frames(source: MediaInput, limits: Limits, *, packets: int) -> Command:
    """List the streams of video and decode the first `packets` of them."""
    wanted = _ffprobe(
        "probe-frames",
        source,
        limits,
        *("-select_streams", "v", "-read_intervals", f"%+#{packets}", "-show_streams"),
        *(
            "-show_entries",
            "frame=stream_index,interlaced_frame,top_field_first:frame_side_data=side_data_type",
        ),
    )
    return replace(wanted, max_answer_bytes=_MAX_DESCRIPTION_BYTES)


def _ffprobe(step: str, source: MediaInput, limits: Limits, *wanted: str) -> Command:
    guard = [part for key, value in hardening(source, limits).items() for part in (f"-{key}", value)]
    if source.opens:
        # With a kind of stream the list counts only for opening; what may probe packets stays as above.
        opened = ",".join((*source.codecs, *source.opens))
        guard += [part for kind in _OPENED_KINDS for part in (f"-codec_whitelist:{kind}", opened)]
        guard += ["-strict", "experimental"]
    return Command(
        step=step,
        tool=Tool.FFPROBE,
        arguments=(
            *("-hide_banner", "-loglevel", "error", "-print_format", "json=compact=1"),
            *wanted,
            *guard,
            *("-i", media_path(source.path)),
        ),
    )


def read(source: MediaInput, limits: Limits, **options: Any) -> Any:
    """Open `source` as an ffmpeg-python input node with the hardening in front."""
    least = 0.0 if JUMPING.isdisjoint(source.formats) else _LEAST_OFFSET_SECONDS
    begins = source.begins_at_seconds or least
    times = {"itsoffset": f"{begins:.6f}"} if begins else {}
    return ffmpeg.input(media_path(source.path), **hardening(source, limits), **times, **options)


def write(streams: Sequence[Any], path: Path, **options: Any) -> Any:
    """Write streams to a file as an ffmpeg-python output node, without anything private from the source."""
    return ffmpeg.output(*streams, media_path(path), **{**_CLEAN, **options})


def write_text(stream: Any, path: Path) -> Any:
    """Write a stream of text subtitles as WebVTT, without anything private from the source."""
    kept = {key: value for key, value in _CLEAN.items() if key != "sn"}
    return ffmpeg.output(stream, media_path(path), **kept, **{"c:s": "webvtt", "f": "webvtt"})


def discard(streams: Sequence[Any], **options: Any) -> Any:
    """Run streams to their end for what their filters measure, and keep nothing."""
    return ffmpeg.output(*streams, "-", f="null", **{**_CLEAN, **options})


def compile_ffmpeg(
    step: str, outputs: Sequence[Any], *, threads: int, progress: bool = False, talkative: bool = False
) -> Command:
    """Turn a graph of nodes into the final command line.

    Args:
        step: Name for logs and records.
        outputs: Output nodes that share their inputs.
        threads: Threads of the filter graph.
        progress: Whether the tool reports its progress on standard output.
        talkative: Whether filters and encoders write what they measured to the log.
    """
    node = ffmpeg.merge_outputs(*outputs) if len(outputs) > 1 else outputs[0]
    level = "level+info" if talkative else _QUIET
    leading = (*_FFMPEG, level, *(_PROGRESS if progress else ()), "-filter_complex_threads", str(threads))
    compiled: list[str] = ffmpeg.compile(node, cmd=["ffmpeg", *leading], overwrite_output=True)
    return Command(step=step, tool=Tool.FFMPEG, arguments=tuple(compiled[1:]), talkative=talkative)


def tolerant(command: Command) -> Command:
    """Let ffmpeg go on however little of its input can be decoded, and name each place that cannot."""
    if command.tool is not Tool.FFMPEG:
        return command
    arguments = ["repeat+warning" if part == _QUIET else part for part in command.arguments]
    return replace(command, arguments=("-max_error_rate", "1", *arguments))
