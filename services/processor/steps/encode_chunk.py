"""The step that encodes one chunk of a job, beside other tasks that encode others."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ledger.chunks.chunks import AlreadyEncoded, ChunkClaim
from ledger.states import ErrorCode
from media.inspect.packets import MeasuredFile
from media.plan.task_size import TaskSize
from media.produce.produce import begin
from media.produce.production import Progress
from media.tools.output import ProgressSample
from processor.exchange.shared_files import PlanHeader, SharedPlan
from processor.exchange.watermark_source import media_overrides
from processor.steps import chunks
from processor.steps.attempt import Attempt
from processor.steps.chunks import ChunkedWork
from processor.task.errors import AttemptError
from profiles import LadderProfile, get_profile

logger = logging.getLogger(__name__)


def encode_step(attempt: Attempt) -> dict[str, Any]:
    """Claim one chunk, encode it, and leave it on the shared file system."""
    settings = attempt.settings
    attempt.check_token()
    claimed = attempt.session.claim_chunk(
        job_id=settings.job_id,
        attempt=settings.attempt,
        name=settings.chunk,
        task_arn=attempt.context.task_arn,
    )
    if isinstance(claimed, AlreadyEncoded):
        logger.info("chunk was encoded before", extra={"chunk": claimed.name})
        return {"chunk": claimed.name}
    attempt.chunk = claimed
    attempt.stages.start(claimed.job_fence)
    logger.info("chunk claimed", extra={"chunk": claimed.name, "fence": claimed.fence})
    attempt.heartbeat.watch_ledger(lambda: attempt.heartbeat_session.heartbeat_chunk(claimed))
    encode_claimed(attempt, claimed)
    attempt.heartbeat.forget_ledger()
    return {"chunk": claimed.name}


def encode_claimed(attempt: Attempt, claim: ChunkClaim) -> None:
    """Encode the chunk that this attempt holds and note it as finished."""
    shared = SharedPlan.of(attempt.settings.shared_dir, claim.job_id, claim.plan_key)
    header = shared_header(shared)
    total = len(claim.others)
    with attempt.scratch_directory(claim.fence) as directory:
        chunked = open_shared(attempt, shared, header, claim.profile, directory, _ignore)
        frames = chunks.window_frames(chunked, claim.name)

        def watch(sample: ProgressSample) -> None:
            attempt.stages.show_chunk(claim.name, sample.frames / max(frames, 1), total)

        attempt.stages.show_chunk(claim.name, 0.0, total)
        files, record = chunks.encode_chunk(chunked, claim.name, watch)
        attempt.stop.check()
        place = f"chunks/{claim.name}-{claim.fence}"
        digest = shared.store(files, record, place, attempt.stop.check)
    attempt.session.finish_chunk(claim, directory=place, sha256=digest, frames=record.frames)
    attempt.stages.show_chunk(claim.name, 1.0, total)
    logger.info("chunk encoded", extra={"chunk": claim.name, "frames": record.frames})


def _ignore(_: Progress) -> None:
    """The chunk's own progress says more than that of its inspection."""


def shared_header(shared: SharedPlan) -> PlanHeader:
    """The header of a plan's shared files.

    Raises:
        AttemptError: They are not there; a retry of the job shares them again.
    """
    header = shared.read_header()
    if header is None:
        message = "The shared files of the job are gone."
        remedy = "No action needed: the workflow tries again. If it persists, retry the job."
        raise AttemptError(ErrorCode.INTERNAL, message, remedy)
    return header


def open_shared(
    attempt: Attempt,
    shared: SharedPlan,
    header: PlanHeader,
    profile: str,
    directory: Path,
    report: Callable[[Progress], None],
) -> ChunkedWork:
    """Inspect the shared source in `directory` and cut it, as `prepare` did.

    Raises:
        AttemptError: The profile's work cannot be cut.
        MediaError: As `media.produce.produce.produce` says.
    """
    found = get_profile(profile)
    if not isinstance(found, LadderProfile):
        message = f"Work of the profile {profile!r} is never cut into chunks."
        remedy = "The operator must deploy all parts from the same version and retry the job."
        raise AttemptError(ErrorCode.INTERNAL, message, remedy)
    work = begin(
        MeasuredFile(shared.source, header.times),
        profile=found,
        workdir=directory,
        limits=attempt.limits,
        report=report,
        size=TaskSize(header.threads, None),
        overrides=media_overrides(header.overrides, shared.watermark),
    )
    return chunks.cut(work, header.window_seconds, shared.picture if header.is_remuxed else None)
