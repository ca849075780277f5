"""The function `key-maker` at the emulator's API Gateway, and what can fail between it and the API."""

import io
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from keymaker.gateway_keys import GatewayKeys
from keymaker.maker import answer

_STACK_TAGS = {"project": "video-platform", "stack": "test"}


@dataclass
class FaultyGateway:
    """API Gateway's client; what is named in `failing` fails, `lost` ones after they were done."""

    client: Any
    failing: set[str] = field(default_factory=set)
    lost: set[str] = field(default_factory=set)

    def create_api_key(self, **arguments: Any) -> Any:
        return self._do("create_api_key", arguments)

    def create_usage_plan_key(self, **arguments: Any) -> Any:
        return self._do("create_usage_plan_key", arguments)

    def delete_api_key(self, **arguments: Any) -> Any:
        return self._do("delete_api_key", arguments)

    def _do(self, name: str, arguments: Mapping[str, Any]) -> Any:
        if name in self.failing:
            raise ClientError({"Error": {"Code": "TooManyRequestsException", "Message": ""}}, name)
        told = getattr(self.client, name)(**arguments)
        if name in self.lost:
            raise ReadTimeoutError(endpoint_url="https://apigateway.invalid")
        return told


@dataclass
class InProcessLambda:
    """Lambda's client: runs the function in this process. A call or its answer can get lost."""

    keys: GatewayKeys
    unreachable: bool = False
    answer_lost: bool = False
    asked: list[dict[str, Any]] = field(default_factory=list)

    def invoke(self, *, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803, ARG002 -- boto3's names
        if self.unreachable:
            raise EndpointConnectionError(endpoint_url="https://lambda.invalid")
        self.asked.append(json.loads(Payload))
        try:
            told: dict[str, Any] = answer(self.asked[-1], self.keys)
        except Exception as error:  # noqa: BLE001 -- as Lambda does with whatever a function raises
            report = {"errorType": type(error).__name__, "errorMessage": str(error)}
            return {"FunctionError": "Unhandled", "Payload": io.BytesIO(json.dumps(report).encode())}
        if self.answer_lost:
            raise ReadTimeoutError(endpoint_url="https://lambda.invalid")
        return {"Payload": io.BytesIO(json.dumps(told).encode())}


@dataclass
class KeySystem:
    """A usage plan of its own, the function that fills it, and the faults between."""

    client: Any
    plan_id: str
    gateway: FaultyGateway
    function: InProcessLambda

    def at_gateway(self) -> list[dict[str, Any]]:
        """The stack's keys that API Gateway has, without the deployment's own."""
        return [key for key in self.client.get_api_keys()["items"] if "ledger-key" in key.get("tags", {})]

    def in_plan(self) -> set[str]:
        """Ids of the keys under the plan that exist."""
        listed = {key["id"] for key in self.client.get_usage_plan_keys(usagePlanId=self.plan_id)["items"]}
        return listed & {key["id"] for key in self.at_gateway()}

    def mend(self) -> None:
        """Ends every fault."""
        self.gateway.failing.clear()
        self.gateway.lost.clear()
        self.function.unreachable = self.function.answer_lost = False


def make_key_system(aws: Any) -> KeySystem:
    """Makes a plan at the emulator; no key of a test before is left."""
    client = aws.client("apigateway")
    for key in client.get_api_keys()["items"]:
        if "ledger-key" in key.get("tags", {}):
            client.delete_api_key(apiKey=key["id"])
    plan_id = client.create_usage_plan(name=f"plan-{secrets.token_hex(4)}")["id"]
    gateway = FaultyGateway(client)
    keys = GatewayKeys(
        gateway=gateway,  # type: ignore[arg-type]
        tagging=aws.client("resourcegroupstaggingapi"),
        usage_plan_id=plan_id,
        tags=_STACK_TAGS,
    )
    return KeySystem(client, plan_id, gateway, InProcessLambda(keys))
