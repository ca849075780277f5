"""Commands that start, stop and show the platform of a stack."""

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from local.cli.output import Output, key_value_table
from local.errors import LocalModeError
from local.state import Phase, PlatformState
from local.supervisor import Supervisor


def up(arguments: argparse.Namespace, output: Output) -> int:
    """Start the platform, or say that it runs already."""
    supervisor = Supervisor(arguments.stack)
    with start_progress(output) as on_state:
        result = supervisor.up(on_state, emulator_tls=arguments.emulator_tls)
    document = describe(supervisor, result.state) | {
        "was_running": result.was_running,
        "seconds": result.seconds,
    }
    headline = (
        f"The platform of stack {arguments.stack} runs already; nothing was changed."
        if result.was_running
        else f"The platform of stack {arguments.stack} is ready after {result.seconds:.1f} s."
    )
    output.result(document, human=[headline, _overview(document), *_hints(arguments.stack)])
    return 0


def down(arguments: argparse.Namespace, output: Output) -> int:
    """Stop the platform; data stay."""
    stopped = Supervisor(arguments.stack).down()
    words = f"Stopped: {', '.join(stopped)}." if stopped else "Nothing was running."
    output.result({"stack": arguments.stack, "stopped": stopped}, human=[words])
    return 0


def status(arguments: argparse.Namespace, output: Output) -> int:
    """Show what runs and where; exit code 6 when the platform is not ready."""
    if arguments.deployed is not None:
        from local.cli.deployed_commands import show_status

        return show_status(arguments.deployed, output)
    supervisor = Supervisor(arguments.stack)
    state = supervisor.state()
    document = describe(supervisor, state)
    human: list[Any] = [_overview(document)]
    if state.phase is Phase.STOPPED:
        human.append(f"Start:            python -m local up{_option(arguments.stack)}")
    if state.error:
        human.append(f"Last error: {state.error['message']} {state.error['remedy']}")
    output.result(document, human=human)
    return 0 if state.phase == "ready" else 6


def reset(arguments: argparse.Namespace, output: Output) -> int:
    """Stop the platform and delete all its data."""
    supervisor = Supervisor(arguments.stack)
    root = supervisor.paths.root
    if not arguments.yes and not _confirmed(f"Delete all data in {root}? Type yes: "):
        message = "Nothing was deleted."
        raise LocalModeError(message, remedy="Answer yes, or give --yes.")
    stopped = supervisor.reset()
    output.result(
        {"stack": arguments.stack, "stopped": stopped, "deleted": str(root)}, human=[f"Deleted {root}."]
    )
    return 0


def synth(arguments: argparse.Namespace, output: Output) -> int:
    """Print what the program would create, as stable JSON."""
    from local.synth import synthesise  # imports Pulumi, which the other commands do not need

    del output
    sys.stdout.write(json.dumps(synthesise(arguments.stack), indent=2, sort_keys=True) + "\n")
    return 0


def describe(supervisor: Supervisor, state: PlatformState) -> dict[str, Any]:
    """Give the platform's public face: addresses, key, processes, exports and directories."""
    processes = (
        [{"name": "platform", "pid": state.supervisor.pid}] if state.is_alive() and state.supervisor else []
    )
    processes += [
        {"name": name, "pid": identity.pid}
        for name, identity in state.processes.items()
        if identity.is_alive()
    ]
    return {
        "stack": state.stack,
        "phase": state.phase.value,
        "api_url": state.api_url,
        "api_key": state.api_key,
        "emulator_url": state.emulator_url,
        "ca_path": state.ca_path,
        "region": state.region,
        "data_dir": str(supervisor.paths.root),
        "mail_dir": str(supervisor.paths.mail),
        "logs_dir": str(supervisor.paths.logs),
        "postgres": state.postgres,
        "redis": state.redis,
        "processes": processes,
        "exports": state.exports,
        "step_seconds": state.step_seconds,
        "dropped_statements": state.dropped_statements,
        "error": state.error,
    }


@contextmanager
def start_progress(output: Output) -> Iterator[Any]:
    """Show the steps of a start; gives the callback for ``Supervisor.up``."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=output.console, transient=True) as progress:
        task = progress.add_task("starting", total=None)

        def on_state(state: PlatformState) -> None:
            made = f" ({state.resources} resources)" if state.resources else ""
            progress.update(task, description=f"{state.step or 'starting'}{made}")

        yield on_state


def _overview(document: dict[str, Any]) -> Any:
    rows = {
        "Status": document["phase"],
        # Of a platform that does not run, the record tells where it was; nobody should try that.
        **(_addresses(document) if document["processes"] else {}),
        "Data": document["data_dir"],
        "Mail": document["mail_dir"],
        "Logs": document["logs_dir"],
        "Processes": ", ".join(f"{one['name']} ({one['pid']})" for one in document["processes"]) or "none",
    }
    return key_value_table(rows)


def _addresses(document: dict[str, Any]) -> dict[str, str]:
    return {
        "API": document["api_url"] or "-",
        "API key": document["api_key"] or "-",
        "AWS emulator": document["emulator_url"] or "-",
        "Trust root": document["ca_path"] or "not needed: plain HTTP on the loopback interface",
        "PostgreSQL": _address(document["postgres"]),
        "Redis": _address(document["redis"]),
        "Ingest bucket": document["exports"].get("ingest_bucket", "-"),
        "State machine": document["exports"].get("state_machine_arn", "-"),
    }


def _address(server: dict[str, Any]) -> str:
    return f"{server['host']}:{server['port']}" if server else "-"


def _hints(stack: str) -> list[str]:
    return [
        f"Process a video:  python -m local submit FILE{_option(stack)}",
        f"Stop:             python -m local down{_option(stack)}",
    ]


def _option(stack: str) -> str:
    return "" if stack == "dev" else f" --stack {stack}"


def _confirmed(question: str) -> bool:
    if not sys.stdin.isatty():
        return False
    return input(question).strip().lower() == "yes"
