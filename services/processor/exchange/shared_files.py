"""The files that the tasks of one job share: the uncut source and finished chunks, one directory a job.

Nothing here is trusted because it exists: the header is written last, a chunk counts when the ledger names
its directory and the digest of its record, and the record holds the digests of the files beside it.
"""

import hashlib
import os
import shutil
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, ValidationError

from ledger.overrides import Overrides
from media.encode.loudness import Correction
from media.encode.picture_facts import PictureFacts
from media.inspect.packets import StreamTimes
from media.tools.warnings import SourceWarning

_BLOCK_BYTES: Final = 4 * 1024 * 1024
_RECORD_NAME: Final = "chunk.json"
_HEADER_NAME: Final = "plan.json"


class _Document(BaseModel):
    # Silence has a peak of minus infinity, which JSON proper cannot hold.
    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")


class PlanHeader(_Document):
    """What every task of a plan must agree on beside the source.

    Attributes:
        threads: Threads that encoders are told of; their bytes depend on it.
        window_seconds: Wanted length of a window.
        is_remuxed: Whether windows are read from a copy of the picture in another container.
        sha256: Digest of the source, when its uploader declared one.
        overrides: What the job asks for beyond its profile.
        times: What the packets of the source say, so that only one task reads them all; None where they could
            not be measured.
    """

    threads: int
    window_seconds: float
    is_remuxed: bool
    sha256: str | None
    overrides: Overrides
    times: dict[int, StreamTimes] | None = None


class StoredFile(_Document):
    """A file of a chunk."""

    size_bytes: int
    sha256: str


class ChunkRecord(_Document):
    """What is in a finished chunk.

    Attributes:
        files: Its files by name.
        frames: Frames of each rendition; 0 for sound.
        picture: What was measured on the picture.
        lost_seconds: About how much of the picture could not be decoded, where that is borne.
        sound_seconds: Length of the longest track of sound.
        corrections: What brought each track to its level, by output name.
        warnings: What its worker found odd, also beyond what inspection told.
    """

    files: dict[str, StoredFile]
    frames: int = 0
    picture: PictureFacts | None = None
    lost_seconds: float = 0.0
    sound_seconds: float = 0.0
    corrections: dict[str, Correction] = {}
    warnings: tuple[SourceWarning, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedPlan:
    """The shared directory of one plan of one job."""

    directory: Path

    @classmethod
    def of(cls, root: Path, job_id: UUID, plan_key: str) -> "SharedPlan":
        """The directory of a plan below the shared file system's `root`."""
        return cls(directory=job_directory(root, job_id) / plan_key)

    @property
    def source(self) -> Path:
        """The uncut source."""
        return self.directory / "source"

    @property
    def picture(self) -> Path:
        """The picture of a source that cannot be sought in, in another container."""
        return self.directory / "picture.mp4"

    @property
    def watermark(self) -> Path:
        """The watermark, when the job asks for one."""
        return self.directory / "watermark"

    def read_header(self) -> PlanHeader | None:
        """The header, or None while the shared source is not complete."""
        try:
            return PlanHeader.model_validate_json((self.directory / _HEADER_NAME).read_bytes())
        except (OSError, ValidationError):
            return None

    def write_header(self, header: PlanHeader) -> None:
        """Say that the shared source is complete."""
        _write_whole(self.directory / _HEADER_NAME, header.model_dump_json().encode())

    def store(self, files: Sequence[Path], record: ChunkRecord, place: str, check: Callable[[], None]) -> str:
        """Copy the files of a chunk to its directory and write its record.

        Args:
            files: The files, on this task's own disk.
            record: What is known of the chunk but its files.
            place: Directory of this hold on the chunk; nobody else writes there.
            check: Called between blocks; raises when the work must stop.

        Returns:
            The digest of the record.
        """
        directory = self.directory / place
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        stored = {path.name: copy_file(path, directory / path.name, check) for path in files}
        text = record.model_copy(update={"files": stored}).model_dump_json().encode()
        _write_whole(directory / _RECORD_NAME, text)
        return hashlib.sha256(text).hexdigest()

    def load(self, place: str, sha256: str) -> ChunkRecord | None:
        """The record of a finished chunk, or None when it or one of its files is missing or cut short."""
        directory = self.directory / place
        try:
            text = (directory / _RECORD_NAME).read_bytes()
            if hashlib.sha256(text).hexdigest() != sha256:
                return None
            record = ChunkRecord.model_validate_json(text)
            sizes = {name: (directory / name).stat().st_size for name in record.files}
        except (OSError, ValidationError):
            return None
        return record if sizes == {name: file.size_bytes for name, file in record.files.items()} else None

    def is_whole(self, place: str, record: ChunkRecord, check: Callable[[], None]) -> bool:
        """Whether every file of a chunk still has its digest."""
        for name, file in record.files.items():
            check()
            with (self.directory / place / name).open("rb") as stream:
                if hashlib.file_digest(stream, "sha256").hexdigest() != file.sha256:
                    return False
        return True


def job_directory(root: Path, job_id: UUID) -> Path:
    """The directory of all plans of one job."""
    return root / str(job_id)


def copy_file(source: Path, target: Path, check: Callable[[], None]) -> StoredFile:
    """Copy a file so that the target is whole or absent; `check` raises when the work must stop."""
    digest, size_bytes = hashlib.sha256(), 0
    partial = target.with_name(f"{target.name}.{uuid.uuid4().hex}")
    try:
        with source.open("rb") as reader, partial.open("wb") as writer:
            while block := reader.read(_BLOCK_BYTES):
                check()
                digest.update(block)
                writer.write(block)
                size_bytes += len(block)
            writer.flush()
            os.fsync(writer.fileno())
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    return StoredFile(size_bytes=size_bytes, sha256=digest.hexdigest())


def _write_whole(path: Path, data: bytes) -> None:
    partial = path.with_name(f"{path.name}.{uuid.uuid4().hex}")
    partial.write_bytes(data)
    partial.replace(path)
