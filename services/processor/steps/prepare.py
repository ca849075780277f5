"""The first step of a job: do all of it, or cut it into chunks for other tasks."""

import json
import logging
from pathlib import Path
from typing import Any

from ledger.models import AlreadySettled, Claim
from ledger.states import Stage
from media.plan.chunking import Decision, decide
from media.produce.produce import Work, begin, finish, produce
from media.produce.production import Production
from media.tools.errors import ToolFailedError
from processor.exchange.shared_files import PlanHeader, SharedPlan, copy_file
from processor.exchange.source import SourceFile, SourceRules, download_source
from processor.exchange.watermark_source import fetch_overrides
from processor.steps import chunks
from processor.steps.attempt import Attempt
from processor.steps.chunks import ChunkedWork
from profiles import LadderProfile, get_profile

logger = logging.getLogger(__name__)

CHUNKED = "CHUNKED"


def prepare(attempt: Attempt) -> dict[str, Any]:
    """Claim the job, look at its source, and either complete it or hand its chunks to the workflow."""
    claim = attempt.take_job()
    if isinstance(claim, AlreadySettled):
        return attempt.completed_answer(claim.announcement)
    with attempt.scratch_directory(claim.fence) as directory:
        source = _download(attempt, claim, directory)
        workdir = directory / "work"
        workdir.mkdir()
        attempt.stop.check()
        made = _make(attempt, claim, source, workdir)
        attempt.stop.check()
        if isinstance(made, ChunkedWork):
            return _share(attempt, claim, source, made)
        records = attempt.publish(claim, source, made)
    return attempt.complete(claim, records, made.warnings)


def _download(attempt: Attempt, claim: Claim, directory: Path) -> SourceFile:
    settings = attempt.settings
    rules = SourceRules(allowed_bucket=settings.ingest_bucket, max_source_bytes=settings.max_source_bytes)
    with attempt.stages.measure(Stage.DOWNLOADING) as report:
        source = download_source(attempt.context.s3, claim, directory, rules, attempt.stop, report)
    logger.info("source downloaded", extra={"size_bytes": source.size_bytes})
    return source


def _make(attempt: Attempt, claim: Claim, source: SourceFile, workdir: Path) -> Production | ChunkedWork:
    """Make everything, or cut the source into chunks; only ladders take long enough for that."""
    profile, bucket = get_profile(claim.profile), attempt.settings.ingest_bucket
    limits, size, report = attempt.limits, attempt.context.size, attempt.stages.show_media_work
    overrides = fetch_overrides(attempt.context.s3, claim.overrides, workdir.parent, bucket)
    if not isinstance(profile, LadderProfile):
        return produce(
            source.path,
            profile=profile,
            workdir=workdir,
            limits=limits,
            size=size,
            report=report,
            overrides=overrides,
        )
    work = begin(
        source.path,
        profile=profile,
        workdir=workdir,
        limits=limits,
        size=size,
        report=report,
        overrides=overrides,
    )
    return _decide(attempt, claim, work) or finish(work)


def _decide(attempt: Attempt, claim: Claim, work: Work) -> ChunkedWork | None:
    """Decide, record the decision in the job's history, and cut the source where it is to be cut."""
    rules = attempt.rules
    preset = str(work.profile.video.preset)
    decision = decide(work.source, work.plan, rules, preset, work.session.threads)
    chunked, reasons = _cut(work, decision, rules.window_seconds), list(decision.reasons)
    if decision.is_chunked and chunked is None:
        reasons.append("the picture does not fit a container that can be read from the middle")
    mode = "single" if chunked is None else "chunked"
    facts = {**decision.facts(), "mode": mode, "reasons": reasons}
    attempt.session.note(claim, "job.planned", facts)
    logger.info("job planned", extra={"decision": facts})
    return chunked


def _cut(work: Work, decision: Decision, window_seconds: float) -> ChunkedWork | None:
    if not decision.is_chunked:
        return None
    try:
        picture = chunks.remux(work) if chunks.needs_remux(work) else None
    except ToolFailedError as error:
        logger.warning("picture not remuxed", extra={"reason": error.message})
        return None
    return chunks.cut(work, window_seconds, picture)


def _share(attempt: Attempt, claim: Claim, source: SourceFile, chunked: ChunkedWork) -> dict[str, Any]:
    """Put the source where all tasks see it, store the plan, and name the chunks that are missing."""
    identity = [claim.source_bucket, claim.source_key, claim.source_version_id, claim.source_etag]
    key = chunks.plan_key(chunked, json.dumps([*identity, source.size_bytes]))
    shared = SharedPlan.of(attempt.settings.shared_dir, claim.job_id, key)
    work = chunked.work
    header = PlanHeader(
        threads=work.session.threads,
        window_seconds=attempt.rules.window_seconds,
        is_remuxed=chunked.source.media.path != work.source.media.path,
        sha256=source.sha256,
        overrides=claim.overrides,
        times=dict(work.source.times) if work.source.times is not None else None,
    )
    if shared.read_header() != header:
        shared.directory.mkdir(parents=True, exist_ok=True)
        files = {shared.source: source.path}
        if header.is_remuxed:
            files[shared.picture] = chunked.source.media.path
        if work.plan.watermark is not None:
            files[shared.watermark] = work.plan.watermark.picture.watermark.path
        for target, path in files.items():
            copy_file(path, target, attempt.stop.check)
        shared.write_header(header)
    missing = _store_plan(attempt, claim, shared, key, chunked)
    attempt.session.hand_over(
        claim, Stage.ENCODING, {"plan_key": key, "chunks": len(chunked.names), "missing": len(missing)}
    )
    # From here on the job belongs to its chunks: a late stop of this task must not void their plan.
    attempt.heartbeat.forget_ledger()
    attempt.claim = None
    logger.info("job cut into chunks", extra={"chunks": len(chunked.names), "missing": len(missing)})
    return {"job_id": str(claim.job_id), "status": CHUNKED, "chunks": missing}


def _store_plan(
    attempt: Attempt, claim: Claim, shared: SharedPlan, key: str, chunked: ChunkedWork
) -> list[str]:
    stored = attempt.session.store_plan(claim, key, chunked.names)
    done = {item.name: item for item in stored if item.is_done}
    lost = [
        name
        for name, item in done.items()
        if not (item.directory and item.sha256 and shared.load(item.directory, item.sha256))
    ]
    if lost:
        attempt.session.forget_chunks(claim, key, lost)
    kept = done.keys() - set(lost)
    attempt.stages.seed_chunks(kept, len(chunked.names))
    return [name for name in chunked.names if name not in kept]
