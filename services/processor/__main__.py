"""The worker, `python -m processor`, which `processor.start` starts: one attempt at one job, then it ends."""

import logging
import os
import sys
import threading
from collections.abc import Callable, Mapping
from typing import Final, NoReturn

import boto3
from botocore.config import Config

from ledger.states import ErrorCode, TaskError
from media.plan.task_size import TaskSize
from media.tools import runner
from processor.exchange.storage import create_client
from processor.start import receive
from processor.steps.attempt import WorkerContext
from processor.task.credentials import use_credentials_of
from processor.task.ledger_session import LedgerSession, connector
from processor.task.logging import configure
from processor.task.progress import ProgressBoard, connect_board
from processor.task.settings import Settings, SettingsError
from processor.task.stop import SignalWatcher, Stop
from processor.task.task_metadata import find_task_arn
from processor.task.task_size import CGROUPS, measure
from processor.task.token import TaskToken, TokenGoneError, TokenUnreachableError
from processor.worker import Exit, Worker

logger = logging.getLogger(__name__)

# After SIGTERM a task has 30 seconds. The attempt unwinds within a few; one that hangs in a dead network call
# is given up at this point, which leaves time to answer the workflow.
OVERDUE_AFTER_SECONDS: Final = 15.0
# So long may the last words take, to a ledger or a workflow that may be what hangs.
LAST_WORDS_SECONDS: Final = 10.0
_WORKFLOW_CONFIG: Final = Config(
    connect_timeout=3, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3}
)


def main(environ: Mapping[str, str]) -> Exit:
    """Do the attempt that the environment describes and return the exit code."""
    try:
        settings = Settings.from_environment(environ)
    except SettingsError as error:
        return _refuse(environ, error)
    configure(
        settings.log_level,
        secrets=[
            settings.task_token.get_secret_value(),
            settings.database_password.get_secret_value(),
            settings.redis_auth_token.get_secret_value(),
        ],
        bound={
            "job_id": str(settings.job_id),
            "attempt": settings.attempt,
            "execution_arn": settings.execution_arn,
        },
    )
    stop = Stop(on_stop=runner.terminate_all)
    worker = Worker(settings, _context(settings, stop, measure(environ, CGROUPS), find_task_arn(environ)))

    with SignalWatcher(
        stop, exit_after_seconds=OVERDUE_AFTER_SECONDS, on_overdue=lambda: give_up(worker.abandon)
    ):
        return worker.run()


def give_up(abandon: Callable[[], Exit]) -> NoReturn:
    """End the process after the last words, or without them when nobody listens."""
    timer = threading.Timer(LAST_WORDS_SECONDS, _exit, [Exit.UNANSWERED])
    timer.daemon = True
    timer.start()
    _exit(abandon())


def _context(settings: Settings, stop: Stop, size: TaskSize, task_arn: str | None) -> WorkerContext:
    open_connection = connector(settings)
    board = connect_board(
        settings.redis_host, settings.redis_port, settings.redis_auth_token.get_secret_value()
    )
    return WorkerContext(
        s3=create_client(),
        token=_token(settings.task_token.get_secret_value()),
        open_session=lambda: LedgerSession(open_connection, stop),
        board=ProgressBoard(board, settings.job_id),
        stop=stop,
        size=size,
        task_arn=task_arn,
    )


def _token(value: str) -> TaskToken:
    return TaskToken(boto3.client("stepfunctions", config=_WORKFLOW_CONFIG), value)


def _refuse(environ: Mapping[str, str], error: SettingsError) -> Exit:
    """Tell the workflow at once that this task cannot start, rather than let it wait for a heartbeat."""
    value = environ.get("TASK_TOKEN", "")
    configure("INFO", secrets=[value], bound={"job_id": environ.get("JOB_ID")})
    logger.error("settings refused", extra={"reason": str(error)})
    if value:
        try:
            _token(value).fail(
                TaskError.PROCESSING_FAILED.value,
                code=ErrorCode.INTERNAL.value,
                message=f"The processor's settings are refused: {error}",
                remedy="The operator must correct the processor's task definition and retry the job.",
            )
        except (TokenGoneError, TokenUnreachableError) as failure:
            logger.warning("answer not delivered", extra={"reason": str(failure)})
    return Exit.REFUSED_TO_START


def _exit(code: Exit) -> NoReturn:
    """End the process now; transfer threads that hang in a dead connection would delay an ordinary exit."""
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    given = receive()
    use_credentials_of(given)
    _exit(main(given))
