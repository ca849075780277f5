"""Starts, finds and stops the platform process of a stack; the commands of the CLI stand on this."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from local.errors import AlreadyInUseError, LocalModeError, NotRunningError
from local.paths import DATA_DIR_VARIABLE, REPOSITORY_ROOT, StackPaths, data_root
from local.servers.process import DirectoryLock, ProcessIdentity, end_process, tail
from local.state import Phase, PlatformState, load_state, save_state

_START_TIMEOUT_SECONDS = 180.0
_STOP_GRACE_SECONDS = 20.0
_POLL_SECONDS = 0.05

OnState = Callable[[PlatformState], None]


@dataclass(frozen=True, slots=True)
class UpResult:
    """What ``up`` did.

    Attributes:
        state: The running platform.
        was_running: True when nothing had to be started.
        seconds: How long it took.
    """

    state: PlatformState
    was_running: bool
    seconds: float


class Supervisor:
    """Controls one stack's platform process.

    Args:
        stack: Name of the stack.
    """

    def __init__(self, stack: str) -> None:
        self.stack = stack
        self.paths = StackPaths.for_stack(stack)

    def state(self) -> PlatformState:
        """Give the record; a platform process that died without a word counts as stopped."""
        state = load_state(self.paths.state_file, self.stack)
        if state.phase in {Phase.STARTING, Phase.READY} and not state.is_alive():
            state.phase = Phase.STOPPED
            state.step = ""
        return state

    def running_state(self) -> PlatformState:
        """Give the record of the running platform.

        Raises:
            NotRunningError: It does not run.
        """
        state = self.state()
        if state.phase is not Phase.READY:
            message = f"The platform of stack {self.stack} is {state.phase.value}."
            raise NotRunningError(message, remedy=f"Start it with: python -m local up --stack {self.stack}")
        return state

    def up(self, on_state: OnState = lambda _: None, *, emulator_tls: bool = False) -> UpResult:
        """Start the platform unless it runs, and return when it is ready.

        Args:
            on_state: Called with the record while waiting, for progress.
            emulator_tls: Whether the AWS emulator must speak TLS, so that no policy statement is left out.

        Raises:
            AlreadyInUseError: It runs with an emulator that speaks plain HTTP although TLS is asked for.
            LocalModeError: It could not start; message and remedy say why.
        """
        started = time.monotonic()
        turn = DirectoryLock(self.paths.root / "up.lock")
        turn.acquire(_START_TIMEOUT_SECONDS)  # a second `up` at the same time waits and then finds it running
        try:
            state = self.state()
            if state.phase is Phase.READY:
                if emulator_tls and not state.emulator_tls:
                    raise self._speaks_plain_http()
                return UpResult(state, was_running=True, seconds=0.0)
            state = self._start(on_state, emulator_tls=emulator_tls)
        finally:
            turn.release()
        return UpResult(state, was_running=False, seconds=round(time.monotonic() - started, 2))

    def down(self) -> list[str]:
        """Stop the platform and everything it started; give the names of what ran.

        A recorded process that ended long ago, or whose pid now belongs to a stranger, is left alone.
        """
        state = load_state(self.paths.state_file, self.stack)
        stopped = [name for name, identity in state.processes.items() if identity.is_alive()]
        if state.supervisor is not None and state.supervisor.is_alive():
            stopped.append("platform")
            end_process(state.supervisor, grace_seconds=_STOP_GRACE_SECONDS)
        for identity in state.processes.values():
            end_process(identity, grace_seconds=_STOP_GRACE_SECONDS / 2)
        if self.paths.state_file.exists():
            state = load_state(self.paths.state_file, self.stack)
            state.supervisor, state.processes = None, {}
            state.phase = Phase.FAILED if state.phase is Phase.FAILED else Phase.STOPPED
            save_state(self.paths.state_file, state)
        return stopped

    def reset(self) -> list[str]:
        """Stop the platform and delete all its data; give the names of what ran."""
        # The database driver and the cryptography library, which no other command needs.
        from local.servers.postgres import PostgresServer
        from local.servers.tls import create_authority

        stopped = self.down()
        if self.paths.postgres.exists():
            authority = create_authority(self.paths.tls)
            PostgresServer(self.paths.postgres, authority, master_password="").remove_data()
        shutil.rmtree(self.paths.root, ignore_errors=True)
        return stopped

    def _start(self, on_state: OnState, *, emulator_tls: bool) -> PlatformState:
        self.down()  # whatever an interrupted start or a crash left behind
        try:
            with _interrupts_held():
                process = self._spawn(emulator_tls=emulator_tls)
            return self._wait_ready(process, on_state)
        except BaseException:
            self.down()
            raise

    def _spawn(self, *, emulator_tls: bool) -> "subprocess.Popen[bytes]":
        state = self.state()
        state.phase, state.error, state.supervisor = Phase.STARTING, {}, None
        state.emulator_tls = emulator_tls
        save_state(self.paths.state_file, state)
        log = self.paths.logs / "platform.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        environment = os.environ | {DATA_DIR_VARIABLE: str(data_root()), "PULUMI_ERROR_OUTPUT_STRING": "true"}
        with log.open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "local.platform_process", self.stack],
                cwd=REPOSITORY_ROOT,
                env=_own_environment(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        # Recorded before any interrupt gets through, so that `down` always finds it.
        state.supervisor = ProcessIdentity.of(process.pid)
        save_state(self.paths.state_file, state)
        return process

    def _wait_ready(self, process: "subprocess.Popen[bytes]", on_state: OnState) -> PlatformState:
        deadline = time.monotonic() + _START_TIMEOUT_SECONDS
        while time.monotonic() < deadline:
            state = load_state(self.paths.state_file, self.stack)
            on_state(state)
            if state.phase is Phase.READY:
                return state
            if state.phase is Phase.FAILED or process.poll() is not None:
                raise self._start_error(load_state(self.paths.state_file, self.stack))
            time.sleep(_POLL_SECONDS)
        message = f"The platform was not ready after {_START_TIMEOUT_SECONDS:g} seconds."
        raise LocalModeError(message, remedy=f"Its log is {self.paths.logs / 'platform.log'}.")

    def _speaks_plain_http(self) -> AlreadyInUseError:
        message = f"The platform of stack {self.stack} runs already, with an emulator that speaks plain HTTP."
        return AlreadyInUseError(message, remedy=f"Stop it first: python -m local down --stack {self.stack}")

    def _start_error(self, state: PlatformState) -> LocalModeError:
        log = self.paths.logs / "platform.log"
        if not state.error:
            message = f"The platform process ended while starting. Its last output:\n{tail(log)}\n"
            return LocalModeError(message, remedy=f"The whole log is {log}.")
        error = LocalModeError(
            state.error["message"], remedy=state.error["remedy"] or f"The whole log is {log}."
        )
        with contextlib.suppress(ValueError):
            error.exit_code = int(state.error["exit_code"])
        return error


@contextlib.contextmanager
def _interrupts_held() -> Iterator[None]:
    """Let a Ctrl-C wait until the block is done: between a start and its record it would leave an orphan."""
    if threading.current_thread() is not threading.main_thread():  # only there do interrupts arrive
        yield
        return
    held: list[int] = []
    previous = {
        number: signal.signal(number, lambda caught, _frame: held.append(caught))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
    for caught in held:
        signal.raise_signal(caught)


def _own_environment(environment: dict[str, str]) -> dict[str, str]:
    """Services come from the staged copies, not from PYTHONPATH; bytecode halves the time of a start."""
    dropped = {"PYTHONPATH", "PYTHONDONTWRITEBYTECODE"}
    return {name: value for name, value in environment.items() if name not in dropped}
