"""An archive under the control of a test: restores of S3 take hours, and copies end at midnight."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from tests.ledger_support import client_error


@dataclass
class FakeArchive:
    """Heads by key and version, and what was asked for; an object that is not listed is gone."""

    heads: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    asked: list[dict[str, Any]] = field(default_factory=list)
    error: Exception | None = None

    def put(self, key: str, version_id: str = "v1", *, storage_class: str = "DEEP_ARCHIVE") -> None:
        """An archived object."""
        head = {"ContentLength": 1000, "ETag": '"e1"', "VersionId": version_id, "StorageClass": storage_class}
        self.heads[key, version_id] = head

    def copied(self, key: str, version_id: str = "v1", *, hours: float = 72) -> datetime:
        """Its restore is over; gives when the copy ends, in whole seconds."""
        ends_at = (datetime.now(UTC) + timedelta(hours=hours)).replace(microsecond=0)
        date = format_datetime(ends_at, usegmt=True)
        self.heads[key, version_id]["Restore"] = f'ongoing-request="false", expiry-date="{date}"'
        return ends_at

    def lapse(self, key: str, version_id: str = "v1") -> None:
        """Its copy has ended."""
        self.heads[key, version_id].pop("Restore", None)

    def head_object(self, **asked: Any) -> dict[str, Any]:
        if self.error:
            raise self.error
        head = self.heads.get((asked["Key"], asked.get("VersionId", "")))
        if head is None:
            raise client_error("404", "HeadObject")
        return head

    def restore_object(self, **asked: Any) -> None:
        self.asked.append(asked)
        head = self.heads[asked["Key"], asked.get("VersionId", "")]
        if 'ongoing-request="true"' in head.get("Restore", ""):
            raise client_error("RestoreAlreadyInProgress", "RestoreObject")
        if "Restore" in head:
            self.copied(asked["Key"], asked["VersionId"], hours=24 * asked["RestoreRequest"]["Days"])
        else:
            head["Restore"] = 'ongoing-request="true"'
