"""Whether one task encodes a source or many do in windows: an estimate, and a decision with reasons. Pure.

The costs are measured ones (docs/adr/0015-long-sources-in-windows.md says where), on ordinary footage; they
decide between orders of magnitude, not between percents.
"""

import math
from dataclasses import dataclass
from typing import Any, Final, Literal

from media.containers.formats import PROGRAM_STREAM, SEEKABLE, TRANSPORT_STREAM
from media.inspect.probe import Source
from media.plan.plan import Plan
from media.plan.windows import Window, cut_windows
from media.tools.errors import ErrorCode, LimitExceededError

ChunkingMode = Literal["auto", "always", "never"]

SAFETY_FACTOR: Final = 1.5
"""An estimate must fit its time limit this many times."""
REMUXED_CONTAINERS: Final = (TRANSPORT_STREAM, PROGRAM_STREAM)
"""Have no index, so their picture is put into another container before windows are read from it."""
_CONTAINERS: Final = (*SEEKABLE, *REMUXED_CONTAINERS)
_FARGATE_FACTOR: Final = 1.5
"""A Fargate vCPU against the core on which the costs were measured."""
_TASK_START_SECONDS: Final = 45.0
"""Assumed: what Fargate takes to place a task, pull the image and start it cannot be measured without AWS."""
_TRANSFER_BYTES_PER_SECOND: Final = 100_000_000
_DECODE_CPU_SECONDS_PER_MEGAPIXEL: Final = 0.011
_FINISH_SHARE: Final = 0.04
"""Packaging and checks against the encode."""
_SOUND_CPU_SECONDS_PER_SECOND: Final = 0.045
"""Measuring and encoding a track; all tracks share one process, which uses one processor."""
_SOUND_FINISH_SHARE: Final = 0.25
"""Every finished track is decoded whole and measured."""
_WORTHWHILE_SHARE: Final = 0.8
"""Windows must bring the time below this share of that of one task."""
_ENCODE_CPU_SECONDS_PER_MEGAPIXEL: Final = {
    "h264": {
        "ultrafast": 0.013,
        "superfast": 0.019,
        "veryfast": 0.028,
        "faster": 0.045,
        "fast": 0.058,
        "medium": 0.067,
        "slow": 0.101,
    },
    "hevc": {
        "ultrafast": 0.043,
        "superfast": 0.063,
        "veryfast": 0.094,
        "faster": 0.1,
        "fast": 0.118,
        "medium": 0.134,
        "slow": 0.286,
    },
    "av1": {
        "13": 0.027,
        "12": 0.027,
        "11": 0.041,
        "10": 0.06,
        "9": 0.096,
        "8": 0.141,
        "7": 0.18,
        "6": 0.266,
        "5": 0.7,
        "4": 0.96,
    },
}
"""Every preset that a profile may name, by codec; all are ratios to x264 veryfast."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkingRules:
    """What the operator decided.

    Attributes:
        mode: `auto` decides by the estimate.
        window_seconds: Wanted length of a window.
        concurrency: Most tasks that encode side by side.
        task_seconds: Longest time of one task.
        workflow_seconds: Longest time of a whole job.
    """

    mode: ChunkingMode
    window_seconds: float
    concurrency: int
    task_seconds: float
    workflow_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What a job will take.

    Attributes:
        vcpu_seconds: Processor time of the whole media work.
        single_seconds: Wall time when one task does everything.
        window_seconds: Wall time of one window in a task of its own.
        sound_seconds: Wall time of all sound, in one task beside the windows.
        chunked_seconds: Wall time in windows, with all task starts and the way over the shared files.
    """

    vcpu_seconds: float
    single_seconds: float
    window_seconds: float
    sound_seconds: float
    chunked_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """How a job is done, and why.

    Attributes:
        windows: All windows; empty when the source cannot be cut.
        estimate: None when the length is unknown.
    """

    is_chunked: bool
    windows: tuple[Window, ...]
    estimate: Estimate | None
    reasons: tuple[str, ...]

    def facts(self) -> dict[str, Any]:
        """The decision for the job's history."""
        told = self.estimate
        return {
            "mode": "chunked" if self.is_chunked else "single",
            "reasons": list(self.reasons),
            "windows": len(self.windows),
            "estimate": None
            if told is None
            else {
                "vcpu_seconds": round(told.vcpu_seconds),
                "single_seconds": round(told.single_seconds),
                "window_seconds": round(told.window_seconds),
                "sound_seconds": round(told.sound_seconds),
                "chunked_seconds": round(told.chunked_seconds),
            },
        }


def decide(source: Source, plan: Plan, rules: ChunkingRules, preset: str, vcpus: int) -> Decision:
    """Choose between one task and windows.

    Args:
        source: The source.
        plan: What to make of it.
        rules: What the operator decided.
        preset: Effort of the encoder, as a profile names it; a number as text.
        vcpus: Processors of a task.

    Raises:
        LimitExceededError: Neither way fits the time limits.
    """
    if plan.expected_seconds is None:
        return _single((), None, "the file does not state its length")
    told = estimate(source, plan, rules, preset, vcpus)
    windows = cut_windows(plan, rules.window_seconds)
    obstacle = _obstacle(source, windows, rules)
    if obstacle is not None:
        return _checked_single(windows, told, rules, obstacle)
    if rules.mode == "always":
        return Decision(is_chunked=True, windows=windows, estimate=told, reasons=("windows are always used",))
    return _by_estimate(windows, told, rules)


def _obstacle(source: Source, windows: tuple[Window, ...], rules: ChunkingRules) -> str | None:
    if source.container not in _CONTAINERS:
        return f"{source.container.name} cannot be read from the middle"
    if rules.mode == "never":
        return "windows are turned off"
    if rules.mode == "auto" and len(windows) < 2:
        return "the video is not longer than a window"
    return None


def _by_estimate(windows: tuple[Window, ...], told: Estimate, rules: ChunkingRules) -> Decision:
    fits = told.single_seconds * SAFETY_FACTOR <= rules.task_seconds
    gain = f"windows take about {told.chunked_seconds:.0f} s, one task about {told.single_seconds:.0f} s"
    if fits and told.chunked_seconds > told.single_seconds * _WORTHWHILE_SHARE:
        return _single(windows, told, f"{gain}: more task starts would not pay")
    if not _chunks_fit(told, rules):
        return _checked_single(windows, told, rules, f"{gain}, and windows do not fit the time limit")
    why = gain if fits else f"{gain}, which does not fit {rules.task_seconds:.0f} s {SAFETY_FACTOR} times"
    return Decision(is_chunked=True, windows=windows, estimate=told, reasons=(why,))


def estimate(source: Source, plan: Plan, rules: ChunkingRules, preset: str, vcpus: int) -> Estimate:
    """Estimate the time of both ways; a source of unknown length counts as empty."""
    seconds = plan.expected_seconds or 0.0
    megapixels = seconds * float(plan.frame_rate) / 1e6
    output = sum(rung.width * rung.height for rung in plan.rungs)
    decoding = source.video.width * source.video.height * _DECODE_CPU_SECONDS_PER_MEGAPIXEL
    encoding = output * _ENCODE_CPU_SECONDS_PER_MEGAPIXEL[plan.codec][preset]
    encode_cpu = megapixels * (decoding + encoding) * _FARGATE_FACTOR
    speed = vcpus * (1 - 0.01 * vcpus)
    transfer = source.size_bytes / _TRANSFER_BYTES_PER_SECOND
    sound = seconds * len(plan.audios) * _SOUND_CPU_SECONDS_PER_SECOND * _FARGATE_FACTOR
    finish = encode_cpu * _FINISH_SHARE / speed + sound * _SOUND_FINISH_SHARE
    count = len(cut_windows(plan, rules.window_seconds))
    window = encode_cpu / count / speed
    rounds = math.ceil(count / rules.concurrency)
    encoding = max(rounds * (_TASK_START_SECONDS + window), _TASK_START_SECONDS + sound)
    return Estimate(
        vcpu_seconds=encode_cpu * (1 + _FINISH_SHARE) + sound * (1 + _SOUND_FINISH_SHARE),
        single_seconds=transfer + max((encode_cpu + sound) / speed, sound) + finish,
        window_seconds=window,
        sound_seconds=sound,
        chunked_seconds=2 * transfer + encoding + _TASK_START_SECONDS + finish,
    )


def _chunks_fit(told: Estimate, rules: ChunkingRules) -> bool:
    return (
        max(told.window_seconds, told.sound_seconds) * SAFETY_FACTOR <= rules.task_seconds
        and told.chunked_seconds * SAFETY_FACTOR <= rules.workflow_seconds
    )


def _checked_single(
    windows: tuple[Window, ...], told: Estimate, rules: ChunkingRules, reason: str
) -> Decision:
    if told.single_seconds * SAFETY_FACTOR <= rules.task_seconds:
        return _single(windows, told, reason)
    raise LimitExceededError(
        ErrorCode.LIMIT_EXCEEDED,
        f"Processing would take about {told.single_seconds:.0f} seconds in one task and "
        f"{told.chunked_seconds:.0f} in windows; with a reserve of {SAFETY_FACTOR} times, "
        f"{rules.task_seconds:.0f} and {rules.workflow_seconds:.0f} are allowed ({reason}).",
        "Upload a shorter or smaller video, or ask the operator for larger tasks, more tasks at once or more "
        "time.",
    )


def _single(windows: tuple[Window, ...], told: Estimate | None, reason: str) -> Decision:
    return Decision(is_chunked=False, windows=windows, estimate=told, reasons=(reason,))
