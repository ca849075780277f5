"""Versions of one secret: what is in use, what comes next, and putting the next one into use."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import uuid4

from tools.rotation.errors import RotationError

CURRENT: Final = "AWSCURRENT"
PENDING: Final = "AWSPENDING"


@dataclass(frozen=True, slots=True)
class SecretVersions:
    """One secret by its versions, which Secrets Manager tells apart by labels.

    The steps are those of its rotation functions (Secrets Manager user guide, "Rotation by Lambda function"):
    a pending version is made and tried before the label of the current one moves to it.

    Args:
        client: Of Secrets Manager.
        arn: The secret.
    """

    client: Any
    arn: str

    def current(self) -> dict[str, Any]:
        """What is in use."""
        return self._content(CURRENT)

    def refuse_if_younger(self, least_age: timedelta, *, why: str) -> None:
        """Keeps a rotation away from what still uses the version before the current one.

        Raises:
            RotationError: The current version is younger than that.
        """
        made_at = self.client.get_secret_value(SecretId=self.arn, VersionStage=CURRENT)["CreatedDate"]
        age = datetime.now(UTC) - made_at
        if age < least_age:
            message = f"{self.arn} was replaced {age.total_seconds() / 60:.0f} minutes ago, and {why}"
            raise RotationError(message, remedy=f"Wait until {made_at + least_age:%Y-%m-%d %H:%M %Z}.")

    def pending(self, make: Callable[[], Mapping[str, Any]]) -> dict[str, Any]:
        """What comes next: what an interrupted run has left, else what `make` gives."""
        left, current = self._labelled(PENDING), self._labelled(CURRENT)
        if left is None or left == current:
            self.client.put_secret_value(
                SecretId=self.arn,
                ClientRequestToken=str(uuid4()),
                SecretString=json.dumps(dict(make())),
                VersionStages=[PENDING],
            )
        return self._content(PENDING)

    def promote(self) -> None:
        """Puts the pending version into use; the former one stays as the previous."""
        pending, current = self._labelled(PENDING), self._labelled(CURRENT)
        if pending is None:
            message = f"{self.arn} has no pending version"
            raise RotationError(message, remedy="Run the rotation again.")
        if pending != current:
            self.client.update_secret_version_stage(
                SecretId=self.arn, VersionStage=CURRENT, MoveToVersionId=pending, RemoveFromVersionId=current
            )
        self.client.update_secret_version_stage(
            SecretId=self.arn, VersionStage=PENDING, RemoveFromVersionId=pending
        )

    def _content(self, label: str) -> dict[str, Any]:
        answer = self.client.get_secret_value(SecretId=self.arn, VersionStage=label)
        content: dict[str, Any] = json.loads(answer["SecretString"])
        return content

    def _labelled(self, label: str) -> str | None:
        versions = self.client.describe_secret(SecretId=self.arn)["VersionIdsToStages"]
        return next((version for version, labels in versions.items() if label in labels), None)
