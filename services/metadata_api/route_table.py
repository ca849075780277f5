"""All operations of the API in the order they are documented."""

from typing import Final

from metadata_api.operations.operation import Operation
from metadata_api.routes import (
    batches,
    dead_letters,
    documentation,
    downloads,
    job_control,
    job_creation,
    jobs,
    playback,
    records,
    recovery,
    subtitles,
    system,
    uploads,
    webhook_deliveries,
    webhooks,
)

OPERATIONS: Final[tuple[Operation, ...]] = tuple(
    operation
    for group in (
        job_creation.routes,
        uploads.routes,
        jobs.routes,
        job_control.routes,
        batches.routes,
        downloads.routes,
        playback.routes,
        records.routes,
        recovery.routes,
        subtitles.routes,
        system.profile_routes,
        webhooks.routes,
        webhook_deliveries.routes,
        dead_letters.routes,
        system.routes,
        documentation.documentation_routes(lambda: OPERATIONS),
    )
    for operation in group.operations
)
