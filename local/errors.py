"""Errors of local mode: each says what happened and what the reader can do about it."""

from collections.abc import Mapping
from typing import Any, Self


class LocalModeError(Exception):
    """Local mode cannot go on; the message names the value and the remedy names the next step."""

    exit_code = 1

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()


class MissingToolError(LocalModeError):
    """A program or virtual environment that local mode needs is not installed."""

    exit_code = 3


class AlreadyInUseError(LocalModeError):
    """Another live process holds the directory or port that was asked for."""

    exit_code = 4


class ServerStartError(LocalModeError):
    """A server ended or stayed silent instead of becoming ready."""

    exit_code = 5


class NotRunningError(LocalModeError):
    """The command needs a running platform and there is none."""

    exit_code = 6


class JobFailedError(LocalModeError):
    """A submitted job ended in any state but COMPLETED."""

    exit_code = 7

    @classmethod
    def of(cls, job: Mapping[str, Any]) -> Self:
        """Give the error that says why a job did not complete.

        Args:
            job: the job as the API shows it.
        """
        error = job.get("error") or {}
        code = error.get("code", job["status"])
        message = f"Job {job['job_id']} ended {job['status']}: {code}: {error.get('message', '')}"
        return cls(message, remedy=error.get("remedy") or "")
