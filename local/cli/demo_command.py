"""Shows the demonstration to people."""

import argparse
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from rich.table import Table

from local.api_client import ApiClient
from local.cli.job_commands import follow, submit_file
from local.cli.output import Output, key_value_table, size_text
from local.cli.stack_commands import start_progress
from local.demo.run import run_demo
from local.state import PlatformState

_SHOWN_EVENTS = ("StateEntered", "StateExited", "Failed", "TimedOut", "Started", "Succeeded", "Scheduled")


def demo(arguments: argparse.Namespace, output: Output) -> int:
    """Process a real clip from start to end and report on it."""
    report = run_demo(arguments.stack, arguments.video, _TerminalPresenter(output))
    compared = report["bare_ffmpeg_comparison"]
    letter = report["mail"]
    files = {
        "Poster": report["poster"],
        "HLS": report["manifests"]["hls"],
        "DASH": report["manifests"]["dash"],
        "Mail": letter["path"],
        "Report": report["report_path"],
    }
    times = {name: f"{seconds:.2f} s" for name, seconds in report["stages"].items()}
    kept = "kept" if compared["within_allowance"] else "exceeded"
    ratio = {
        "Platform": f"{compared['platform_seconds']:.2f} s from upload to notification",
        "Bare commands": f"{compared['bare_seconds']:.2f} s on {compared['cores']} core(s)",
        "Ratio": f"{compared['ratio']:.2f}",
        "Allowed": f"{compared['allowed_seconds']:.2f} s: {kept}",
    }
    output.result(
        report,
        human=[
            _renditions(report["renditions"]),
            key_value_table(files, title="Files"),
            key_value_table({"Subject": letter["subject"], "Text": letter["body"]}, title="The mail"),
            _history(report["execution_history"]),
            key_value_table(times, title="Stages"),
            key_value_table(ratio, title="Compared with the bare commands"),
        ],
    )
    return 0


class _TerminalPresenter:
    """Shows the steps of the demonstration as the other commands show theirs."""

    def __init__(self, output: Output) -> None:
        self._output = output

    def starting(self) -> AbstractContextManager[Callable[[PlatformState], None]]:
        return start_progress(self._output)

    def submit(self, client: ApiClient, path: Path) -> dict[str, Any]:
        return submit_file(client, path, self._output)

    def follow(self, client: ApiClient, job_id: str) -> dict[str, Any]:
        return follow(client, job_id, self._output)

    def note(self, text: str) -> None:
        self._output.console.print(text)


def _renditions(renditions: list[dict[str, Any]]) -> Table:
    table = Table(title="Renditions", title_justify="left")
    for name in ("name", "codec", "size", "kbit/s", "seconds", "file", "path"):
        table.add_column(name, overflow="fold")
    for one in renditions:
        table.add_row(
            one["name"],
            one["codec"] or "-",
            f"{one['width']}x{one['height']}" if one["width"] else "-",
            f"{one['bitrate_kbps']:.0f}" if one["bitrate_kbps"] else "-",
            f"{one['duration_seconds']:.2f}" if one["duration_seconds"] else "-",
            size_text(one["size_bytes"]),
            one["path"],
        )
    return table


def _history(execution: dict[str, Any]) -> Table:
    table = Table(title=f"Execution {execution['name']}: {execution['status']}", title_justify="left")
    table.add_column("after", justify="right")
    table.add_column("event")
    table.add_column("what", overflow="fold")
    for event in execution["events"]:
        if event["type"].endswith(_SHOWN_EVENTS):
            table.add_row(f"{event['seconds']:.2f} s", event["type"], event["what"])
    return table
