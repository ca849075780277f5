"""Runs the unmodified Pulumi program without the Pulumi CLI and without AWS."""

from __future__ import annotations

import asyncio
import contextlib
import enum
import gc
import logging
import os
import runpy
import sys
import threading
import traceback
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from google.protobuf import empty_pb2

from local.errors import LocalModeError
from local.monitor import Created, Provider, RecordingMonitor, Registration
from local.paths import REPOSITORY_ROOT
from local.program_errors import ProgramError, ProgramTimeoutError
from local.stack_config import SecretValue, StackSettings, dummy_secret, load_stack_settings

DEFAULT_TIMEOUT_SECONDS = 120.0
# Registrations wait for the network in apply mode, so more of them than processors are useful.
_WORKERS = 16
_logger = logging.getLogger(__name__)
_one_run_at_a_time = threading.Lock()


class Mode(enum.StrEnum):
    """How values behave that nobody provided: PREVIEW keeps them unknown, UPDATE resolves them to None."""

    PREVIEW = "preview"
    UPDATE = "update"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramRun:
    """What one run of the program registered and exported.

    Attributes:
        settings: Project, stack and configuration of the run.
        registrations: Resources by URN.
        created: Ids and outputs of custom and remote resources by URN.
        component_outputs: Registered outputs of components by URN.
        exports: The stack's exports; secrets are in clear here.
        secret_exports: Paths of the secret exports.
    """

    settings: StackSettings
    registrations: Mapping[str, Registration]
    created: Mapping[str, Created]
    component_outputs: Mapping[str, Mapping[str, Any]]
    exports: Mapping[str, Any]
    secret_exports: tuple[str, ...]


def run_program(
    stack: str,
    *,
    mode: Mode,
    provider: Provider,
    project_dir: Path = REPOSITORY_ROOT,
    secret_value: SecretValue = dummy_secret,
    replaced: Mapping[str, Any] = MappingProxyType({}),
    timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
) -> ProgramRun:
    """Runs `__main__.py` of a project for one stack under the recording monitor.

    Args:
        stack: Name of the stack; `Pulumi.<stack>.yaml` must exist.
        mode: Whether values that nobody provides stay unknown or become None.
        provider: Creates the resources and answers the lookups.
        project_dir: Directory with Pulumi.yaml and `__main__.py`.
        secret_value: Gives the stand-in for encrypted configuration values.
        replaced: Configuration values in the place of the stack's.
        timeout_seconds: Deadline of the whole run.

    Raises:
        ConfigurationError: The stack's configuration is incomplete or of the wrong type.
        ProgramTimeoutError: The program did not end in time.
        LocalModeError: Whatever the monitor or the provider refused.
        ProgramError: The program itself failed; the cause is chained.
    """
    settings = load_stack_settings(project_dir, stack, secret_value, replaced)
    monitor = RecordingMonitor(provider, settings.project, stack)
    with _one_run_at_a_time, _surroundings(project_dir):
        error = _run_watched(monitor, settings, mode, project_dir, timeout_seconds)
    if isinstance(error, LocalModeError):
        raise error
    if error is not None:
        raise _as_program_error(error, stack, project_dir) from error
    return ProgramRun(
        settings=settings,
        registrations=monitor.registrations,
        created=monitor.created,
        component_outputs=monitor.component_outputs,
        exports=monitor.exports,
        secret_exports=monitor.secret_exports,
    )


def _run_watched(
    monitor: RecordingMonitor,
    settings: StackSettings,
    mode: Mode,
    project_dir: Path,
    timeout_seconds: float,
) -> BaseException | None:
    """Returns what ended the program, if anything did; a program that hangs is an error of its own."""
    errors: list[BaseException] = []

    def target() -> None:
        try:
            _run_in_this_thread(monitor, settings, mode, project_dir)
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            errors.append(error)

    # A thread of its own gives the SDK fresh context variables and the watchdog something to watch.
    thread = threading.Thread(target=target, name=f"pulumi-{settings.stack}", daemon=True)
    thread.start()
    thread.join(timeout_seconds)
    if thread.is_alive():
        raise ProgramTimeoutError(_describe_hang(thread, monitor, timeout_seconds))
    return errors[0] if errors else None


def _run_in_this_thread(
    monitor: RecordingMonitor, settings: StackSettings, mode: Mode, project_dir: Path
) -> None:
    # The event loop must exist before the SDK looks for one, otherwise it waits for ever.
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    # The first failure is raised; what it takes down with it would only be logged, at any later time.
    loop.set_exception_handler(lambda _loop, context: _logger.debug("suppressed: %s", context["message"]))
    loop.set_default_executor(ThreadPoolExecutor(_WORKERS, thread_name_prefix="pulumi-rpc"))
    from pulumi.runtime import mocks, set_all_config
    from pulumi.runtime.settings import configure
    from pulumi.runtime.stack import run_in_stack

    set_all_config(dict(settings.values), list(settings.secret_keys))
    features = monitor.GetDeploymentInfo(empty_pb2.Empty()).supportedFeatures  # type: ignore[no-untyped-call]
    configure(
        mocks.MockSettings(  # type: ignore[no-untyped-call]
            monitor=monitor,
            engine=mocks.MockEngine(_logger),
            monitor_features=set(features),
            project=settings.project,
            stack=settings.stack,
            organization="organization",
            dry_run=mode is Mode.PREVIEW,
            callbacks=None,
        )
    )
    main_file = str(project_dir / "__main__.py")

    def program() -> None:
        runpy.run_path(main_file, run_name="__main__")

    try:
        loop.run_until_complete(run_in_stack(program))
    finally:
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()


@contextlib.contextmanager
def _surroundings(project_dir: Path) -> Iterator[None]:
    """Gives the program what the Pulumi CLI gives it: working directory, import path, strict Outputs."""
    previous = os.environ.get("PULUMI_ERROR_OUTPUT_STRING")
    os.environ["PULUMI_ERROR_OUTPUT_STRING"] = "true"
    sys.path.insert(0, str(project_dir))
    # The provider SDK allocates millions of lasting objects at import: collecting costs a third of the run.
    collecting = gc.isenabled()
    gc.disable()
    try:
        with contextlib.chdir(project_dir):
            yield
    finally:
        if collecting:
            gc.enable()
        sys.path.remove(str(project_dir))
        if previous is None:
            del os.environ["PULUMI_ERROR_OUTPUT_STRING"]
        else:
            os.environ["PULUMI_ERROR_OUTPUT_STRING"] = previous


def _as_program_error(error: BaseException, stack: str, project_dir: Path) -> ProgramError:
    import pulumi

    if isinstance(error, pulumi.RunError):
        # The program's own words for its user, which the engine prints without a traceback, too.
        message = f"the Pulumi program of stack {stack!r} refuses to run:\n{error}"
        return ProgramError(message)
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if Path(frame.filename).is_relative_to(project_dir)]
    own = [frame for frame in own if ".venv" not in Path(frame.filename).parts]
    where = f" at {Path(own[-1].filename).relative_to(project_dir)}:{own[-1].lineno}" if own else ""
    reason = str(error).strip() or "no message"
    message = f"the Pulumi program of stack {stack!r} failed{where}: {type(error).__name__}: {reason}"
    return ProgramError(message)


def _describe_hang(thread: threading.Thread, monitor: RecordingMonitor, timeout_seconds: float) -> str:
    frame = sys._current_frames().get(thread.ident or 0)
    where = "".join(traceback.format_stack(frame)[-3:]) if frame else "unknown"
    return (
        f"the Pulumi program did not end within {timeout_seconds:g} s; {len(monitor.registrations)} "
        f"resources were registered. It waits here; the program's author must act:\n{where}"
    )
