"""The last step of a chunked job: join the chunks, package, check, publish."""

import logging
import shutil
from typing import Any

from ledger.chunks.chunks import AlreadyEncoded, Chunk
from ledger.models import AlreadySettled, Claim
from media.produce.produce import finish
from processor.exchange.shared_files import SharedPlan, job_directory
from processor.exchange.source import SourceFile
from processor.steps import chunks
from processor.steps.attempt import Attempt
from processor.steps.chunks import ChunkedWork, FinishedChunk
from processor.steps.encode_chunk import encode_claimed, open_shared, shared_header
from processor.task.stages import JOINING_SPAN

logger = logging.getLogger(__name__)


def assemble(attempt: Attempt) -> dict[str, Any]:
    """Claim the job again, make one result of its finished chunks, and complete it."""
    claim = attempt.take_job()
    if isinstance(claim, AlreadySettled):
        return attempt.completed_answer(claim.announcement)
    attempt.stages.media_work_span = JOINING_SPAN
    plan_key, listed = attempt.session.listed_chunks(claim)
    shared = SharedPlan.of(attempt.settings.shared_dir, claim.job_id, plan_key)
    header = shared_header(shared)
    finished = _finished(attempt, claim, shared, plan_key, listed)
    with attempt.scratch_directory(claim.fence) as directory:
        workdir = directory / "work"
        workdir.mkdir()
        chunked = open_shared(attempt, shared, header, claim.profile, workdir, attempt.stages.show_media_work)
        production = finish(chunked.work, chunks.joining(chunked, finished))
        attempt.stop.check()
        _note(attempt, claim, chunked)
        source = SourceFile(path=shared.source, size_bytes=shared.source.stat().st_size, sha256=header.sha256)
        records = attempt.publish(claim, source, production)
    answer = attempt.complete(claim, records, production.warnings)
    shutil.rmtree(job_directory(attempt.settings.shared_dir, claim.job_id), ignore_errors=True)
    return answer


def _finished(
    attempt: Attempt, claim: Claim, shared: SharedPlan, plan_key: str, listed: list[Chunk]
) -> dict[str, FinishedChunk]:
    """Load every chunk; one that is missing or damaged is encoded here and now."""
    finished = {item.name: _load(attempt, shared, item) for item in listed}
    lost = [name for name, chunk in finished.items() if chunk is None]
    if lost:
        logger.warning("chunks must be encoded again", extra={"chunks": lost})
        attempt.session.forget_chunks(claim, plan_key, lost)
    for name in lost:
        held = attempt.session.claim_chunk(
            job_id=claim.job_id, attempt=claim.attempt, name=name, task_arn=attempt.context.task_arn
        )
        if not isinstance(held, AlreadyEncoded):
            encode_claimed(attempt, held)
    if lost:
        _, listed = attempt.session.listed_chunks(claim)
        finished |= {item.name: _load(attempt, shared, item) for item in listed if item.name in lost}
    return {name: chunk for name, chunk in finished.items() if chunk is not None}


def _load(attempt: Attempt, shared: SharedPlan, chunk: Chunk) -> FinishedChunk | None:
    if not (chunk.is_done and chunk.directory and chunk.sha256):
        return None
    record = shared.load(chunk.directory, chunk.sha256)
    if record is None or not shared.is_whole(chunk.directory, record, attempt.stop.check):
        return None
    return FinishedChunk(directory=shared.directory / chunk.directory, record=record)


def _note(attempt: Attempt, claim: Claim, chunked: ChunkedWork) -> None:
    """Tell in the job's history how many chunks were begun more than once."""
    _, listed = attempt.session.listed_chunks(claim)
    again = {item.name: item.starts - 1 for item in listed if item.starts > 1}
    facts = {"chunks": len(chunked.names), "encoded_again": sum(again.values()), "which": sorted(again)}
    attempt.session.note(claim, "job.assembled", facts)
    logger.info("chunks joined", extra=facts)
