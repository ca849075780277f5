"""Errors of the ledger, split by who has to act."""

from ledger.states import JobStatus


class LedgerError(Exception):
    """Base of all errors that the ledger raises itself."""


class LedgerUnavailableError(LedgerError):
    """The database cannot be reached or refuses the login; the caller retries later."""


class JobNotFoundError(LedgerError):
    """No job has this id; the caller has a wrong or old id."""


class WrongStateError(LedgerError):
    """The job's state does not allow the transition; the caller reads the job again and decides anew."""


class PurgeBegunError(LedgerError):
    """The content of a deleted video is going or gone; the caller cannot have it back."""


class KeyNotRevocableError(LedgerError):
    """The key belongs to the stack's deployment; whoever wants it gone changes the stack's configuration."""


class UnknownClientError(LedgerError):
    """No client has this id; the caller has a wrong id, or makes the client's first key first."""


class QueueFullError(LedgerError):
    """This client has too many jobs that have not begun; the caller orders again later."""


class HoldError(LedgerError):
    """This worker does not hold the job: it must stop and publish nothing.

    Attributes:
        status: Where the job stands instead; None if the raiser does not know.
    """

    def __init__(self, message: str, status: JobStatus | None = None) -> None:
        super().__init__(message)
        self.status = status


class ClaimRefusedError(HoldError):
    """The attempt is stale, cancelled or has failed."""


class FenceLostError(HoldError):
    """Another worker holds the job, or the job is settled."""


class InvalidRecordError(LedgerError):
    """The caller passed a value that the ledger cannot store; the calling code must be corrected."""


class SettingsError(LedgerError):
    """A setting is missing or out of range; the operator corrects the deployment."""
