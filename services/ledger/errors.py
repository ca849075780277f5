"""Errors of the ledger, split by who has to act."""


class LedgerError(Exception):
    """Base of all errors that the ledger raises itself."""


class LedgerUnavailableError(LedgerError):
    """The database cannot be reached or refuses the login; the caller retries later."""


class JobNotFoundError(LedgerError):
    """No job has this id; the caller has a wrong or old id."""


class VideoNotFoundError(LedgerError):
    """No video has this id; the caller has a wrong or old id."""


class WrongStateError(LedgerError):
    """The job's state does not allow the transition; the caller reads the job again and decides anew."""


class ClaimRefusedError(LedgerError):
    """The attempt is stale, cancelled or has failed: this worker must stop and publish nothing."""


class FenceLostError(LedgerError):
    """Another worker holds the job or the job is settled: this worker must stop and publish nothing."""


class InvalidRecordError(LedgerError):
    """The caller passed a value that the ledger cannot store; the calling code must be corrected."""


class SettingsError(LedgerError):
    """A setting is missing or out of range; the operator corrects the deployment."""
