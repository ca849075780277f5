"""Runs the emulator, with two things that it does not do by itself; only its own interpreter runs this file.

MiniStack restores archived objects, and keeps the state of a restore with the current object alone: a HEAD
that names a version is not told of it, not even for the current one. S3 tells it for every version (S3 API
reference, HeadObject), and the platform always names the version. So a HEAD for the current version is
answered as one without a version. Older versions still cannot be restored here.

It asks IAM about a key value store of CloudFront without saying which; AWS names the store (Service
Authorization Reference, "Actions, resources, and condition keys for Amazon CloudFront KeyValueStore").
"""

import re
from typing import Any
from urllib.parse import unquote

from ministack.app import main  # type: ignore[import-not-found]
from ministack.core import iam_actions  # type: ignore[import-not-found]
from ministack.services import s3  # type: ignore[import-not-found]

_head_object = s3._head_object  # the emulator offers no other place
_extract_resource_arn = iam_actions.extract_resource_arn
_STORE = re.compile(r"/key-value-stores/(arn:[^/]+/[A-Za-z0-9_-]+)")


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


def _resource_with_store(service: str, method: str, path: str, *others: Any) -> Any:
    """Name the resource of a request; of the store's own API the store."""
    store = _STORE.match(unquote(path)) if service == "cloudfront-keyvaluestore" else None
    return store[1] if store else _extract_resource_arn(service, method, path, *others)


if __name__ == "__main__":
    s3._head_object = _head_with_restore
    iam_actions.extract_resource_arn = _resource_with_store
    main()
