"""The three ways to make the same outputs that the media benchmark compares."""

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from bench.measure import Cost, run_measured
from media.plan.rungs import PlannedRung, choose_rungs
from profiles import LadderProfile, VideoSettings, get_profile

_FFMPEG = ("ffmpeg", "-nostdin", "-v", "error", "-y")
_SPRITE = "fps=1/2:round=up,scale=160:90:flags=area,tile=10x10"
_GOP_FRAMES = 60


@dataclass(frozen=True, slots=True)
class Run:
    """One measured run.

    Attributes:
        stage_seconds: Wall time of each stage, where the contender has stages.
        stage_cpu_seconds: Processor time of each stage.
        likeness: SSIM that the encoder told, by rendition.
    """

    cost: Cost
    stage_seconds: dict[str, float] = field(default_factory=dict)
    stage_cpu_seconds: dict[str, float] = field(default_factory=dict)
    likeness: dict[str, float] = field(default_factory=dict)


def naive(source: Path, directory: Path) -> Run:
    """One process for each output, one after another, as a shell script would do it."""
    commands = [
        [*_FFMPEG, "-i", str(source), "-an", "-vf", _scale(rung), *_x264(rung), str(directory / rung.name)]
        for rung in _rungs()
    ]
    commands += [
        [*_FFMPEG, "-i", str(source), "-vn", *_AAC, str(directory / "audio.mp4")],
        [*_FFMPEG, "-i", str(source), "-an", "-vf", _SPRITE, "-frames:v", "1", str(directory / "sprite.jpg")],
        [*_FFMPEG, "-ss", "1", "-i", str(source), "-frames:v", "1", str(directory / "poster.jpg")],
    ]
    total = Cost(0.0, 0.0, 0.0)
    for argv in commands:
        total = total.plus(run_measured(argv, directory / "log"))
    return Run(total)


def bare(source: Path, directory: Path) -> Run:
    """One process that decodes once and makes every output, with no check before or after."""
    rungs = _rungs()
    copies = "".join(f"[v{position}]" for position in range(len(rungs) + 2))
    graph = [f"[0:v]split={len(rungs) + 2}{copies}"]
    graph += [f"[v{position}]{_scale(rung)}[o{position}]" for position, rung in enumerate(rungs)]
    graph += [f"[v{len(rungs)}]{_SPRITE}[sprite]", f"[v{len(rungs) + 1}]select='gte(t,1)'[poster]"]
    outputs: list[str] = []
    for position, rung in enumerate(rungs):
        outputs += ["-map", f"[o{position}]", *_x264(rung), str(directory / rung.name)]
    outputs += ["-map", "0:a", *_AAC, str(directory / "audio.mp4")]
    for name in ("sprite", "poster"):
        outputs += ["-map", f"[{name}]", "-frames:v", "1", str(directory / f"{name}.jpg")]
    argv = [*_FFMPEG, "-i", str(source), "-filter_complex", ";".join(graph), *outputs]
    return Run(run_measured(argv, directory / "log"))


def processor(source: Path, directory: Path) -> Run:
    """Our whole media work: hardened, measured, packaged and verified."""
    return _ours("bench.produce_once", source, directory)


def chunked(source: Path, directory: Path) -> Run:
    """The same work in windows with two workers, over shared files as in a chunked job."""
    return _ours("bench.chunked_once", source, directory)


def _ours(module: str, source: Path, directory: Path) -> Run:
    (directory / "work").mkdir()
    stages = directory / "stages.json"
    argv = [sys.executable, "-m", module, str(source), str(directory / "work"), str(stages)]
    cost = run_measured(argv, directory / "log")
    took = json.loads(stages.read_text(encoding="utf-8"))
    return Run(cost, took["wall"], took["cpu"], took["likeness"])


def _settings() -> VideoSettings:
    profile = get_profile("web")
    if not isinstance(profile, LadderProfile):
        message = f"the profile {profile.name} makes no ladder to compare with"
        raise TypeError(message)
    return profile.video


def _rungs() -> Sequence[PlannedRung]:
    return choose_rungs((1920, 1080), Fraction(30), _settings())


def _scale(rung: PlannedRung) -> str:
    return f"scale={rung.width}:{rung.height}:flags=bicubic,setsar=1,format=yuv420p"


def _x264(rung: PlannedRung) -> tuple[str, ...]:
    settings = _settings()
    buffer_kbits = round(rung.max_bitrate_kbps * settings.buffer_seconds)
    return (
        *("-c:v", "libx264", "-preset", str(settings.preset), "-crf", f"{settings.crf:g}"),
        *("-maxrate", f"{rung.max_bitrate_kbps}k", "-bufsize", f"{buffer_kbits}k", "-profile:v", "high"),
        *("-g", str(_GOP_FRAMES), "-keyint_min", str(_GOP_FRAMES), "-sc_threshold", "0", "-flags", "+cgop"),
        *("-threads", str(round(len(os.sched_getaffinity(0)) * 1.5)), "-f", "mp4"),
    )


_AAC = ("-c:a", "aac", "-b:a", "128k", "-ac", "2", "-ar", "48000")
