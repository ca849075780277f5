"""The life of one local server: claim the directory, start, prove it is ready, stop without a trace."""

import abc
import shutil
import signal
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

from local.errors import MissingToolError, ServerStartError
from local.servers import ports
from local.servers.process import (
    DirectoryLock,
    ProcessIdentity,
    end_process,
    kill_group_members,
    read_identity,
    tail,
    write_identity,
)

_READY_POLL_SECONDS = 0.03
_BIND_ATTEMPTS = 3


class LocalServer(abc.ABC):
    """A child server on a loopback port with its own directory.

    Args:
        data_dir: Private directory; everything the server writes lies below it.
        port: A fixed port, or None for a free one that is remembered for the next run.
    """

    name: ClassVar[str]
    ready_timeout_seconds: ClassVar[float] = 30.0
    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM
    stop_grace_seconds: ClassVar[float] = 8.0

    def __init__(self, data_dir: Path, *, port: int | None) -> None:
        self.data_dir = data_dir
        self.host = ports.HOST
        self._fixed_port = port
        self._port = port or 0
        self._process: subprocess.Popen[bytes] | None = None
        self._identity: ProcessIdentity | None = None
        self._lock = DirectoryLock(data_dir / "owner.lock")

    @property
    def port(self) -> int:
        """The port of the running server."""
        return self._port

    @property
    def pid(self) -> int | None:
        """The process id, or None before the start."""
        return self._process.pid if self._process else None

    @property
    def log_path(self) -> Path:
        """Where the server's output goes."""
        return self.data_dir / f"{self.name}.log"

    def is_running(self) -> bool:
        """Say whether the server's process is alive."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> Self:
        """Start the server and return when it answers.

        Raises:
            AlreadyInUseError: Another live process uses the directory.
            MissingToolError: The server program is not installed.
            ServerStartError: It ended, did not answer in time, or its fixed port is taken.
        """
        self.launch()
        return self.wait_ready()

    def launch(self) -> None:
        """Start the process without waiting, so that several servers can warm up side by side."""
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self._lock.acquire(timeout_seconds=2.0)
        try:
            self._end_previous_run()
            self._prepare()
            self._spawn()
        except BaseException:
            self._lock.release()
            raise

    def wait_ready(self) -> Self:
        """Wait until the server answers, choosing another port when somebody else took the first."""
        for attempt in range(_BIND_ATTEMPTS):
            if self._answers():
                return self
            taken = self._fixed_port is None and not ports.is_free(self._port)
            if attempt == _BIND_ATTEMPTS - 1 or not taken:
                break
            ports.forget_port(self._port_record)
            self._spawn()
        output = tail(self.log_path)
        self.stop()
        message = f"{self.name} did not become ready on port {self._port}. Its last output:\n{output}\n"
        raise ServerStartError(message, remedy=f"The whole log is {self.log_path}.")

    def stop(self) -> None:
        """Stop the server and its children; harmless when it does not run."""
        process, self._process = self._process, None
        if process is not None:
            # The identity from the start: a server that has ended may have left its pid to a stranger.
            if self._identity is not None:
                end_process(
                    self._identity, stop_signal=self.stop_signal, grace_seconds=self.stop_grace_seconds
                )
            process.wait()
            kill_group_members(process.pid)
            self._identity_path.unlink(missing_ok=True)
        self._lock.release()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def _port_record(self) -> Path:
        return self.data_dir / "port"

    @property
    def _identity_path(self) -> Path:
        return self.data_dir / "process.json"

    def _end_previous_run(self) -> None:
        previous = read_identity(self._identity_path)
        if previous is not None:
            end_process(previous, stop_signal=self.stop_signal, grace_seconds=self.stop_grace_seconds)
            self._identity_path.unlink(missing_ok=True)

    def _spawn(self) -> None:
        self._port = self._fixed_port or ports.choose_port(self._port_record)
        if not ports.is_free(self._port):
            message = f"Port {self._port} for {self.name} is taken by another program."
            raise ServerStartError(message, remedy="Free that port or let local mode choose one.")
        self._process = self._start_process()
        self._identity = ProcessIdentity.of(self._process.pid)
        if self._identity is not None:
            write_identity(self._identity_path, self._identity)

    def _answers(self) -> bool:
        deadline = time.monotonic() + self.ready_timeout_seconds
        while self.is_running() and time.monotonic() < deadline:
            if self._is_ready() and self.is_running():
                return True
            time.sleep(_READY_POLL_SECONDS)
        return False

    @abc.abstractmethod
    def _prepare(self) -> None:
        """Create what the server needs in its directory; called before every start."""

    @abc.abstractmethod
    def _start_process(self) -> "subprocess.Popen[bytes]":
        """Start the process on the chosen port."""

    @abc.abstractmethod
    def _is_ready(self) -> bool:
        """Ask the server itself, over its real protocol, whether it is ready."""


def find_program(name: str, *, package: str, directories: tuple[Path, ...] = ()) -> Path:
    """Find a program on PATH or in ``directories``.

    Raises:
        MissingToolError: It is not installed; the remedy names the package.
    """
    for directory in directories:
        if (directory / name).exists():
            return directory / name
    found = shutil.which(name)
    if found is None:
        message = f"The program {name} is not installed."
        raise MissingToolError(message, remedy=f"Install it with: apt-get install {package}")
    return Path(found)
