"""Entry point of the function `key-maker`: does what the API or `maintain` asks for, one key at a time."""

import json
from typing import Any
from uuid import UUID

from keymaker.gateway_keys import GatewayKeys
from keymaker.settings import KeyMakerSettings
from runtime import clients
from runtime.key_making import MAKE, REMOVE
from runtime.logs import logger


class UnknownRequestError(ValueError):
    """It was asked for something that it does not do."""


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Lambda entry point; `runtime.key_making` writes the event and reads the answer.

    Raises:
        UnknownRequestError: The event asks for something else than to make or to remove a key.
        botocore.exceptions.ClientError: API Gateway refuses.
    """
    settings = KeyMakerSettings.from_environment()
    keys = GatewayKeys(
        gateway=clients.apigateway(),
        tagging=clients.tagging(),
        usage_plan_id=settings.usage_plan_id,
        tags=json.loads(settings.key_tags),
    )
    return answer(event, keys)


def answer(event: dict[str, Any], keys: GatewayKeys) -> dict[str, Any]:
    """Does what the event asks for.

    Returns:
        For a key that was made its id at API Gateway and its value; otherwise how many were deleted.

    Raises:
        UnknownRequestError: The event asks for something else.
        botocore.exceptions.ClientError: API Gateway refuses.
    """
    wanted, key_id = event.get("do"), UUID(str(event.get("key_id")))
    if wanted == MAKE:
        made = keys.make(key_id, str(event.get("description", "")))
        logger().info("gateway_key_made", extra={"key_id": str(key_id), "gateway_id": made.gateway_id})
        return {"gateway_id": made.gateway_id, "value": made.value}
    if wanted == REMOVE:
        removed = keys.remove(key_id, event.get("gateway_id"))
        logger().info("gateway_keys_removed", extra={"key_id": str(key_id), "removed": removed})
        return {"removed": removed}
    message = f"the request is {wanted!r}; it can be {MAKE!r} or {REMOVE!r}"
    raise UnknownRequestError(message)
