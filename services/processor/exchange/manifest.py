"""The manifest of an attempt: what was made from what, written after every other object."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from ledger.models import Claim, OutputRecord
from media.produce.catalogue import ProducedFile
from media.produce.production import Production
from processor.exchange.publish import MANIFEST_CONTENT_TYPE, PublishedObject
from processor.exchange.source import SourceFile
from processor.exchange.warnings import job_warnings

SCHEMA_VERSION: Final = 1


def output_records(
    files: Sequence[ProducedFile], published: Mapping[str, PublishedObject]
) -> list[OutputRecord]:
    """Return what the ledger stores of each published file; `published` is keyed by file name."""
    return [
        OutputRecord(
            name=file.name,
            kind=file.kind,
            key=published[file.path.name].key,
            content_type=file.content_type,
            size_bytes=published[file.path.name].size_bytes,
            sha256=published[file.path.name].sha256,
            width=file.width,
            height=file.height,
            codec=file.codec,
            bitrate_kbps=file.bitrate_kbps,
            duration_seconds=file.duration_seconds,
            frame_rate=file.frame_rate,
            details=file.details,
        )
        for file in files
    ]


def manifest_record(published: PublishedObject) -> OutputRecord:
    """Return what the ledger stores of the manifest itself; the kind manifest is that of `hls` and `dash`."""
    return OutputRecord(
        name="manifest",
        kind="summary",
        key=published.key,
        content_type=MANIFEST_CONTENT_TYPE,
        size_bytes=published.size_bytes,
        sha256=published.sha256,
    )


def build_manifest(
    claim: Claim,
    source: SourceFile,
    production: Production,
    records: Sequence[OutputRecord],
    stage_seconds: Mapping[str, float],
) -> dict[str, Any]:
    """Return the manifest as JSON-serialisable data; files are named relative to the manifest."""
    return {
        "schema_version": SCHEMA_VERSION,
        "job_id": str(claim.job_id),
        "video_id": str(claim.video_id),
        "attempt": claim.attempt,
        "fence": claim.fence,
        "profile": claim.profile,
        "overrides": claim.overrides.as_dict(),
        "created_at": datetime.now(UTC).isoformat(),
        "source": {
            "filename": claim.filename,
            "size_bytes": source.size_bytes,
            "sha256": source.sha256,
            "technical": production.technical,
        },
        "warnings": [warning.as_dict() for warning in job_warnings(production.warnings)],
        "outputs": [_entry(claim, record) for record in records],
        "stage_seconds": dict(stage_seconds),
        "commands": [
            {
                "step": command.step,
                "argv": [_relative(argument, source.path.parent) for argument in command.argv],
                "seconds": round(command.seconds, 3),
            }
            for command in production.commands
        ],
    }


def _relative(argument: str, job_directory: Path) -> str:
    """Name paths relative to the job's directory: the absolute one is gone when people read this."""
    return argument.replace(f"{job_directory}/", "")


def _entry(claim: Claim, record: OutputRecord) -> dict[str, Any]:
    return {
        "name": record.name,
        "kind": record.kind,
        "file": record.key.removeprefix(claim.output_prefix),
        "content_type": record.content_type,
        "size_bytes": record.size_bytes,
        "sha256": record.sha256,
        "codec": record.codec,
        "width": record.width,
        "height": record.height,
        "bitrate_kbps": record.bitrate_kbps,
        "duration_seconds": record.duration_seconds,
        "frame_rate": record.frame_rate,
        "details": dict(record.details),
    }
