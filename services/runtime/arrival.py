"""Reads S3's ways of telling that an object was created, or has come out of the archive."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import unquote_plus

from ledger.jobs.arrivals import ASSET_PREFIX
from runtime.uuid_pattern import UUID_PATTERN

_RESTORED: Final = "Object Restore Completed"
EVENT_KINDS: Final = ("Object Created", _RESTORED)
"""What EventBridge calls them (S3 user guide, "Using EventBridge")."""
UPLOAD_KEY: Final = re.compile(rf"uploads/(?P<job>{UUID_PATTERN})/source")
"""Where the file of a job that was made first is uploaded to."""


class InvalidEventError(Exception):
    """A message is not an event that this function understands; its sender must be corrected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One object as its event tells it; everything but bucket and key may be missing.

    Attributes:
        restored: It was not created but has come out of the archive.
    """

    bucket: str
    key: str
    version_id: str | None
    etag: str | None
    sequencer: str | None
    restored: bool = False


def is_source(key: str) -> bool:
    """Whether jobs are made of such objects; not of "folders" made in the console and of what jobs use."""
    return not key.endswith("/") and not key.startswith(ASSET_PREFIX)


def read_arrivals(body: str) -> list[Arrival]:
    """The objects in a queue message: one from EventBridge, any number from a direct notification.

    Raises:
        InvalidEventError: The message is of another kind or lacks bucket or key.
    """
    try:
        event = json.loads(body)
    except ValueError as error:
        message = f"the message is not JSON: {error}"
        raise InvalidEventError(message) from error
    try:
        return _read(event)
    except (KeyError, TypeError, AttributeError) as error:
        message = f"the event has no usable bucket and object: {error!r}"
        raise InvalidEventError(message) from error


def message_for(bucket: str, key: str, version_id: str) -> str:
    """The message that EventBridge would have sent for this version, as far as `ingest` needs it.

    It has no sequencer, which only S3 gives: `ingest` takes the version for the newest one of its key.
    """
    told = {"bucket": {"name": bucket}, "object": {"key": key, "version-id": version_id}}
    return json.dumps({"source": "video-platform.sweep", "detail-type": "Object Created", "detail": told})


def _read(event: Mapping[str, Any]) -> list[Arrival]:
    if event.get("Event") == "s3:TestEvent":  # sent once when a bucket's notification is set up
        return []
    if "Records" in event:
        return [_from_notification(record) for record in event["Records"]]
    kind = event.get("detail-type")
    if kind not in EVENT_KINDS:
        message = f"expected one of the events {', '.join(EVENT_KINDS)}, got {kind!r}"
        raise InvalidEventError(message)
    detail = event["detail"]
    told = _arrival(detail["bucket"]["name"], detail["object"]["key"], detail["object"], "version-id", "etag")
    return [replace(told, restored=kind == _RESTORED)]


def _from_notification(record: Mapping[str, Any]) -> Arrival:
    name = record["eventName"].removeprefix("s3:")
    if not name.startswith("ObjectCreated:"):
        message = f"expected an ObjectCreated event, got {name!r}"
        raise InvalidEventError(message)
    details = record["s3"]
    # Only here are keys URL-encoded, with plus signs for spaces; EventBridge sends them as they are.
    key = unquote_plus(details["object"]["key"])
    return _arrival(details["bucket"]["name"], key, details["object"], "versionId", "eTag")


def _arrival(bucket: str, key: str, details: Mapping[str, Any], version: str, etag: str) -> Arrival:
    if not isinstance(bucket, str) or not isinstance(key, str) or not bucket or not key or "\0" in key:
        message = f"expected bucket and key as text, got {bucket!r} and {key!r}"
        raise InvalidEventError(message)
    return Arrival(
        bucket=bucket,
        key=key,
        version_id=details.get(version) or None,
        etag=(details.get(etag) or "").strip('"') or None,
        sequencer=details.get("sequencer") or None,
    )
