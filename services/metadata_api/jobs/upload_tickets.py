"""What callers get to upload a job's file with; signed anew for every answer, so no link is ever stored."""

from collections.abc import Mapping

from ledger.jobs.job_queries import JobRow
from ledger.states import JobStatus
from metadata_api.environment.multipart import StoredPart, part_size_bytes, parts_of
from metadata_api.environment.presign import Presigner
from metadata_api.models.jobs import UploadTicket
from metadata_api.models.uploads import MultipartTicket, PartLink, PartList, PartState
from runtime.multipart import OpenUpload


def open_upload(job: JobRow) -> OpenUpload | None:
    """The multipart upload that a job waits for, if it is one."""
    if job.status != JobStatus.PENDING or job.upload_id is None:
        return None
    return OpenUpload(bucket=job.source_bucket, key=job.source_key, upload_id=job.upload_id)


def upload_ticket(
    presigner: Presigner, job: JobRow, *, with_part_links: bool = True
) -> UploadTicket | MultipartTicket | None:
    """How to upload the file; None once it is there or will never come.

    Args:
        presigner: Signs the links.
        job: The job.
        with_part_links: False leaves the links of parts to a later call, where many jobs share one answer.
    """
    if job.status != JobStatus.PENDING or job.declared_size_bytes is None or job.content_type is None:
        return None
    upload = open_upload(job)
    if upload is None:
        return presigner.upload(
            bucket=job.source_bucket,
            key=job.source_key,
            size_bytes=job.declared_size_bytes,
            content_type=job.content_type,
            sha256=job.declared_sha256,
        )
    expires_at = presigner.upload_end()
    return MultipartTicket(
        method="MULTIPART",
        part_size_bytes=part_size_bytes(job.declared_size_bytes),
        parts=[
            PartLink(
                part_number=part.number,
                size_bytes=part.size_bytes,
                url=presigner.part(upload, part.number, part.size_bytes),
            )
            for part in parts_of(job.declared_size_bytes)
            if with_part_links
        ],
        complete_path=f"/jobs/{job.id}/upload/complete",
        abort_path=f"/jobs/{job.id}/upload/abort",
        parts_path=f"/jobs/{job.id}/upload/parts",
        expires_at=expires_at,
    )


def part_list(
    presigner: Presigner, upload: OpenUpload, size_bytes: int, stored: Mapping[int, StoredPart]
) -> PartList:
    """Which parts have arrived as they should, and links for the others."""
    expires_at = presigner.upload_end()
    parts: list[PartState] = []
    for part in parts_of(size_bytes):
        there = stored.get(part.number)
        whole = there is not None and there.size_bytes == part.size_bytes
        parts.append(
            PartState(
                part_number=part.number,
                size_bytes=part.size_bytes,
                etag=there.etag if there and whole else None,
                url=None if whole else presigner.part(upload, part.number, part.size_bytes),
            )
        )
    missing = sum(part["etag"] is None for part in parts)
    return PartList(parts=parts, missing=missing, expires_at=expires_at)
