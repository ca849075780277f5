"""The command that shows how a video would be processed, without processing it."""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from rich.markup import escape

from local.cli.output import Output, key_value_table
from local.errors import LocalModeError
from local.paths import REPOSITORY_ROOT
from local.stack_config import load_stack_settings

_CPU_UNITS_PER_CORE = 1024


def plan(arguments: argparse.Namespace, output: Output) -> int:
    """Inspect FILE and print the decision, the estimate and the windows under the stack's configuration."""
    if not arguments.file.is_file():
        message = f"{arguments.file} is not a file."
        raise LocalModeError(message, remedy="Name the video to plan.")
    document = _ask_processor(arguments)
    if "error" in document:
        raise LocalModeError(document["error"]["message"], remedy=document["error"]["remedy"])
    output.result(document, human=_for_people(document))
    return 0


def _ask_processor(arguments: argparse.Namespace) -> dict[str, Any]:
    config = load_stack_settings(REPOSITORY_ROOT, arguments.deployed or arguments.stack).parsed()
    task, jobs, chunking = config.task, config.jobs, config.chunking
    task_seconds = jobs.task_stops_at_seconds
    command = [
        *(sys.executable, "-m", "media.produce.plan_file", str(arguments.file.absolute())),
        *("--max-hours", str(jobs.max_source_hours)),
        *("--profile", arguments.profile, "--mode", chunking.chunking_mode),
        *("--window-seconds", str(chunking.chunk_window_seconds)),
        *("--concurrency", str(chunking.chunk_max_concurrency)),
        *("--vcpus", str(task.task_cpu_units // _CPU_UNITS_PER_CORE)),
        *("--memory-mib", str(task.task_memory_mib)),
        *("--task-seconds", str(task_seconds)),
        *("--workflow-seconds", str(jobs.workflow_timeout_seconds)),
    ]
    done = subprocess.run(
        command,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY_ROOT / "services")},
        capture_output=True,
        text=True,
        # All packets of a long source are read; the tools have limits of their own, together that of a task.
        timeout=task_seconds,
        check=False,
    )
    try:
        document: dict[str, Any] = json.loads(done.stdout)
    except ValueError as error:
        message = f"The plan could not be made: {done.stderr.strip()[-500:]}"
        raise LocalModeError(message, remedy="Run make setup and try again.") from error
    return document


def _for_people(document: Mapping[str, Any]) -> list[Any]:
    estimate, windows = document.get("estimate") or {}, document.get("windows") or []
    rows: dict[str, Any] = {
        "Decision": document["mode"],
        "Because": "; ".join(document["reasons"]),
        "Renditions": ", ".join(document.get("renditions", [])),
        "Estimated cost": f"{estimate['vcpu_seconds']} vCPU-seconds" if estimate else "unknown",
        "One task": f"about {estimate['single_seconds']} s" if estimate else "unknown",
        "In windows": f"about {estimate['chunked_seconds']} s" if estimate else "unknown",
        "Windows": str(len(windows)),
    }
    lines = [
        f"{item['name']}  from {item['start_seconds']:>10.3f} s  frame {item['first_frame']:>8}  "
        + (f"{item['frames']} frames" if item["frames"] is not None else "to the end")
        for item in windows
    ]
    return [key_value_table(rows), *(escape(line) for line in lines)]
