"""Runs the emulator, with one thing that it does not do by itself; only its own interpreter runs this file.

MiniStack restores archived objects, and keeps the state of a restore with the current object alone: a HEAD
that names a version is not told of it, not even for the current one. S3 tells it for every version (S3 API
reference, HeadObject), and the platform always names the version. So a HEAD for the current version is
answered as one without a version. Older versions still cannot be restored here.
"""

from typing import Any

from ministack.app import main  # type: ignore[import-not-found]
from ministack.services import s3  # type: ignore[import-not-found]

_head_object = s3._head_object  # the emulator offers no other place


def _head_with_restore(
    bucket_name: str,
    key: str,
    headers: dict[str, str] | None = None,
    query_params: dict[str, Any] | None = None,
) -> Any:
    """Answer HEAD; for the current version as S3 does."""
    query = dict(query_params or {})
    version_id = s3._qp(query, "versionId", "")
    bucket = s3._ensure_bucket(bucket_name)
    current = bucket["objects"].get(key) if bucket else None
    if version_id and current and current.get("version_id") == version_id:
        del query["versionId"]
    return _head_object(bucket_name, key, headers, query)


if __name__ == "__main__":
    s3._head_object = _head_with_restore
    main()
