"""API keys at API Gateway: made under the stack's usage plan, found again by their tag, deleted."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol
from uuid import UUID

from botocore.exceptions import ClientError

from runtime.key_making import MadeKey

if TYPE_CHECKING:
    from mypy_boto3_apigateway import APIGatewayClient

# Tag with the ledger's id of a key.
LEDGER_KEY_TAG: Final = "ledger-key"
_KEYS_PATH: Final = "::/apikeys/"


class Tagging(Protocol):
    """What is used of the client of the Resource Groups Tagging API."""

    def get_paginator(self, operation_name: str) -> Any:
        """Gives what walks through all pages of an operation's answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayKeys:
    """The stack's keys at API Gateway.

    Args:
        gateway: Must not repeat a call by itself: a repeated creation would make a second key.
        tagging: Finds keys by their tags and, unlike a list of keys, never shows a value.
        usage_plan_id: The stack's plan; a key without a plan opens nothing.
        tags: Tags of every key that is made.
    """

    gateway: "APIGatewayClient"
    tagging: Tagging
    usage_plan_id: str
    tags: Mapping[str, str]

    def make(self, key_id: UUID, description: str) -> MadeKey:
        """Makes a key and puts it under the plan.

        What fails half-way leaves a key that opens nothing or whose value nobody was told; `remove` finds it.

        Args:
            key_id: The ledger's id; becomes name and tag.
            description: For people who look at API Gateway's console.

        Raises:
            botocore.exceptions.ClientError: API Gateway refuses.
        """
        made = self.gateway.create_api_key(
            name=f"video-key-{key_id}",
            description=description,
            enabled=True,
            tags={**self.tags, LEDGER_KEY_TAG: str(key_id)},
        )
        self.gateway.create_usage_plan_key(
            usagePlanId=self.usage_plan_id, keyId=made["id"], keyType="API_KEY"
        )
        return MadeKey(gateway_id=made["id"], value=made["value"])

    def remove(self, key_id: UUID, gateway_id: str | None) -> int:
        """Deletes a key; one that is gone already is fine.

        Args:
            key_id: The ledger's id.
            gateway_id: API Gateway's; None when nobody knows whether it was made.

        Returns:
            How many keys were deleted.

        Raises:
            botocore.exceptions.ClientError: API Gateway refuses.
        """
        found = [gateway_id] if gateway_id is not None else self._find(key_id)
        return sum(self._delete(item) for item in found)

    def _find(self, key_id: UUID) -> list[str]:
        wanted = [{"Key": LEDGER_KEY_TAG, "Values": [str(key_id)]}]
        pages = self.tagging.get_paginator("get_resources").paginate(TagFilters=wanted)
        arns = [str(item["ResourceARN"]) for page in pages for item in page["ResourceTagMappingList"]]
        return [arn.rpartition("/")[2] for arn in arns if _KEYS_PATH in arn]

    def _delete(self, gateway_id: str) -> bool:
        try:
            self.gateway.delete_api_key(apiKey=gateway_id)
        except ClientError as error:
            if error.response["Error"]["Code"] != "NotFoundException":
                raise
            return False
        return True
