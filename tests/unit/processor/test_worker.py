"""What an attempt answers when it ends before any media work."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from ledger.errors import ClaimRefusedError, JobNotFoundError, LedgerUnavailableError
from ledger.models import AlreadySettled, Announcement
from ledger.states import JobStatus
from media.plan.task_size import TaskSize
from processor.steps.attempt import WorkerContext
from processor.task.progress import ProgressBoard
from processor.task.settings import Settings
from processor.task.stop import Stop
from processor.task.token import TokenGoneError, TokenUnreachableError
from processor.worker import Exit, Worker

TOLD = Announcement(subject="Video ready", message="All good.", attributes={"event_type": "job.completed"})


class FakeToken:
    """Records answers; refuses calls with the errors it is given."""

    def __init__(self) -> None:
        self.answers: list[tuple[str, Any]] = []
        self.beat_error: Exception | None = None
        self.answer_error: Exception | None = None

    def send_heartbeat(self) -> None:
        if self.beat_error is not None:
            raise self.beat_error

    def succeed(self, output: dict[str, Any]) -> None:
        if self.answer_error is not None:
            raise self.answer_error
        self.answers.append(("success", output))

    def fail(
        self, error: str, *, code: str, message: str, remedy: str, needed_memory_mib: int | None = None
    ) -> None:
        assert needed_memory_mib is None
        if self.answer_error is not None:
            raise self.answer_error
        self.answers.append((error, {"code": code, "message": message, "remedy": remedy}))


class FakeSession:
    """Answers a claim with one prepared value or error."""

    def __init__(self, claim: Any) -> None:
        self.prepared = claim
        self.claims: list[dict[str, Any]] = []

    def claim(self, **arguments: Any) -> Any:
        self.claims.append(arguments)
        if isinstance(self.prepared, Exception):
            raise self.prepared
        return self.prepared

    def close(self) -> None:
        return


class NoRedis:
    """A board nobody looks at."""

    def set(self, *_: Any, **__: Any) -> None:
        return

    def close(self) -> None:
        return


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.model_validate(
        {
            "stack": "dev",
            "log_level": "INFO",
            "database_host": "db",
            "database_port": 5432,
            "database_name": "video",
            "database_username": "app",
            "database_password": "secret",
            "redis_host": "cache",
            "redis_port": 6379,
            "redis_auth_token": "secret",
            "ingest_bucket": "ingest",
            "media_bucket": "media",
            "scratch_dir": tmp_path,
            "tmpdir": tmp_path,
            "home": tmp_path,
            "max_source_bytes": 1000,
            "max_source_hours": 12,
            "shared_dir": tmp_path,
            "chunking_mode": "auto",
            "chunk_window_seconds": 60,
            "chunk_concurrency": 10,
            "task_timeout_seconds": 1620,
            "workflow_timeout_seconds": 1800,
            "step": "prepare",
            "chunk": "",
            "job_id": UUID(int=7),
            "attempt": 2,
            "task_token": "token",
            "execution_arn": "arn:execution",
        }
    )


Run = Callable[[FakeSession, FakeToken], Exit]


@pytest.fixture
def run(settings: Settings) -> Run:
    def run_worker(session: FakeSession, token: FakeToken) -> Exit:
        context = WorkerContext(
            size=TaskSize(1, None),
            s3=None,  # type: ignore[arg-type]
            token=token,  # type: ignore[arg-type]
            open_session=lambda: session,  # type: ignore[arg-type, return-value]
            board=ProgressBoard(NoRedis(), settings.job_id),  # type: ignore[arg-type]
            stop=Stop(on_stop=lambda: None),
            task_arn="arn:task",
            heartbeat_seconds=60,
        )
        return Worker(settings, context).run()

    return run_worker


def test_the_claim_carries_what_the_platform_needs_to_notice_a_dead_task(run: Run) -> None:
    session = FakeSession(AlreadySettled(status=JobStatus.COMPLETED, announcement=TOLD))
    run(session, FakeToken())
    assert session.claims == [
        {
            "job_id": UUID(int=7),
            "attempt": 2,
            "execution_arn": "arn:execution",
            "task_arn": "arn:task",
            "task_token": "token",
        }
    ]


def test_a_worker_that_finds_the_job_completed_reports_the_same_success(run: Run) -> None:
    token = FakeToken()
    session = FakeSession(AlreadySettled(status=JobStatus.COMPLETED, announcement=TOLD))
    assert run(session, token) is Exit.ANSWERED
    assert token.answers == [
        ("success", {"job_id": str(UUID(int=7)), "status": "COMPLETED", "announcement": TOLD.as_dict()})
    ]


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (ClaimRefusedError("stale"), "ProcessingFailed"),
        (JobNotFoundError("unknown"), "ProcessingFailed"),
        (LedgerUnavailableError("away"), "Transient"),
        (RuntimeError("surprise"), "Transient"),
    ],
)
def test_a_failed_claim_is_answered_by_its_kind(run: Run, error: Exception, name: str) -> None:
    token = FakeToken()
    assert run(FakeSession(error), token) is Exit.ANSWERED
    ((told, cause),) = token.answers
    assert (told, cause["code"]) == (name, "INTERNAL")


def test_a_worker_whose_token_is_gone_claims_nothing(run: Run) -> None:
    token, session = FakeToken(), FakeSession(RuntimeError("must not be called"))
    token.beat_error = TokenGoneError("gone")
    assert run(session, token) is Exit.TOKEN_GONE
    assert session.claims == []
    assert token.answers == []


def test_an_unreachable_workflow_does_not_keep_the_worker_from_its_job(run: Run) -> None:
    token, session = FakeToken(), FakeSession(AlreadySettled(status=JobStatus.COMPLETED, announcement=TOLD))
    token.beat_error = TokenUnreachableError("away")
    assert run(session, token) is Exit.ANSWERED
    assert len(session.claims) == 1


@pytest.mark.parametrize(
    ("error", "code"),
    [(TokenGoneError("gone"), Exit.TOKEN_GONE), (TokenUnreachableError("away"), Exit.UNANSWERED)],
)
@pytest.mark.parametrize(
    "claimed", [AlreadySettled(status=JobStatus.COMPLETED, announcement=TOLD), OSError()]
)
def test_an_answer_that_cannot_be_given_shows_in_the_exit_code(
    run: Run, error: Exception, code: Exit, claimed: Any
) -> None:
    token = FakeToken()
    token.answer_error = error
    assert run(FakeSession(claimed), token) is code


def test_the_exit_code_is_zero_only_when_the_workflow_has_its_answer() -> None:
    assert [code for code in Exit if code == 0] == [Exit.ANSWERED]
