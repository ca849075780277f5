"""One platform under load: its processes, its ledger and its clients, in spite of what is done to them."""

import json
import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import psycopg

from tests.platform_client import Platform

_MASTER = "video_admin"


@dataclass
class World:
    """What load, chaos and audit share.

    Attributes:
        stop: Set when the load is over and nothing more shall break.
        notes: What was done, for the report.
    """

    platform: Platform
    stop: threading.Event = field(default_factory=threading.Event)
    notes: list[str] = field(default_factory=list)

    @property
    def data_dir(self) -> Path:
        """Where this stack keeps its files."""
        return self.platform.data_dir / str(self.platform.description["stack"])

    def state(self) -> dict[str, Any]:
        """The platform's own record of what runs."""
        state: dict[str, Any] = json.loads((self.data_dir / "state.json").read_text())
        return state

    def pid_of(self, server: str) -> int:
        """The process of a server right now."""
        return int(self.state()["processes"][server]["pid"])

    def cpu_seconds(self) -> dict[str, float]:
        """Processor time so far by server, with children that have ended: the tasks are the agent's."""
        state = self.state()
        pids = {name: entry["pid"] for name, entry in state["processes"].items() if "task-" not in name}
        pids["agent and tasks"] = state["supervisor"]["pid"]
        return {name: _cpu_seconds(pid) for name, pid in pids.items()}

    def rows(self, query: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Asks the ledger as its master.

        Raises:
            psycopg.OperationalError: It is away at the moment.
        """
        state = self.state()
        with psycopg.connect(
            host=state["postgres"]["host"],
            port=state["postgres"]["port"],
            dbname=state["postgres"]["database"],
            user=_MASTER,
            password=state["secrets"]["postgres_master_password"],
            sslmode="verify-full",
            sslrootcert=str(self.data_dir / "tls" / "ca.pem"),
            connect_timeout=3,
        ) as conn:
            return conn.execute(query, parameters).fetchall()

    @cached_property
    def ingest_function(self) -> str:
        """The function that takes events of the ingest bucket."""
        sqs, url = self.platform.aws("sqs"), self.platform.exports["ingest_queue_url"]
        found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        mappings = self.platform.aws("lambda").list_event_source_mappings(
            EventSourceArn=found["Attributes"]["QueueArn"]
        )
        return str(mappings["EventSourceMappings"][0]["FunctionArn"])

    def tasks(self) -> list[int]:
        """Processes of the tasks that run: each worker and its media tools."""
        own = f"{self.data_dir / 'tasks'}".encode()
        return [pid for pid in _all_pids() if own in _text(pid, "environ") or own in _text(pid, "cmdline")]


def _cpu_seconds(pid: int) -> float:
    fields = _text(pid, "stat").rpartition(b") ")[2].split()
    # utime, stime, cutime and cstime, counted from the field after the name.
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def _all_pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _text(pid: int, name: str) -> bytes:
    try:
        return (Path("/proc") / str(pid) / name).read_bytes()
    except OSError:
        return b""


def signal_process(pid: int, number: int) -> bool:
    """Sends a signal; whether there was still somebody to get it."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True
