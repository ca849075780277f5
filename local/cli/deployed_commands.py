"""What commands show of a deployed stack that they show differently of the platform on this machine."""

from typing import Any

from local.addresses import address_of
from local.api_client import ApiClient
from local.cli.output import Output, key_value_table

_NOT_READY_EXIT_CODE = 6


def show_status(stack: str, output: Output) -> int:
    """Show where a deployed stack is and whether its API is well; exit code 6 when it is not."""
    address = address_of("", stack)
    with ApiClient.at(address) as client:
        health = client.health()
    document = {"stack": stack, "api_url": address.url, "health": health, "exports": dict(address.exports)}
    checks = {name: one["status"] for name, one in health["checks"].items()}
    rows: dict[str, Any] = {
        "Status": health["status"],
        **{name.capitalize(): status for name, status in checks.items()},
        "API": address.url,
        "Ingest bucket": address.exports.get("ingest_bucket", "-"),
        "State machine": address.exports.get("state_machine_arn", "-"),
    }
    output.result(document, human=[key_value_table(rows)])
    return _NOT_READY_EXIT_CODE if health["status"] == "unavailable" else 0
