"""The command for API keys: list, make, revoke."""

import argparse
from typing import Any

from rich.markup import escape
from rich.table import Table

from local.addresses import address_of
from local.api_client import ApiClient
from local.cli.output import Output
from local.errors import LocalModeError


def keys(arguments: argparse.Namespace, output: Output) -> int:
    """List the API's keys, make one, or revoke one."""
    _check(arguments)
    with ApiClient.at(address_of(arguments.stack, arguments.deployed)) as client:
        if arguments.action == "make":
            return _make(client, arguments, output)
        if arguments.action == "revoke":
            return _revoke(client, arguments.key_id, output)
        found = client.keys()
    output.result({"keys": found}, human=[_table(found)])
    return 0


def _check(arguments: argparse.Namespace) -> None:
    """Refuse what is missing before anybody is asked.

    Raises:
        LocalModeError: An option of the action is missing.
    """
    wanted = {"make": ("client", "name", "scope"), "revoke": ("key_id",)}.get(arguments.action, ())
    missing = [name for name in wanted if not getattr(arguments, name)]
    if missing:
        words = {"client": "--client", "name": "--name", "scope": "--scope", "key_id": "KEY_ID"}
        message = f"keys {arguments.action} lacks {', '.join(words[name] for name in missing)}."
        examples = {
            "make": 'python -m local keys make --client studio --name "Cutting room" --scope producer',
            "revoke": "python -m local keys revoke KEY_ID, with an id that `keys list` shows",
        }
        raise LocalModeError(message, remedy=f"For example: {examples[arguments.action]}")


def _make(client: ApiClient, arguments: argparse.Namespace, output: Output) -> int:
    made = client.make_key(arguments.client, arguments.name, arguments.scope)
    output.result(
        made,
        human=[
            _table([made["key"]]),
            "Its value, which is shown this once:",
            f"[bold]{escape(made['value'])}[/]",
        ],
    )
    return 0


def _revoke(client: ApiClient, key_id: str, output: Output) -> int:
    client.revoke_key(key_id)
    output.result(
        {"revoked": key_id},
        human=[f"The key {escape(key_id)} is revoked; the API refuses it within half a minute."],
    )
    return 0


def _table(found: list[dict[str, Any]]) -> Table:
    table = Table(title="API keys", title_justify="left")
    for name in ("client", "name", "scope", "state", "made by", "since", "id"):
        table.add_column(name, overflow="fold")
    for key in found:
        table.add_row(
            escape(key["client"]),
            escape(key["name"]),
            key["scope"],
            key["state"],
            "the deployment" if key["deployed"] else "an operator",
            key["created_at"],
            key["key_id"],
        )
    return table
