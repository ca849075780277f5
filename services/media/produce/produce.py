"""The whole of the media work on one source: inspect, encode, package, verify. Local files only."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from media.encode.encode import Encoded, encode
from media.inspect.inspection import inspect_source
from media.inspect.packets import MeasuredFile
from media.inspect.probe import Source
from media.package.package import package
from media.pictures.watermark import inspect_watermark
from media.plan.captions import captions_left_out
from media.plan.lengths import find_lengths
from media.plan.overrides import NO_OVERRIDES, Overrides
from media.plan.plan import Plan, make_plan
from media.plan.rungs import unmeasured
from media.plan.seeking import reach_trim
from media.plan.task_size import TaskSize, fitting_threads
from media.plan.tracks import choose_audios, left_out
from media.produce.audio import make_audio
from media.produce.catalogue import catalogue, keep_only
from media.produce.image import make_image
from media.produce.passthrough import make_passthrough
from media.produce.production import STAGE_SPANS, Made, Production, Progress, Stage, Stages
from media.produce.thumbnails import make_thumbnails
from media.tools.limits import Budget, Limits
from media.tools.output import ProgressSample
from media.tools.session import Session
from media.verify.verify import verify
from profiles import (
    AudioProfile,
    ImageProfile,
    LadderProfile,
    PassthroughProfile,
    Profile,
    ThumbnailsProfile,
)


def produce(
    source: Path,
    *,
    profile: Profile,
    workdir: Path,
    limits: Limits,
    report: Callable[[Progress], None],
    size: TaskSize,
    overrides: Overrides = NO_OVERRIDES,
) -> Production:
    """Make all outputs of `profile` from a local source file.

    Args:
        source: The downloaded file, under a name that no user chose.
        profile: What to make.
        workdir: Empty scratch directory, which the caller removes; the outputs end up in its `output`.
        limits: Ceilings for the source and the work.
        report: Receives progress, at most a few times a second, also from other threads.
        size: What the work may use.
        overrides: What this job asks for beyond the profile; a profile honours those that it can.

    Raises:
        InvalidInputError: The source cannot be used.
        LimitExceededError: The source, or the work it needs, is above the limits.
        ProcessingFailedError: A tool failed, or an output did not pass its checks.
        TransientError: A tool was killed from outside, or the disk is full.
        InterruptedWorkError: `media.tools.runner.terminate_all` was called.
    """
    keeps_damage, stages = overrides.keeps_damage(profile), Stages(report)
    session = _open(workdir, limits, size, keeps_damage=keeps_damage)
    return _production(session, stages, _make(session, source, profile, stages, overrides))


def begin(
    source: Path | MeasuredFile,
    *,
    profile: LadderProfile,
    workdir: Path,
    limits: Limits,
    report: Callable[[Progress], None],
    size: TaskSize,
    overrides: Overrides = NO_OVERRIDES,
) -> "Work":
    """Inspect a source and plan its ladder; arguments and errors are those of `produce`."""
    session = _open(workdir, limits, size, keeps_damage=overrides.keeps_damage(profile))
    return _begin(session, source, profile, Stages(report), overrides)


def finish(work: "Work", encoder: "Encoder | None" = None) -> Production:
    """Make and check all outputs of what was planned.

    Args:
        work: What `begin` gave.
        encoder: Makes the renditions and the sound; by default by encoding them from the source.

    Raises:
        MediaError: As `produce` says.
    """
    return _production(work.session, work.stages, _finish(work, encoder or encode_here))


def encode_here(work: "Work", on_progress: Callable[[ProgressSample], None]) -> Encoded:
    """Encode everything in this process."""
    return encode(work.session, work.source, work.plan, work.profile, on_progress)


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A source that was inspected, and the ladder that is to be made of it."""

    session: Session
    source: Source
    plan: Plan
    profile: LadderProfile
    stages: Stages


Encoder = Callable[[Work, Callable[[ProgressSample], None]], Encoded]


def _open(workdir: Path, limits: Limits, size: TaskSize, *, keeps_damage: bool) -> Session:
    return Session(
        workdir=workdir.absolute(),
        limits=limits,
        budget=Budget(limits.work_seconds),
        threads=size.threads,
        memory_bytes=size.memory_bytes,
        keeps_damage=keeps_damage,
    )


def _production(session: Session, stages: Stages, made: Made) -> Production:
    stages.report(Progress(stage=Stage.VERIFYING, percent=100.0))
    return Production(
        technical=made.technical,
        files=made.files,
        stage_seconds=stages.seconds,
        stage_cpu_seconds=stages.cpu_seconds,
        commands=session.records,
        workdir=session.workdir,
        warnings=tuple(session.warnings),
    )


def _make(session: Session, source: Path, profile: Profile, stages: Stages, overrides: Overrides) -> Made:
    match profile:
        case LadderProfile():
            return _finish(_begin(session, source, profile, stages, overrides), encode_here)
        case AudioProfile():
            return make_audio(session, source, profile, stages, overrides)
        case ThumbnailsProfile():
            return make_thumbnails(session, source, profile, stages)
        case PassthroughProfile():
            return make_passthrough(session, source, profile, stages)
        case ImageProfile():
            return make_image(session, source, profile, stages)


def _begin(
    session: Session,
    source: Path | MeasuredFile,
    profile: LadderProfile,
    stages: Stages,
    overrides: Overrides,
) -> Work:
    with stages.during(Stage.INSPECTING):
        inspected = inspect_source(session, source)
        session.warn(*left_out(inspected.audios, profile.audio.max_tracks))
        tracks = choose_audios(inspected.audios, profile.audio)
        session.warn(*find_lengths(inspected, tracks).warnings())
        watermark = inspect_watermark(session, overrides.watermark) if overrides.watermark else None
        plan = reach_trim(session, inspected, make_plan(inspected, profile, overrides, watermark))
        session.warn(*unmeasured(plan.rungs))
        session.warn(*captions_left_out(plan.form, plan.codec, kept=plan.keeps_captions))
        size = TaskSize(session.threads, session.memory_bytes)
        session = replace(session, threads=fitting_threads(inspected, plan, size))
    return Work(session=session, source=inspected, plan=plan, profile=profile, stages=stages)


def _finish(work: Work, encoder: Encoder) -> Made:
    session, plan, profile, stages = work.session, work.plan, work.profile, work.stages
    with stages.during(Stage.ENCODING):
        encoded = encoder(work, _encoding_progress(plan, stages.report))
    with stages.during(Stage.PACKAGING):
        packaged = package(session, encoded, plan, profile)
    with stages.during(Stage.VERIFYING):
        checked = verify(session, packaged, plan, encoded, profile.verification)
        files = catalogue(packaged, plan, encoded, checked, single_file=profile.kind == "file")
        keep_only(files, packaged.directory)
        if encoded.reference is not None:
            encoded.reference.unlink()
    technical = {**work.source.technical(), "picture": encoded.picture.technical()}
    return Made(technical=technical, files=files)


def _encoding_progress(plan: Plan, report: Callable[[Progress], None]) -> Callable[[ProgressSample], None]:
    """Translate the encoder's position into a share of the whole work and a remaining time."""
    start, end = STAGE_SPANS[Stage.ENCODING]
    total_frames = plan.expected_seconds * float(plan.frame_rate) if plan.expected_seconds else None

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
