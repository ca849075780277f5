"""The record of one local stack: what runs, where it answers, and the secrets made for it."""

import json
import os
import threading
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from local.servers.process import ProcessIdentity

_WRITING = threading.Lock()


class Phase(StrEnum):
    """How far the platform is."""

    STOPPED = "stopped"
    STARTING = "starting"
    READY = "ready"
    FAILED = "failed"


@dataclass(slots=True)
class PlatformState:
    """Everything another process must know about the platform.

    Attributes:
        stack: Name of the stack.
        phase: How far it is.
        step: What is being done while starting, in words.
        resources: How many resources have been applied.
        error: Why it failed, and the remedy.
        supervisor: Identity of the platform process.
        processes: Name to identity of everything the platform process started.
        emulator_url: Endpoint of every AWS service.
        emulator_tls: Whether the last start asked for an emulator that speaks TLS.
        ca_path: PEM file with which clients verify the emulator; empty when it speaks plain HTTP.
        region: Region of every ARN.
        api_url: The metadata API.
        api_key: The key for it.
        exports: The stack's outputs.
        postgres: Host, port and database.
        redis: Host and port.
        secrets: Generated passwords; kept between runs.
        step_seconds: How long each step of the last start took.
        dropped_statements: Policy statements that cannot hold without TLS.
    """

    stack: str
    phase: Phase = Phase.STOPPED
    step: str = ""
    resources: int = 0
    error: dict[str, str] = field(default_factory=dict)
    supervisor: ProcessIdentity | None = None
    processes: dict[str, ProcessIdentity] = field(default_factory=dict)
    emulator_url: str = ""
    emulator_tls: bool = False
    ca_path: str = ""
    region: str = ""
    api_url: str = ""
    api_key: str = ""
    exports: dict[str, Any] = field(default_factory=dict)
    postgres: dict[str, Any] = field(default_factory=dict)
    redis: dict[str, Any] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    step_seconds: dict[str, float] = field(default_factory=dict)
    dropped_statements: list[str] = field(default_factory=list)

    def is_alive(self) -> bool:
        """Say whether the recorded platform process still runs."""
        return self.supervisor is not None and self.supervisor.is_alive()


def load_state(path: Path, stack: str) -> PlatformState:
    """Read the record; an empty one when there is none or a crash left it unreadable."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        supervisor = data.pop("supervisor", None)
        processes = data.pop("processes", {})
        state = PlatformState(**data)
        state.phase = Phase(state.phase)
        state.supervisor = ProcessIdentity(**supervisor) if supervisor else None
        state.processes = {name: ProcessIdentity(**identity) for name, identity in processes.items()}
    except (FileNotFoundError, ValueError, TypeError):
        return PlatformState(stack)
    return state


def save_state(path: Path, state: PlatformState) -> None:
    """Write the record in one step, readable by its owner only because it holds secrets."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.new")
    with _WRITING:  # the threads of a process, of which several report progress, share the temporary name
        temporary.unlink(missing_ok=True)
        temporary.touch(mode=0o600)
        temporary.write_text(json.dumps(asdict(state), indent=2, default=str), encoding="utf-8")
        temporary.replace(path)
