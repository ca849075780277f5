"""How a source is read from near a wanted time on, and what was decoded first. Pure."""

import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, Final

from media.tools.command import Command, MediaInput, compile_ffmpeg, discard, read
from media.tools.limits import Limits

_PREROLL_SECONDS: Final = 2
"""How long before the wanted time reading begins: containers seek by decoding order, which runs ahead."""
_FIRST: Final = re.compile(
    r"^\[a?showinfo@first(\d+) @ [^\]]*\] \[info\] n: *0 .*?pts_time:(-?[\d.]+)", re.MULTILINE
)


def seek_position(start_microseconds: int, wanted_seconds: Fraction) -> int | None:
    """The time in the file, in microseconds, from which on to read; None for its beginning.

    Args:
        start_microseconds: Time in the file that counts as zero.
        wanted_seconds: What must be decoded at the latest, counted from there.
    """
    wanted = round(wanted_seconds * 1_000_000) - _PREROLL_SECONDS * 1_000_000
    return wanted + start_microseconds if wanted > 0 else None


def seek_options(start_microseconds: int, position_microseconds: int | None) -> dict[str, Any]:
    """Keep the file's own times less its start, and begin at the keyframe before a position."""
    shift = {"itsoffset": _seconds(-start_microseconds), "copyts": None}
    if position_microseconds is None:
        return shift
    return shift | {"seek_timestamp": "1", "noaccurate_seek": None, "ss": _seconds(position_microseconds)}


def show_first(stream: Any, index: int, *, is_sound: bool = False) -> Any:
    """Let the log tell when the first frame or sample of a stream that was opened is shown."""
    if is_sound:
        return stream.filter("atrim", end_sample=1).filter(f"ashowinfo@first{index}")
    return stream.filter("trim", end_frame=1).filter(f"showinfo@first{index}", checksum=0)


def find_first(
    source: MediaInput, streams: Sequence[int], options: Mapping[str, Any], limits: Limits, *, is_sound: bool
) -> Command:
    """Decode no more than the first frame or sample of some streams, as they are opened with `options`."""
    opened = read(source, limits, threads="1", **options)
    shown = [show_first(opened[str(index)], index, is_sound=is_sound) for index in streams]
    return compile_ffmpeg("find-first", [discard(shown)], threads=1, talkative=True)


def first_seconds(notes: str) -> dict[int, float]:
    """When each stream of `show_first` begins, by its index, as the log tells."""
    return {int(index): float(seconds) for index, seconds in _FIRST.findall(notes)}


def _seconds(microseconds: int) -> str:
    sign, rest = ("-" if microseconds < 0 else ""), abs(microseconds)
    return f"{sign}{rest // 1_000_000}.{rest % 1_000_000:06d}"
