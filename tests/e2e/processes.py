"""Finds and kills the processes of a job's task."""

import contextlib
import json
import os
import signal
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.freezing import frozen
from tests.platform_client import Platform, wait_for


def processes_of(job_id: str, program: str) -> list[int]:
    """Pids of the processes of a job's task that run a program."""
    found = []
    for directory in Path("/proc").iterdir():
        if not directory.name.isdigit():
            continue
        try:
            words = (directory / "cmdline").read_bytes().split(b"\0")
            environment = (directory / "environ").read_bytes()
        except OSError:
            continue
        command = b" ".join(words)
        speaks_of_job = job_id.encode() in command or f"JOB_ID={job_id}".encode() in environment
        if speaks_of_job and program.encode() in command:
            found.append(int(directory.name))
    return found


@contextlib.contextmanager
def held(job_id: str, program: str) -> Iterator[None]:
    """Hold a program of a job's task still within the block, so that its work cannot end before."""
    processes = processes_of(job_id, program)
    assert processes, f"no process of {program} to hold"
    with contextlib.ExitStack() as stack:
        for each in processes:
            stack.enter_context(frozen(each))
        yield


def kill_while_encoding(job_id: str, program: str) -> None:
    """Wait until a job encodes, then SIGKILL its processes whose command line names a program."""
    wait_for("the encode", lambda: bool(processes_of(job_id, "libx264")) or None)
    victims = processes_of(job_id, program)
    assert victims, f"no process of {program} to kill"
    kill(victims)


def kill(pids: Iterable[int]) -> None:
    """SIGKILL processes; those that have just ended are no error."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def server_pid(platform: Platform, name: str) -> int:
    """The process of one of the platform's servers, as its own record has it."""
    stack = str(platform.description["stack"])
    state = json.loads((platform.data_dir / stack / "state.json").read_text())
    return int(state["processes"][name]["pid"])
