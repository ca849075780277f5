"""One attempt at one job, from the claim to the answer of its task token."""

import logging
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ledger.errors import FenceLostError
from ledger.models import AlreadySettled, Announcement, Claim, OutputRecord
from ledger.states import JobStatus, Stage
from processor.failures import TaskFailure, describe, interrupted, unwanted
from processor.heartbeat import HEARTBEAT_SECONDS, Heartbeat, reason_of
from processor.ledger_session import LedgerSession
from processor.limits import Limits
from processor.manifest import build_manifest, manifest_record, output_records
from processor.produce import produce
from processor.production import Production
from processor.progress import ProgressBoard
from processor.publish import Publisher, Upload
from processor.settings import Settings
from processor.source import SourceFile, SourceRules, download_source
from processor.stages import StageTracker
from processor.stop import Stop, StopReason
from processor.superseded import tag_superseded
from processor.token import TaskToken, TokenGoneError, TokenUnreachableError
from profiles import get_profile

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

logger = logging.getLogger(__name__)

_EARLY_ENDS: Final = {StopReason.INTERRUPTED: interrupted, StopReason.JOB_SETTLED: unwanted}


class Exit(IntEnum):
    """Exit codes of the process: 0 when the workflow has its answer, another one when it has none."""

    ANSWERED = 0
    REFUSED_TO_START = 2
    TOKEN_GONE = 3
    FENCE_LOST = 4
    UNANSWERED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What an attempt works with.

    Attributes:
        s3: The S3 client.
        token: The task token.
        open_session: Opens a session with the ledger; the heartbeat uses one of its own.
        board: The live progress board.
        stop: The switch that ends the attempt early.
        task_arn: The ECS task, if it is known.
        heartbeat_seconds: The time between beats.
    """

    s3: "S3Client"
    token: TaskToken
    open_session: Callable[[], LedgerSession]
    board: ProgressBoard
    stop: Stop
    task_arn: str | None = None
    heartbeat_seconds: float = HEARTBEAT_SECONDS


class Worker:
    """Works on the job that the settings name.

    Args:
        settings: The checked settings.
        surroundings: Clients and switches.
    """

    def __init__(self, settings: Settings, surroundings: Surroundings) -> None:
        self._settings = settings
        self._around = surroundings
        self._stop = surroundings.stop
        self._stages = StageTracker(surroundings.board)
        self._claim: Claim | None = None
        self._completed: Claim | None = None
        self._scratch: Path | None = None

    def run(self) -> Exit:
        """Do the attempt and answer the token; nothing of the scratch directory is left."""
        heart = Heartbeat(self._around.token, self._stop, interval_seconds=self._around.heartbeat_seconds)
        session, pulse = self._around.open_session(), self._around.open_session()
        heart.start()
        try:
            return self._answer(session, pulse, heart)
        except TokenGoneError:
            logger.warning("workflow no longer waits for the answer")
            return Exit.TOKEN_GONE
        except TokenUnreachableError as error:
            logger.exception("answer not delivered", extra={"reason": str(error)})
            return Exit.UNANSWERED
        finally:
            heart.end()
            session.close()
            pulse.close()
            self._around.board.close()
            # Last of all, so that nobody waits for it: neither the workflow nor whoever watches the job.
            self._tag_superseded()

    def abandon(self) -> Exit:
        """Give the attempt up from another thread, when the one that works does not come back in time."""
        try:
            self._report(self._around.open_session(), interrupted())
        except TokenGoneError:
            return Exit.TOKEN_GONE
        except TokenUnreachableError as error:
            logger.warning("answer not delivered", extra={"reason": str(error)})
            return Exit.UNANSWERED
        finally:
            if self._scratch is not None:
                shutil.rmtree(self._scratch, ignore_errors=True)
        return Exit.ANSWERED

    def _answer(self, session: LedgerSession, pulse: LedgerSession, heart: Heartbeat) -> Exit:
        try:
            announcement = self._attempt(session, pulse, heart)
        except Exception as error:  # noqa: BLE001 (the entry point: every error becomes a typed answer)
            return self._answer_failure(session, error)
        self._around.token.succeed(
            {
                "job_id": str(self._settings.job_id),
                "status": JobStatus.COMPLETED.value,
                "announcement": announcement.as_dict(),
            }
        )
        logger.info("job completed", extra={"stage_seconds": self._stages.seconds})
        return Exit.ANSWERED

    def _attempt(self, session: LedgerSession, pulse: LedgerSession, heart: Heartbeat) -> Announcement:
        self._check_token()
        claimed = session.claim(
            job_id=self._settings.job_id,
            attempt=self._settings.attempt,
            execution_arn=self._settings.execution_arn,
            task_arn=self._around.task_arn,
            task_token=self._settings.task_token.get_secret_value(),
        )
        if isinstance(claimed, AlreadySettled):
            logger.info("job was completed before, its success is reported again")
            return claimed.announcement
        self._claim = claimed
        self._stages.start(claimed.fence)
        logger.info("job claimed", extra={"fence": claimed.fence, "profile": claimed.profile})
        heart.watch_ledger(lambda: pulse.heartbeat(claimed, self._stages.stage))
        with self._scratch_directory(claimed) as directory:
            source, production = self._produce(claimed, directory)
            session.record_source(claimed, production.technical, source.size_bytes)
            records = self._publish(session, claimed, source, production)
        heart.forget_ledger()
        self._stop.check()
        announcement = session.complete(
            claimed,
            records,
            self._stages.seconds,
            stack=self._settings.stack,
            media_bucket=self._settings.media_bucket,
        )
        self._completed = claimed
        self._stages.show(Stage.PUBLISHING, 100.0)
        return announcement

    def _check_token(self) -> None:
        """Make sure that the workflow waits for this task: a late one must not void a newer hold."""
        try:
            self._around.token.beat()
        except TokenUnreachableError as error:
            logger.warning("heartbeat not delivered", extra={"reason": str(error)})

    @contextmanager
    def _scratch_directory(self, claim: Claim) -> Iterator[Path]:
        prefix = f"{claim.job_id}-{claim.attempt}-{claim.fence}-"
        directory = Path(tempfile.mkdtemp(prefix=prefix, dir=self._settings.scratch_dir))
        self._scratch = directory
        try:
            yield directory
        finally:
            shutil.rmtree(directory, ignore_errors=True)

    def _produce(self, claim: Claim, directory: Path) -> tuple[SourceFile, Production]:
        rules = SourceRules(
            allowed_bucket=self._settings.ingest_bucket, max_source_bytes=self._settings.max_source_bytes
        )
        with self._stages.measure(Stage.DOWNLOADING) as report:
            source = download_source(self._around.s3, claim, directory, rules, self._stop, report)
        logger.info("source downloaded", extra={"size_bytes": source.size_bytes})
        workdir = directory / "work"
        workdir.mkdir()
        self._stop.check()
        production = produce(
            source.path,
            profile=get_profile(claim.profile),
            workdir=workdir,
            limits=Limits(max_source_bytes=self._settings.max_source_bytes),
            report=self._stages.show_media_work,
        )
        self._stop.check()
        self._stages.seconds.update(production.stage_seconds)
        logger.info("outputs produced", extra={"files": len(production.files)})
        return source, production

    def _publish(
        self, session: LedgerSession, claim: Claim, source: SourceFile, production: Production
    ) -> list[OutputRecord]:
        publisher = Publisher(self._around.s3, self._settings.media_bucket, claim.output_prefix, self._stop)
        uploads = [
            Upload(path=file.path, name=file.path.name, content_type=file.content_type)
            for file in production.files
        ]
        with self._stages.measure(Stage.UPLOADING) as report:
            published = publisher.publish(uploads, report)
        records = output_records(production.files, published)
        with self._stages.measure(Stage.PUBLISHING):
            session.confirm(claim, Stage.PUBLISHING)
            manifest = build_manifest(claim, source, production, records, self._stages.seconds)
            records.append(manifest_record(publisher.publish_manifest(manifest)))
        logger.info("outputs published", extra={"objects": len(records)})
        return records

    def _tag_superseded(self) -> None:
        if self._completed is not None:
            tag_superseded(self._around.s3, self._settings.media_bucket, self._completed, self._stop)

    def _answer_failure(self, session: LedgerSession, error: Exception) -> Exit:
        reason = self._stop.reason
        if reason is None and isinstance(error, FenceLostError):
            reason = reason_of(error)
        if reason is StopReason.TOKEN_GONE or isinstance(error, TokenGoneError):
            logger.warning("workflow no longer waits, nothing is published")
            return Exit.TOKEN_GONE
        if reason is StopReason.FENCE_LOST:
            # No answer: if the newer worker was handed the same token, a failure would end its work too.
            logger.warning("another worker holds the job, nothing is published")
            return Exit.FENCE_LOST
        self._report(session, describe(error) if reason is None else _EARLY_ENDS[reason](), error)
        return Exit.ANSWERED

    def _report(
        self, session: LedgerSession, task_failure: TaskFailure, error: Exception | None = None
    ) -> None:
        failure = task_failure.failure
        logger.error(
            "attempt failed",
            exc_info=error,
            extra={"error": task_failure.error.value, "code": failure.code.value, "reason": failure.message},
        )
        if self._claim is not None and task_failure.heals:
            try:
                session.release(self._claim, failure.code, failure.message)
            except Exception as release_error:  # noqa: BLE001 (the workflow must get its answer all the same)
                logger.warning("attempt not released", extra={"reason": type(release_error).__name__})
        self._around.token.fail(
            task_failure.error.value, code=failure.code.value, message=failure.message, remedy=failure.remedy
        )
