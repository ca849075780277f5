"""S3 access of the worker: the client, transfers that can be stopped, and the meaning of S3's refusals."""

import logging
import queue
from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from s3transfer.exceptions import RetriesExceededError
from s3transfer.futures import TransferFuture
from s3transfer.manager import TransferConfig, TransferManager
from s3transfer.subscribers import BaseSubscriber

from ledger.jobs.failures import failure
from ledger.states import ErrorCode
from processor.task.errors import AttemptError
from processor.task.stop import Stop

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_LOGGER = logging.getLogger(__name__)

PART_BYTES: Final = 16 * 1024 * 1024
PARALLEL_REQUESTS: Final = 8
S3_ERRORS: Final = (ClientError, BotoCoreError, RetriesExceededError)
_STOP_CHECK_SECONDS: Final = 0.2
# S3's answer, with HTTP 403, to a GET of an object in the archive (S3 API reference, GetObject).
_ARCHIVED: Final = "InvalidObjectState"

# One layer retries: botocore, per request. Parts are small, so a lost connection repeats at most one part.
CLIENT_CONFIG: Final = Config(
    connect_timeout=3,
    read_timeout=20,
    retries={"mode": "standard", "total_max_attempts": 5},
    max_pool_connections=PARALLEL_REQUESTS + 4,
    tcp_keepalive=True,
)


def create_client() -> "S3Client":
    """Return the S3 client of the worker; region and credentials come from the context."""
    return boto3.client("s3", config=CLIENT_CONFIG)


def create_transfers(client: "S3Client", *, threshold_bytes: int = PART_BYTES) -> TransferManager:
    """Return a manager that moves files of `threshold_bytes` and more in parallel parts."""
    config = TransferConfig(
        multipart_threshold=threshold_bytes,
        multipart_chunksize=PART_BYTES,
        max_request_concurrency=PARALLEL_REQUESTS,
    )
    return TransferManager(client, config=config)


def percent_counter(total_bytes: int, report: Callable[[float], None]) -> Callable[[int], None]:
    """Return a function that takes moved bytes, from any thread, and reports the percentage done."""
    lock = Lock()
    done_bytes = 0

    def add(moved_bytes: int) -> None:
        nonlocal done_bytes
        with lock:
            done_bytes += moved_bytes
            percent = min(100.0, max(0.0, 100.0 * done_bytes / max(1, total_bytes)))
        report(percent)

    return add


class TransferWatch(BaseSubscriber):
    """Follows one transfer: reports its bytes and tells the waiting thread when it is done.

    Args:
        on_bytes: Called with the number of further bytes moved; negative when a part starts again.
    """

    def __init__(self, on_bytes: Callable[[int], None]) -> None:
        self._on_bytes = on_bytes
        self._done: queue.SimpleQueue[None] = queue.SimpleQueue()

    def on_progress(
        self,
        future: TransferFuture,  # noqa: ARG002 (passed by name)
        bytes_transferred: int,
        **_: Any,
    ) -> None:
        """Report moved bytes."""
        self._on_bytes(bytes_transferred)

    def on_done(self, future: TransferFuture, **_: Any) -> None:  # noqa: ARG002 (passed by name)
        """Wake the waiting thread."""
        self._done.put(None)

    def wait(self, future: TransferFuture, stop: Stop) -> None:
        """Wait for the end of the transfer and raise its error; cancel it when the attempt must stop.

        Raises:
            StoppedError: The attempt must stop.
        """
        try:
            while not future.done():
                stop.check()
                try:
                    self._done.get(timeout=_STOP_CHECK_SECONDS)
                except queue.Empty:
                    continue
        except BaseException:
            future.cancel()
            raise
        future.result()


def http_status(error: Exception) -> int:
    """Return the HTTP status that S3 answered, or 0 when it did not answer."""
    if not isinstance(error, ClientError):
        return 0
    return error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)


def explain(error: Exception, action: str) -> AttemptError:
    """Return the error of ours that says what a failed S3 call means for the job.

    Why S3 denies a call goes to the log alone: its words name the account and the role, which callers of the
    API have no business with.

    Args:
        error: What the call raised, one of `S3_ERRORS`.
        action: What was being done, for example "upload 720p.mp4 to bucket media".
    """
    if not isinstance(error, ClientError):
        return AttemptError(
            ErrorCode.INTERNAL,
            f"Could not {action}: {type(error).__name__}.",
            "No action needed: the workflow tries again. If it persists, the operator checks the network.",
        )
    code = error.response.get("Error", {}).get("Code", "unknown")
    status = http_status(error)
    if code == _ARCHIVED:
        usual = failure(ErrorCode.SOURCE_ARCHIVED)
        return AttemptError(usual.code, usual.message, usual.remedy)
    if status == 403:
        detail = error.response.get("Error", {}).get("Message", "")
        _LOGGER.warning("s3_denied", extra={"attempted": action, "code": code, "detail": detail})
        return AttemptError(
            ErrorCode.ACCESS_DENIED,
            f"Could not {action}: S3 answered {'AccessDenied' if code == '403' else code}.",
            "The operator reads why in the task's log (s3_denied), corrects the role and retries the job.",
        )
    return AttemptError(
        ErrorCode.INTERNAL,
        f"Could not {action}: S3 answered {code} (HTTP {status}).",
        "No action needed: the workflow tries again. If it persists, the operator checks the bucket.",
    )
