"""What every kind of media work has in common: its stages, its progress and what comes out of it."""

import resource
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from media.produce.catalogue import ProducedFile
from media.tools.output import ProgressSample
from media.tools.session import CommandRecord
from media.tools.warnings import SourceWarning


class Stage(StrEnum):
    """Steps of the media work, in order."""

    INSPECTING = "inspecting"
    ENCODING = "encoding"
    PACKAGING = "packaging"
    VERIFYING = "verifying"


STAGE_SPANS: Final = {
    Stage.INSPECTING: (0.0, 2.0),
    Stage.ENCODING: (2.0, 90.0),
    Stage.PACKAGING: (90.0, 95.0),
    Stage.VERIFYING: (95.0, 100.0),
}
"""Share of the whole media work, in percent, that each stage takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far the media work is.

    Attributes:
        stage: Current stage.
        percent: Share of the whole media work that is done, 0 to 100; never falls.
        fps: Frames encoded per second, while encoding.
        eta_seconds: Estimated time until the encoding is done.
    """

    stage: str
    percent: float
    fps: float | None = None
    eta_seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What one kind of work hands over: facts about the source for the video's record, and the outputs."""

    technical: dict[str, Any]
    files: list[ProducedFile]


@dataclass(frozen=True, slots=True, kw_only=True)
class Production:
    """Everything that came out.

    Attributes:
        technical: Facts about the source for the video's record.
        files: The outputs; the name of each file is what goes behind the job's key prefix.
        stage_seconds: Wall time of each stage.
        stage_cpu_seconds: Processor time of this process and its children in each stage.
        commands: Every ffmpeg and packager command that made a part of the result, in the order in which they
            ended. They run again as they are: paths are absolute, the source and `workdir` are arguments
            like any other (replace that prefix to write elsewhere), and the process fence is left out.
            Encoding video and sound overlap (sound is measured, then encoded), and so do package, remux,
            sample-poster and poster. Probes and checks are not among them.
        workdir: The directory that was passed in.
        warnings: What was odd about the source and did not keep it from being processed.
    """

    technical: dict[str, Any]
    files: list[ProducedFile]
    stage_seconds: dict[str, float]
    stage_cpu_seconds: dict[str, float]
    commands: list[CommandRecord] = field(default_factory=list)
    workdir: Path
    warnings: tuple[SourceWarning, ...] = ()


class Stages:
    """Announces each stage and measures how long it takes.

    Attributes:
        seconds: Wall time of each stage that has ended.
        cpu_seconds: Its processor time, of this process and of its children.
        report: Where progress goes.
    """

    def __init__(self, report: Callable[[Progress], None]) -> None:
        self.seconds: dict[str, float] = {}
        self.cpu_seconds: dict[str, float] = {}
        self.report = report

    @contextmanager
    def during(self, stage: Stage) -> Iterator[None]:
        """Announce a stage; note its wall time when it has ended well."""
        self.report(Progress(stage=stage, percent=STAGE_SPANS[stage][0]))
        started, used = time.monotonic(), _cpu_seconds()
        yield
        self.seconds[stage.value] = round(time.monotonic() - started, 3)
        self.cpu_seconds[stage.value] = round(_cpu_seconds() - used, 3)

    def by_time(self, total_seconds: float | None) -> Callable[[ProgressSample], None]:
        """Give a receiver of an encoder's position, for work whose length is `total_seconds` or unknown."""
        start, end = STAGE_SPANS[Stage.ENCODING]
        began = time.monotonic()

        def receive(sample: ProgressSample) -> None:
            share = min(1.0, sample.out_seconds / total_seconds) if total_seconds else 0.0
            elapsed = time.monotonic() - began
            self.report(
                Progress(
                    stage=Stage.ENCODING,
                    percent=round(start + (end - start) * share, 2),
                    fps=sample.fps,
                    eta_seconds=round(elapsed / share * (1 - share), 1) if share else None,
                )
            )

        return receive


def _cpu_seconds() -> float:
    """Processor time of this process and of all children that have ended."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)
