"""Command lines that compare a finished rendition with what its encoder was given. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import ffmpeg

from media.plan.plan import Plan
from media.plan.quality_samples import Run
from media.plan.rungs import PlannedRung
from media.tools.command import Command, MediaInput, Tool, compile_ffmpeg, discard, own_output, read, write
from media.tools.limits import Limits

_VMAF_EVERY_FRAMES: Final = 2
"""Frames of one run differ little in VMAF, places do: every second frame costs half and says the same."""


@dataclass(frozen=True, slots=True)
class Reference:
    """The kept frames.

    Attributes:
        size: Width and height of each, in pixels.
    """

    path: Path
    size: tuple[int, int]


def write_reference(picture: Any, runs: Sequence[Run], path: Path) -> Any:
    """Keep the frames of `runs` as bare pictures; they ride along the encode, so they are what it saw."""
    wanted = "+".join(f"between(n,{run.first},{run.first + run.frames - 1})" for run in runs)
    kept = picture.filter("select", wanted)
    return write([kept], path, f="rawvideo", fps_mode="passthrough")


def list_filters() -> Command:
    """Ask the scorer what it can measure."""
    return Command(step="list-filters", tool=Tool.SCORER, arguments=("-hide_banner", "-filters"))


def compare(
    rendition: Path,
    rung: PlannedRung,
    runs: Sequence[Run],
    reference: Reference,
    *,
    plan: Plan,
    vmaf: bool,
    limits: Limits,
) -> Command:
    """Measure the likeness of the frames of `runs`; the reference is brought to the rendition's size.

    Each run is read from its keyframe on. The seek aims at the run's last frame, or ffmpeg would decode the
    whole group before the keyframe; times stay those of the file, so wherever the seek ends in front of the
    run, the frames are the right ones.
    """
    half = 1 / (2 * plan.frame_rate)
    parts = []
    for run in runs:
        start, end = (Fraction(at) / plan.frame_rate - half for at in (run.first, run.first + run.frames))
        seek = {"copyts": None, "noaccurate_seek": None, "ss": f"{float(end - half):.6f}"}
        # Where the trim ends, old versions would go on decoding the rest of the file.
        seek["t"] = f"{float(plan.gop_seconds + run.frames / plan.frame_rate) + 1:.6f}"
        opened = _untagged(read(own_output(rendition), limits, **seek, threads="1")["v:0"])
        parts.append(opened.filter("trim", start=f"{float(start):.6f}", end=f"{float(end):.6f}"))
    made = _counted(ffmpeg.concat(*parts) if len(parts) > 1 else parts[0])
    kept = MediaInput(path=reference.path, formats=("rawvideo",), codecs=("rawvideo",))
    form = {"f": "rawvideo", "pixel_format": "yuv420p", "video_size": reference.size}
    given = _untagged(read(kept, limits, **form, threads="1")["v:0"])
    given = given.filter("trim", end_frame=sum(run.frames for run in runs))
    given = _counted(given.filter("scale", rung.width, rung.height, flags="bicubic"))
    metrics = {"ssim": {}, **({"libvmaf": {"n_subsample": _VMAF_EVERY_FRAMES}} if vmaf else {})}
    made_copies, given_copies = (side.filter_multi_output("split", len(metrics)) for side in (made, given))
    results = [
        ffmpeg.filter([made_copies[position], given_copies[position]], metric, **options)
        for position, (metric, options) in enumerate(metrics.items())
    ]
    command = compile_ffmpeg(f"compare {rendition.name}", [discard(results)], threads=1, talkative=True)
    return Command(step=command.step, tool=Tool.SCORER, arguments=command.arguments, talkative=True)


def _untagged(picture: Any) -> Any:
    """Call the colours the same on both sides; bare pictures carry no such tag, and would be converted."""
    return picture.filter(
        "setparams", range="tv", colorspace="bt709", color_primaries="bt709", color_trc="bt709"
    )


def _counted(picture: Any) -> Any:
    """Number the frames, so that both sides are paired by their order alone."""
    return picture.filter("settb", "1/25").filter("setpts", "N").filter("setsar", 1)
