"""Writes zip archives whose bytes depend on names and contents only."""

from __future__ import annotations

import os
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

# The earliest time that the format can express.
_TIMESTAMP = (1980, 1, 1, 0, 0, 0)
_REGULAR_FILE_MODE = 0o100644
_UNIX = 3
LAMBDA_UNZIPPED_LIMIT_BYTES = 250 * 1024 * 1024


class PackageTooLargeError(ValueError):
    """The unzipped package is larger than AWS Lambda accepts."""


def write_zip(target: Path, files: Mapping[str, Path | bytes], *, compression_level: int = 9) -> None:
    """Writes the archive in place of a former one.

    Args:
        target: Path of the archive.
        files: Name inside the archive to file or literal content.
        compression_level: 0 (stored as is), 1 (fast) to 9 (small).

    Raises:
        PackageTooLargeError: The contents exceed Lambda's limit of 250 MiB unzipped.
    """
    size_bytes = sum(
        len(source) if isinstance(source, bytes) else source.stat().st_size for source in files.values()
    )
    if size_bytes > LAMBDA_UNZIPPED_LIMIT_BYTES:
        message = (
            f"{target.name} would be {size_bytes:,} bytes unzipped; AWS Lambda allows "
            f"{LAMBDA_UNZIPPED_LIMIT_BYTES:,}. Remove a dependency of services/metadata_api"
        )
        raise PackageTooLargeError(message)
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(prefix=f"{target.name}.", dir=target.parent)
    os.close(handle)
    try:
        _write(Path(temporary), files, compression_level)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(target)
    finally:
        Path(temporary).unlink(missing_ok=True)


def _write(path: Path, files: Mapping[str, Path | bytes], compression_level: int) -> None:
    method = zipfile.ZIP_DEFLATED if compression_level else zipfile.ZIP_STORED
    with zipfile.ZipFile(path, "w", method, compresslevel=compression_level or None) as archive:
        for name in sorted(files):
            source = files[name]
            entry = zipfile.ZipInfo(name, _TIMESTAMP)
            entry.compress_type = method
            entry.external_attr = _REGULAR_FILE_MODE << 16
            entry.create_system = _UNIX
            archive.writestr(entry, source if isinstance(source, bytes) else source.read_bytes())
