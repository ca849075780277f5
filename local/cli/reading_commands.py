"""Commands that read logs and mail."""

import argparse
import datetime as dt
from pathlib import Path
from typing import Any

from rich.markup import escape

from local.aws import AwsAccess
from local.cli.output import Output
from local.errors import LocalModeError
from local.letters import read_mail
from local.servers.process import tail
from local.state import Phase
from local.supervisor import Supervisor

_SERVER_LOGS = ("postgres", "redis", "emulator")


def logs(arguments: argparse.Namespace, output: Output) -> int:
    """Show the names of all logs, or the end of those that match NAME."""
    supervisor = Supervisor(arguments.stack)
    sources = _local_logs(supervisor)
    access = _access(supervisor)
    groups = _log_groups(access) if access else []
    if arguments.name is None:
        names = sorted(sources) + sorted(groups)
        output.result({"logs": names}, human=names or ["There are no logs yet."])
        return 0
    found = {
        name: tail(path, arguments.lines).splitlines()
        for name, path in sources.items()
        if arguments.name in name
    }
    if access:
        found |= {
            group: _events(access, group, arguments.lines) for group in groups if arguments.name in group
        }
    if not found:
        known = ", ".join(sorted(sources) + sorted(groups)) or "none"
        message = f"No log is called {arguments.name}."
        raise LocalModeError(message, remedy=f"Known logs: {known}.")
    human: list[Any] = []
    for name, lines in found.items():
        human += [f"[bold]{escape(name)}[/]", *(escape(line) for line in lines)]
    output.result({"logs": found}, human=human)
    return 0


def mail(arguments: argparse.Namespace, output: Output) -> int:
    """Show every mail that was sent, newest last."""
    paths = sorted(Supervisor(arguments.stack).paths.mail.glob("*.eml"))
    letters = [read_mail(path) for path in paths]
    human: list[Any] = []
    for letter in letters:
        human += [
            f"[bold]{escape(letter['subject'])}[/]",
            f"To {escape(letter['to'])}, {letter['date']}, {escape(letter['path'])}",
            escape(letter["body"]),
        ]
    output.result({"mail": letters}, human=human or ["No mail was sent yet."])
    return 0


def _local_logs(supervisor: Supervisor) -> dict[str, Path]:
    root = supervisor.paths.logs
    found = {str(path.relative_to(root).with_suffix("")): path for path in sorted(root.rglob("*.log"))}
    for name in _SERVER_LOGS:
        path = supervisor.paths.root / name / f"{name}.log"
        if path.exists():
            found[name] = path
    return found


def _access(supervisor: Supervisor) -> AwsAccess | None:
    state = supervisor.state()
    if state.phase is not Phase.READY:
        return None
    return AwsAccess(state.emulator_url, state.region, ca_path=state.ca_path)


def _log_groups(access: AwsAccess) -> list[str]:
    pages = access.client("logs").get_paginator("describe_log_groups").paginate()
    return [group["logGroupName"] for page in pages for group in page["logGroups"]]


def _events(access: AwsAccess, group: str, lines: int) -> list[str]:
    answer = access.client("logs").filter_log_events(logGroupName=group)
    recent = sorted(answer["events"], key=lambda event: event["timestamp"])[-lines:]
    return [
        f"{dt.datetime.fromtimestamp(event['timestamp'] / 1000, dt.UTC):%H:%M:%S} {event['message'].rstrip()}"
        for event in recent
    ]
