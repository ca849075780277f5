"""Commands for who runs the platform."""

import argparse

from rich.table import Table

from local.addresses import address_of
from local.agent.shortage import Shortage, declare
from local.api_client import ApiClient
from local.cli.output import Output
from local.paths import StackPaths
from local.supervisor import Supervisor


def redrive(arguments: argparse.Namespace, output: Output) -> int:
    """Give dead letters back to their queues, of one queue or of all that have some."""
    with ApiClient.at(address_of(arguments.stack, arguments.deployed)) as client:
        names = [arguments.queue] if arguments.queue else [item["queue"] for item in client.dead_letters()]
        results = [client.redrive(name) for name in names]
    table = Table(title="Messages given back", title_justify="left")
    table.add_column("queue", no_wrap=True)
    for name in ("moved", "waiting"):
        table.add_column(name, justify="right")
    for result in results:
        table.add_row(result["queue"], str(result["moved"]), str(result["waiting"]))
    output.result({"queues": results}, human=[table])
    return 0


def shortage(arguments: argparse.Namespace, output: Output) -> int:
    """Let there be no room for tasks from now on, or let the shortage be over."""
    Supervisor(arguments.stack).running_state()
    kind = None if arguments.kind == "over" else Shortage(arguments.kind)
    declare(StackPaths.for_stack(arguments.stack).shortage, kind)
    words = "there is room for tasks" if kind is None else "there is no room for tasks"
    output.result({"shortage": kind}, human=[words])
    return 0
