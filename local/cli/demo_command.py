"""Shows the demonstration to people."""

import argparse
from typing import Any

from rich.table import Table

from local.cli.output import Output, key_value_table, size_text
from local.demo.run import run_demo

_SHOWN_EVENTS = ("StateEntered", "StateExited", "Failed", "TimedOut", "Started", "Succeeded", "Scheduled")


def demo(arguments: argparse.Namespace, output: Output) -> int:
    """Process a real clip from start to end and report on it."""
    report = run_demo(arguments.stack, arguments.video, output)
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
