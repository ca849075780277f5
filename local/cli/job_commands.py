"""Commands that send videos through the API and follow their jobs."""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from local.addresses import address_of
from local.api_client import ApiClient
from local.cli.output import Output, key_value_table, size_text
from local.errors import JobFailedError, LocalModeError


def submit(arguments: argparse.Namespace, output: Output) -> int:
    """Upload a file through the API and follow its job to the end."""
    path: Path = arguments.file
    if not path.is_file():
        message = f"{path} is no file."
        raise LocalModeError(message, remedy="Give the path of a video file.")
    with ApiClient.at(address_of(arguments.stack, arguments.deployed)) as client:
        job = submit_file(client, path, output, profile=arguments.profile)
        accepted = [f"Job {job['job_id']} was accepted.", _watch_hint(job, arguments)]
        if arguments.no_wait:
            output.result(job, human=accepted)
            return 0
        # Whoever leaves now must know how to come back.
        output.console.print(*accepted)
        return _show_end(follow(client, job["job_id"], output), output)


def watch(arguments: argparse.Namespace, output: Output) -> int:
    """Follow a job to its end."""
    with ApiClient.at(address_of(arguments.stack, arguments.deployed)) as client:
        return _show_end(follow(client, arguments.job, output), output)


def submit_file(
    client: ApiClient, path: Path, output: Output, *, profile: str | None = None
) -> dict[str, Any]:
    """Create a job and upload its file with a progress bar; gives the new job."""
    created = client.create_job(path, profile=profile)
    columns = (TextColumn("uploading {task.description}"), BarColumn(), DownloadColumn(), TimeElapsedColumn())
    with Progress(*columns, console=output.console) as progress:
        task = progress.add_task(path.name, total=path.stat().st_size)
        client.upload(path, created["upload"], lambda sent: progress.advance(task, sent))
    job: dict[str, Any] = created["job"]
    return job


def follow(client: ApiClient, job_id: str, output: Output) -> dict[str, Any]:
    """Show a job's progress until it has ended; gives the final job."""
    job: dict[str, Any] = {}
    with _job_progress(output) as (progress, task):
        for job in client.watch(job_id):
            stage, speed = _live_words(job)
            progress.update(task, completed=job["progress_percent"] or 0.0, stage=stage, speed=speed)
    return job


def outputs_table(job: dict[str, Any]) -> Table:
    """Give the table of everything a job made."""
    table = Table(title=f"Outputs of job {job['job_id']}", title_justify="left")
    for name in ("name", "kind", "codec", "picture"):
        table.add_column(name, no_wrap=True)
    for name in ("kbit/s", "seconds", "size"):
        table.add_column(name, justify="right", no_wrap=True)
    for one in job["outputs"]:
        table.add_row(
            one["name"],
            one["kind"],
            one["codec"] or "-",
            f"{one['width']}x{one['height']}" if one["width"] else "-",
            f"{one['bitrate_kbps']:.0f}" if one["bitrate_kbps"] else "-",
            f"{one['duration_seconds']:.2f}" if one["duration_seconds"] else "-",
            size_text(one["size_bytes"]),
        )
    return table


def odd_lines(job: dict[str, Any]) -> list[str]:
    """Give a line for each thing that was odd about the source of a job."""
    return [escape(f"Odd: {warning['message']} ({warning['code']})") for warning in job["warnings"]]


def _show_end(job: dict[str, Any], output: Output) -> int:
    if job["status"] != "COMPLETED":
        output.result(job)
        failure = JobFailedError.of(job)
        if not output.as_json:
            raise failure
        return failure.exit_code
    slowest_first = sorted(job["stage_seconds"].items(), key=lambda item: -item[1])
    stages = {name: f"{seconds:.2f} s" for name, seconds in slowest_first}
    output.result(job, human=[outputs_table(job), *odd_lines(job), key_value_table(stages, title="Stages")])
    return 0


@contextmanager
def _job_progress(output: Output) -> Iterator[tuple[Progress, TaskID]]:
    columns = (
        TextColumn("{task.fields[stage]}"),
        BarColumn(),
        TextColumn("{task.percentage:>5.1f} %"),
        TextColumn("{task.fields[speed]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=output.console) as progress:
        yield progress, progress.add_task("job", total=100.0, stage="waiting", speed="")


def _live_words(job: dict[str, Any]) -> tuple[str, str]:
    speed = f"{job['fps']:.0f} fps" if job["fps"] else ""
    if job["eta_seconds"]:
        speed += f", {job['eta_seconds']:.0f} s left"
    stage = job["stage"] if job["status"] == "PROCESSING" else None
    return f"{stage or job['status'].lower():<12}", speed


def _watch_hint(job: dict[str, Any], arguments: argparse.Namespace) -> str:
    where = f"--deployed {arguments.deployed}" if arguments.deployed else f"--stack {arguments.stack}"
    return f"Follow it with: python -m local watch {job['job_id']} {where}"
