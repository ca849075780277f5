"""What the media work found odd, in the ledger's words."""

from collections.abc import Iterable

from ledger.models import JobWarning
from media.tools.warnings import SourceWarning


def job_warnings(found: Iterable[SourceWarning]) -> list[JobWarning]:
    """Return what the ledger stores, in the order in which it was found."""
    return [
        JobWarning(code=warning.code.value, message=warning.message, facts=dict(warning.facts))
        for warning in found
    ]
