"""Batches, as callers order and see them."""

from pydantic import Field
from typing_extensions import TypedDict

from metadata_api.models.jobs import JobRequest, JobSummary, UploadTicket
from metadata_api.models.records import RequestModel
from metadata_api.models.uploads import MultipartTicket

MAX_BATCH_JOBS = 100


class BatchBody(RequestModel):
    """Jobs to order together: all of them or none."""

    jobs: list[JobRequest] = Field(min_length=1, max_length=MAX_BATCH_JOBS)


class BatchItem(TypedDict):
    """A job of a new batch; upload is null when the source is in the bucket already.

    An upload in parts has no links here: GET its parts_path for them.
    """

    job: JobSummary
    upload: UploadTicket | MultipartTicket | None


class StatusCounts(TypedDict):
    """How many jobs are in each status."""

    PENDING: int
    QUEUED: int
    PROCESSING: int
    COMPLETED: int
    FAILED: int
    CANCELLED: int


class BatchCreated(TypedDict):
    """A new batch and its jobs in the order in which they were given."""

    batch_id: str
    created_at: str
    items: list[BatchItem]


class BatchView(TypedDict):
    """How far a batch is; settled when every job has ended. Jobs of deleted videos are not counted."""

    batch_id: str
    created_at: str
    total: int
    settled: bool
    by_status: StatusCounts
    jobs: list[JobSummary]
