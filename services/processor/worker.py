"""One attempt at one job, from the claim to the answer of its task token."""

import logging
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING

from ledger.errors import FenceLostError
from ledger.models import AlreadySettled, Announcement, Claim, OutputRecord
from ledger.states import JobStatus, Stage
from processor.failures import TaskFailure, describe, interrupted
from processor.heartbeat import HEARTBEAT_SECONDS, Heartbeat
from processor.ledger_session import LedgerSession
from processor.limits import Limits
from processor.manifest import build_manifest, manifest_record, output_records
from processor.produce import Production, Progress, produce
from processor.progress import ProgressBoard
from processor.publish import Publisher, Upload
from processor.settings import Settings
from processor.source import SourceFile, SourceRules, download_source
from processor.stop import Stop, StopReason
from processor.token import TaskToken, TokenGoneError, TokenUnreachableError
from profiles import get_profile

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

logger = logging.getLogger(__name__)


class Exit(IntEnum):
    """Exit codes of the process: 0 when the workflow has its answer, another one when it has none."""

    ANSWERED = 0
    REFUSED_TO_START = 2
    TOKEN_GONE = 3
    FENCE_LOST = 4
    UNANSWERED = 5
    OVERDUE = 6


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


@dataclass(slots=True)
class _StageClock:
    """Knows the stage and how many seconds each one took."""

    stage: str = Stage.DOWNLOADING.value
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def measure(self, stage: Stage) -> Iterator[None]:
        self.stage = stage.value
        started = time.monotonic()
        try:
            yield
        finally:
            self.seconds[stage.value] = round(time.monotonic() - started, 3)


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
        self._clock = _StageClock()
        self._claim: Claim | None = None
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

    def abandon(self) -> None:
        """Give the attempt up from another thread, when the one that works does not come back in time."""
        session = self._around.open_session()
        try:
            self._report(session, interrupted())
        except (TokenGoneError, TokenUnreachableError) as error:
            logger.warning("answer not delivered", extra={"reason": str(error)})
        finally:
            if self._scratch is not None:
                shutil.rmtree(self._scratch, ignore_errors=True)

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
        logger.info("job completed", extra={"stage_seconds": self._clock.seconds})
        return Exit.ANSWERED

    def _attempt(self, session: LedgerSession, pulse: LedgerSession, heart: Heartbeat) -> Announcement:
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
        logger.info("job claimed", extra={"fence": claimed.fence, "profile": claimed.profile})
        heart.watch_ledger(lambda: pulse.heartbeat(claimed, self._clock.stage))
        with self._scratch_directory(claimed) as directory:
            return self._process(session, claimed, directory)

    @contextmanager
    def _scratch_directory(self, claim: Claim) -> Iterator[Path]:
        prefix = f"{claim.job_id}-{claim.attempt}-{claim.fence}-"
        directory = Path(tempfile.mkdtemp(prefix=prefix, dir=self._settings.scratch_dir))
        self._scratch = directory
        try:
            yield directory
        finally:
            shutil.rmtree(directory, ignore_errors=True)

    def _process(self, session: LedgerSession, claim: Claim, directory: Path) -> Announcement:
        rules = SourceRules(
            allowed_bucket=self._settings.ingest_bucket, max_source_bytes=self._settings.max_source_bytes
        )
        with self._clock.measure(Stage.DOWNLOADING):
            source = download_source(
                self._around.s3, claim, directory, rules, self._stop, self._reporter(Stage.DOWNLOADING)
            )
        logger.info("source downloaded", extra={"size_bytes": source.size_bytes})
        production = self._produce(claim, source, directory)
        self._clock.seconds.update(production.stage_seconds)
        session.record_source(claim, production.technical, source.size_bytes)
        return self._publish(session, claim, source, production)

    def _produce(self, claim: Claim, source: SourceFile, directory: Path) -> Production:
        workdir = directory / "work"
        workdir.mkdir()
        self._stop.check()
        production = produce(
            source.path,
            profile=get_profile(claim.profile),
            workdir=workdir,
            limits=Limits(max_source_bytes=self._settings.max_source_bytes),
            report=self._show,
        )
        self._stop.check()
        logger.info("outputs produced", extra={"files": len(production.files)})
        return production

    def _publish(
        self, session: LedgerSession, claim: Claim, source: SourceFile, production: Production
    ) -> Announcement:
        bucket = self._settings.media_bucket
        publisher = Publisher(self._around.s3, bucket, claim.output_prefix, self._stop)
        uploads = [
            Upload(path=file.path, name=file.path.name, content_type=file.content_type)
            for file in production.files
        ]
        with self._clock.measure(Stage.UPLOADING):
            published = publisher.publish(uploads, self._reporter(Stage.UPLOADING))
        records: list[OutputRecord] = output_records(production.files, published)
        with self._clock.measure(Stage.PUBLISHING):
            self._reporter(Stage.PUBLISHING)(0.0)
            session.confirm(claim, Stage.PUBLISHING)
            manifest = build_manifest(claim, source, production, records, self._clock.seconds)
            records.append(manifest_record(publisher.publish_manifest(manifest)))
        self._stop.check()
        announcement = session.complete(
            claim, records, self._clock.seconds, stack=self._settings.stack, media_bucket=bucket
        )
        self._reporter(Stage.PUBLISHING)(100.0)
        return announcement

    def _reporter(self, stage: Stage) -> Callable[[float], None]:
        return lambda percent: self._show(Progress(stage=stage, percent=percent))

    def _show(self, progress: Progress) -> None:
        self._clock.stage = str(progress.stage)
        if self._claim is not None:
            self._around.board.show(
                fence=self._claim.fence,
                stage=str(progress.stage),
                percent=progress.percent,
                fps=progress.fps,
                eta_seconds=progress.eta_seconds,
            )

    def _answer_failure(self, session: LedgerSession, error: Exception) -> Exit:
        reason = self._stop.reason
        if reason is StopReason.TOKEN_GONE:
            logger.warning("workflow no longer waits, nothing is published")
            return Exit.TOKEN_GONE
        if reason is StopReason.FENCE_LOST or isinstance(error, FenceLostError):
            # No answer: if the newer worker was handed the same token, a failure would end its work too.
            logger.warning("another worker holds the job or it is settled, nothing is published")
            return Exit.FENCE_LOST
        self._report(session, interrupted() if reason is not None else describe(error), error)
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
