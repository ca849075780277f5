"""What the steps of a job share: the clients, the hold on the job, and the way to the published result."""

import logging
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ledger.chunks.chunks import ChunkClaim
from ledger.models import AlreadySettled, Announcement, Claim, OutputRecord
from ledger.states import JobStatus, Stage
from media.plan.chunking import ChunkingRules
from media.plan.task_size import TaskSize
from media.produce.production import Production
from media.tools.fence_user import let_through
from media.tools.limits import Limits
from media.tools.warnings import SourceWarning
from processor.exchange.manifest import build_manifest, manifest_record, output_records
from processor.exchange.publish import Publisher, Upload
from processor.exchange.source import SourceFile
from processor.exchange.warnings import job_warnings
from processor.task.heartbeat import HEARTBEAT_SECONDS, Heartbeat
from processor.task.ledger_session import LedgerSession
from processor.task.progress import ProgressBoard
from processor.task.settings import Settings
from processor.task.stages import StageTracker
from processor.task.stop import Stop
from processor.task.token import TaskToken, TokenUnreachableError
from profiles import get_profile, version_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerContext:
    """What an attempt works with.

    Attributes:
        s3: The S3 client.
        token: The task token.
        open_session: Opens a session with the ledger; the heartbeat uses one of its own.
        board: The live progress board.
        stop: The switch that ends the attempt early.
        task_arn: The ECS task, if it is known.
        size: What this task may use.
        heartbeat_seconds: The time between heartbeats.
    """

    s3: "S3Client"
    token: TaskToken
    open_session: Callable[[], LedgerSession]
    board: ProgressBoard
    stop: Stop
    size: TaskSize
    task_arn: str | None = None
    heartbeat_seconds: float = HEARTBEAT_SECONDS


@dataclass(slots=True, kw_only=True)
class Attempt:
    """One task's work on one job, and what it holds so far.

    Attributes:
        session: The ledger, for this thread.
        heartbeat_session: The ledger, for the heartbeat.
        claim: The hold on the job.
        chunk: The hold on one chunk instead.
        completed: The hold that completed the job.
        scratch: The directory that goes when the work ends.
    """

    settings: Settings
    context: WorkerContext
    stages: StageTracker
    session: LedgerSession
    heartbeat_session: LedgerSession
    heartbeat: Heartbeat
    claim: Claim | None = None
    chunk: ChunkClaim | None = None
    completed: Claim | None = None
    scratch: Path | None = field(default=None)

    @property
    def stop(self) -> Stop:
        """The switch that ends the attempt early."""
        return self.context.stop

    @property
    def limits(self) -> Limits:
        """What a source may cost; the work must end before the workflow ends the task."""
        return Limits(
            max_source_bytes=self.settings.max_source_bytes,
            max_duration_seconds=self.settings.max_source_hours * 3600.0,
            work_seconds=float(self.settings.task_timeout_seconds),
        )

    @property
    def rules(self) -> ChunkingRules:
        """What the operator decided about windows."""
        settings = self.settings
        return ChunkingRules(
            mode=settings.chunking_mode,
            window_seconds=settings.chunk_window_seconds,
            concurrency=settings.chunk_concurrency,
            task_seconds=settings.task_timeout_seconds,
            workflow_seconds=settings.workflow_timeout_seconds,
        )

    def take_job(self) -> Claim | AlreadySettled:
        """Claim the job and show life under the claim from now on.

        Raises:
            TokenGoneError: The workflow no longer waits for this task, so nothing was claimed.
            ClaimRefusedError: The job is not to be processed by this attempt.
        """
        self.check_token()
        claimed = self.session.claim(
            job_id=self.settings.job_id,
            attempt=self.settings.attempt,
            execution_arn=self.settings.execution_arn,
            task_arn=self.context.task_arn,
            task_token=self.settings.task_token.get_secret_value(),
        )
        if isinstance(claimed, AlreadySettled):
            logger.info("job was completed before, its success is reported again")
            return claimed
        self.claim = claimed
        self.stages.start(claimed.fence)
        logger.info("job claimed", extra={"fence": claimed.fence, "profile": claimed.profile})
        self.heartbeat.watch_ledger(lambda: self.heartbeat_session.heartbeat(claimed, self.stages.stage))
        return claimed

    def check_token(self) -> None:
        """Make sure that the workflow waits for this task: a late one must not void a newer hold."""
        try:
            self.context.token.send_heartbeat()
        except TokenUnreachableError as error:
            logger.warning("heartbeat not delivered", extra={"reason": str(error)})

    @contextmanager
    def scratch_directory(self, fence: int) -> Iterator[Path]:
        """A directory on this task's own disk; nothing of it is left afterwards."""
        prefix = f"{self.settings.job_id}-{self.settings.attempt}-{fence}-"
        directory = Path(tempfile.mkdtemp(prefix=prefix, dir=self.settings.scratch_dir))
        let_through(directory)
        self.scratch = directory
        try:
            yield directory
        finally:
            shutil.rmtree(directory, ignore_errors=True)

    def publish(self, claim: Claim, source: SourceFile, production: Production) -> list[OutputRecord]:
        """Record the source, upload every output, and the manifest last."""
        self.stages.seconds.update(production.stage_seconds)
        logger.info("outputs produced", extra={"files": len(production.files)})
        made_with = version_of(get_profile(claim.profile))
        self.session.record_source(claim, production.technical, source.size_bytes, made_with)
        publisher = Publisher(self.context.s3, self.settings.media_bucket, claim.output_prefix, self.stop)
        uploads = [
            Upload(path=file.path, name=file.path.name, content_type=file.content_type)
            for file in production.files
        ]
        with self.stages.measure(Stage.UPLOADING) as report:
            published = publisher.publish(uploads, report)
        records = output_records(production.files, published)
        with self.stages.measure(Stage.PUBLISHING):
            self.session.confirm(claim, Stage.PUBLISHING)
            manifest = build_manifest(claim, source, production, records, self.stages.seconds)
            records.append(manifest_record(publisher.publish_manifest(manifest)))
        logger.info("outputs published", extra={"objects": len(records)})
        return records

    def complete(
        self, claim: Claim, records: list[OutputRecord], warnings: Sequence[SourceWarning]
    ) -> dict[str, Any]:
        """Flip the job to COMPLETED and give the answer for the workflow."""
        self.heartbeat.forget_ledger()
        self.stop.check()
        announcement = self.session.complete(
            claim,
            records,
            self.stages.seconds,
            stack=self.settings.stack,
            media_bucket=self.settings.media_bucket,
            warnings=job_warnings(warnings),
        )
        self.completed = claim
        self.stages.show(Stage.PUBLISHING, 100.0)
        logger.info("job completed", extra={"stage_seconds": self.stages.seconds})
        return self.completed_answer(announcement)

    def completed_answer(self, announcement: Announcement) -> dict[str, Any]:
        """What the workflow is told of a completed job."""
        return {
            "job_id": str(self.settings.job_id),
            "status": JobStatus.COMPLETED.value,
            "announcement": announcement.as_dict(),
        }
