"""The way to the function `key-maker`, which alone makes API keys at API Gateway and takes them away."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

MAKE: Final = "make"
REMOVE: Final = "remove"


class KeyMakerError(Exception):
    """It did not do what it was asked for, or nobody knows whether it did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeKey:
    """A key that opens the API as soon as the ledger knows its id; the value is shown once."""

    gateway_id: str
    value: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyMaker:
    """Asks the function, and waits for its answer: a key's value must stand in no queue.

    Args:
        client: Must not repeat a call by itself: a repeated making would make a second key.
        function_name: Name of the function.
    """

    client: "LambdaClient"
    function_name: str

    def make(self, key_id: UUID, description: str) -> MadeKey:
        """Has a key made at API Gateway.

        Args:
            key_id: The ledger's id, by which the key is found again if the answer gets lost.
            description: For people who look at API Gateway's console.

        Raises:
            KeyMakerError: No key can be shown; there may be one, which has to be removed.
        """
        told = self._ask({"do": MAKE, "key_id": str(key_id), "description": description})
        try:
            return MadeKey(gateway_id=str(told["gateway_id"]), value=str(told["value"]))
        except KeyError:
            message = f"{self.function_name} answered without a key"
            raise KeyMakerError(message) from None

    def remove(self, key_id: UUID, gateway_id: str | None) -> None:
        """Has a key deleted at API Gateway; repeats do no harm.

        Args:
            key_id: The ledger's id.
            gateway_id: API Gateway's; None when nobody knows whether it was made.

        Raises:
            KeyMakerError: It may still be there.
        """
        self._ask({"do": REMOVE, "key_id": str(key_id), "gateway_id": gateway_id})

    def _ask(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        payload = json.dumps(request).encode()
        try:
            answer = self.client.invoke(FunctionName=self.function_name, Payload=payload)
            told: dict[str, Any] = json.loads(answer["Payload"].read())
        except (BotoCoreError, ClientError, ValueError) as error:
            message = f"{self.function_name} gave no answer: {type(error).__name__}"
            raise KeyMakerError(message) from error
        if answer.get("FunctionError"):
            message = f"{self.function_name} failed with {told.get('errorType')}; its log tells why"
            raise KeyMakerError(message)
        return told
