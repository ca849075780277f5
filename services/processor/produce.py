"""The whole of the media work on one source: inspect, encode, package, verify. Local files only."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ledger.states import Stage
from processor.catalogue import ProducedFile, catalogue, keep_only
from processor.encode import encode
from processor.limits import Budget, Limits
from processor.output import ProgressSample
from processor.package import package
from processor.plan import Plan, make_plan
from processor.probe import Source, probe, source_media
from processor.session import CommandRecord, Session
from processor.sniff import sniff
from processor.verify import verify
from profiles import Profile

_STAGE_SPANS = {
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
class Production:
    """Everything that came out.

    Attributes:
        technical: Facts about the source for the video's record.
        files: The outputs; the name of each file is what goes behind the job's key prefix.
        stage_seconds: Wall time of each stage.
        commands: Every ffmpeg and packager command that made a part of the result, in the order in which they
            ended. They run again as they are: paths are absolute, the source and `workdir` are arguments
            like any other (replace that prefix to write elsewhere), and the process fence is left out.
            Encoding video and sound overlap (sound is measured, then encoded), and so do package, remux,
            sample-poster and poster. Probes and checks are not among them.
        workdir: The directory that was passed in.
    """

    technical: dict[str, Any]
    files: list[ProducedFile]
    stage_seconds: dict[str, float]
    commands: list[CommandRecord] = field(default_factory=list)
    workdir: Path


def produce(
    source: Path,
    *,
    profile: Profile,
    workdir: Path,
    limits: Limits,
    report: Callable[[Progress], None],
    threads: int | None = None,
) -> Production:
    """Make all outputs of `profile` from a local source file.

    Args:
        source: The downloaded file, under a name that no user chose.
        profile: What to make.
        workdir: Empty scratch directory, which the caller removes; the outputs end up in its `output`.
        limits: Ceilings for the source and the work.
        report: Receives progress, at most a few times a second, also from other threads.
        threads: Processor cores to use; all that this process may use by default.

    Raises:
        InvalidInputError: The source cannot be used.
        LimitExceededError: The source, or the work it needs, is above the limits.
        ProcessingFailedError: A tool failed, or an output did not pass its checks.
        TransientError: A tool was killed from outside, or the disk is full.
        InterruptedWorkError: `processor.runner.terminate_all` was called.
    """
    session = Session(
        workdir=workdir.absolute(),
        limits=limits,
        budget=Budget(limits.work_seconds),
        threads=threads or len(os.sched_getaffinity(0)),
    )
    return _work(session, source, profile, report)


def _work(session: Session, source: Path, profile: Profile, report: Callable[[Progress], None]) -> Production:
    stages = _Stages(report)
    with stages.during(Stage.INSPECTING):
        inspected = inspect_source(session, source)
        plan = make_plan(inspected, profile)
    with stages.during(Stage.ENCODING):
        encoded = encode(session, inspected, plan, profile, _encoding_progress(inspected, plan, report))
    with stages.during(Stage.PACKAGING):
        packaged = package(session, encoded, plan, profile)
    with stages.during(Stage.VERIFYING):
        checked = verify(session, packaged, plan, encoded, profile.verification)
        files = catalogue(packaged, plan, encoded, checked, profile.kind)
        keep_only(files, packaged)
        if encoded.reference is not None:
            encoded.reference.unlink()
    report(Progress(stage=Stage.VERIFYING, percent=100.0))
    return Production(
        technical={**inspected.technical(), "picture": encoded.picture.technical()},
        files=files,
        stage_seconds=stages.seconds,
        commands=session.records,
        workdir=session.workdir,
    )


class _Stages:
    """Announces each stage and measures how long it takes."""

    def __init__(self, report: Callable[[Progress], None]) -> None:
        self.seconds: dict[str, float] = {}
        self._report = report

    @contextmanager
    def during(self, stage: Stage) -> Iterator[None]:
        self._report(Progress(stage=stage, percent=_STAGE_SPANS[stage][0]))
        started = time.monotonic()
        yield
        self.seconds[stage.value] = round(time.monotonic() - started, 3)


def inspect_source(session: Session, path: Path) -> Source:
    """Sniff and probe a source; everything that can be refused early is refused here."""
    container = sniff(path, session.limits)
    return probe(session, source_media(path, container), container)


def _encoding_progress(
    source: Source, plan: Plan, report: Callable[[Progress], None]
) -> Callable[[ProgressSample], None]:
    """Translate the encoder's position into a share of the whole work and a remaining time."""
    start, end = _STAGE_SPANS[Stage.ENCODING]
    declared = source.video.duration_seconds or source.duration_seconds
    total_frames = declared * float(plan.frame_rate) if declared else None

    def on_sample(sample: ProgressSample) -> None:
        share = min(1.0, sample.frames / total_frames) if total_frames else 0.0
        left = max(0.0, total_frames - sample.frames) if total_frames else None
        eta = left / sample.fps if left is not None and sample.fps else None
        report(
            Progress(
                stage=Stage.ENCODING,
                percent=round(start + (end - start) * share, 2),
                fps=sample.fps,
                eta_seconds=round(eta, 1) if eta is not None else None,
            )
        )

    return on_sample
