"""Work on originals in the archive: refused, or made to wait for the restore that runs."""

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from ledger.models import ArchivedSource
from metadata_api.http.problems import Problem, ProblemCode
from metadata_api.http.responses import timestamp
from metadata_api.settings import CreationSettings
from runtime.archive import Access, Availability, RestoreTerms

if TYPE_CHECKING:
    # Only named here: a route that never reaches the database must not load its driver.
    from ledger.database.connection import LedgerConnection
    from ledger.jobs.job_queries import JobRow


def terms_of(settings: CreationSettings) -> RestoreTerms:
    """How this deployment asks for originals."""
    return RestoreTerms(days=settings.restore_days, tier=settings.restore_tier)


def source_of(job: "JobRow") -> ArchivedSource:
    """The very object that a job was made of."""
    return ArchivedSource.at(job.source_bucket, job.source_key, job.source_version_id)


def refuse_archived(conn: "LedgerConnection", source: ArchivedSource, standing: Availability) -> None:
    """Takes no work on an original that nobody has asked the archive for.

    Raises:
        Problem: SOURCE_ARCHIVED, with what to do.
    """
    from ledger.turns import restores

    if standing.access is not Access.ARCHIVED:
        return
    owner = restores.video_of(conn, source)
    remedy = (
        f"ask for it with POST /metadata/{owner[0]}/restore?job_id={owner[1]} and repeat this call"
        if owner
        else "no video was made of it, so restore it in S3 itself and repeat this call"
    )
    detail = f"the file is in the archive ({standing.storage_class}) and cannot be read at once; {remedy}"
    raise Problem(ProblemCode.SOURCE_ARCHIVED, detail)


def refuse_unreadable(
    conn: "LedgerConnection", source: ArchivedSource, standing: Availability, settings: CreationSettings
) -> None:
    """The same for what needs the file now; a restore that runs does not help yet.

    Raises:
        Problem: SOURCE_ARCHIVED, with what to do.
    """
    refuse_archived(conn, source, standing)
    if standing.access is Access.RESTORING:
        expected_at = _expected(conn, source, standing, settings)
        detail = f"the file is being restored from the archive, by {timestamp(expected_at)}; ask again then"
        raise Problem(ProblemCode.SOURCE_ARCHIVED, detail)


def wait_if_restoring(
    conn: "LedgerConnection",
    job_id: UUID,
    source: ArchivedSource,
    standing: Availability,
    settings: CreationSettings,
) -> None:
    """Lets a job that was queued in this transaction wait for its source, or notes the end of its copy."""
    from ledger.turns import restores

    if standing.access is Access.RESTORING:
        restores.hold(conn, job_id, _expected(conn, source, standing, settings))
    elif standing.readable_until is not None:
        restores.note_copy(conn, job_id, standing.readable_until)


def _expected(
    conn: "LedgerConnection", source: ArchivedSource, standing: Availability, settings: CreationSettings
) -> datetime:
    from ledger.turns import restores

    return restores.expected(conn, source, terms_of(settings).expected_at(standing.storage_class))
