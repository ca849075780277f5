"""The background process of one local stack: it owns the servers, the agent, the broker and the mailbox.

Everything it starts dies with it, even when it is killed: servers and tasks carry a parent-death
signal. So one recorded process is all that ``down`` has to find.
"""

import contextlib
import logging
import os
import secrets
import signal
import sys
import threading
import time
from collections.abc import Iterator
from types import FrameType

from botocore.exceptions import BotoCoreError, ClientError

from local.agent.agent import AgentSettings, EcsAgent
from local.agent.broker import TokenBroker
from local.agent.child import TaskProcess
from local.agent.deadlines import DeadlineKeeper
from local.agent.endpoint import LocalEndpoint
from local.agent.launch import CREDENTIALS_PREFIX, METADATA_PREFIX, TaskServices
from local.agent.tokens import TokenRegistry
from local.apply import Applied, Endpoints, apply_program, prepare
from local.aws import AwsAccess
from local.delivered import edge_settings
from local.errors import LocalModeError, ServerStartError
from local.mailbox import Mailbox
from local.paths import REPOSITORY_ROOT, StackPaths
from local.servers.base import LocalServer
from local.servers.edge import EdgeServer
from local.servers.emulator import EmulatorServer
from local.servers.postgres import PostgresServer
from local.servers.process import DirectoryLock, ProcessIdentity, end_process, tail
from local.servers.redis import RedisServer
from local.servers.tls import create_authority
from local.stack_config import load_stack_settings
from local.state import Phase, PlatformState, load_state, save_state

_LOGGER = logging.getLogger(__name__)
_PROGRESS_INTERVAL_SECONDS = 0.1
_DEFAULT_REGION = "ap-northeast-1"


class Platform:
    """One run of the platform, from the first server to the last.

    Args:
        stack: Name of the stack.
        paths: Its directories.
    """

    def __init__(self, stack: str, paths: StackPaths) -> None:
        self._paths = paths
        self._state = load_state(paths.state_file, stack)
        self._previous = [*self._state.processes.values()]
        self._endpoint = LocalEndpoint()
        self._edge = EdgeServer(paths.edge)
        self._servers: list[LocalServer] = []
        self._stop_requested = threading.Event()
        self._agent: EcsAgent | None = None
        self._last_save = 0.0

    def run(self) -> None:
        """Start everything, serve until a signal asks for the end, and stop everything."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        self._reset_state()
        for identity in self._previous:
            end_process(identity)
        try:
            endpoints = self._start_servers()
            self._serve(self._apply(endpoints))
            self._state.phase = Phase.STOPPED
        except _StopRequestedError:
            self._state.phase = Phase.STOPPED
        except Exception as error:
            _LOGGER.exception("the platform failed")
            self._state.phase = Phase.FAILED
            self._state.error = _describe(error)
        finally:
            self._stop_servers()

    def _reset_state(self) -> None:
        old = self._state
        self._state = PlatformState(old.stack, Phase.STARTING, secrets=old.secrets)
        self._state.emulator_tls = old.emulator_tls
        self._state.supervisor = ProcessIdentity.of(os.getpid())
        for name in ("postgres_master_password", "redis_auth_token"):
            self._state.secrets.setdefault(name, secrets.token_hex(24))
        self._save()

    def _start_servers(self) -> Endpoints:
        paths, kept = self._paths, self._state.secrets
        settings = load_stack_settings(REPOSITORY_ROOT, self._state.stack)
        region = self._state.region = settings.get("aws:region", _DEFAULT_REGION)
        with self._step("starting PostgreSQL, Redis and the AWS emulator"):
            authority = create_authority(paths.tls)
            threading.Thread(
                target=prepare, args=(paths.packages, authority.ca_path), name="prepare", daemon=True
            ).start()
            postgres = PostgresServer(
                paths.postgres, authority, master_password=kept["postgres_master_password"]
            )
            redis = RedisServer(paths.redis, authority, auth_token=kept["redis_auth_token"])
            emulator = EmulatorServer(
                paths.emulator,
                region=region,
                states_endpoint_url=self._endpoint.url,
                authority=authority if self._state.emulator_tls else None,
            )
            servers: tuple[LocalServer, ...] = (emulator, redis, postgres)
            for server in servers:
                self._servers.append(server)
                server.launch()
            for server in servers:
                server.wait_ready()
                self._record(server.name, server.pid)
        self._state.emulator_url, self._state.ca_path = emulator.url, emulator.ca_path
        self._state.postgres = {"host": postgres.host, "port": postgres.port, "database": postgres.database}
        self._state.redis = {"host": redis.host, "port": redis.port}
        return Endpoints.of(
            postgres,
            redis,
            emulator,
            efs_dir=paths.efs,
            packages_dir=paths.packages,
            edge_url=self._edge.choose_url(),
        )

    def _apply(self, endpoints: Endpoints) -> Applied:
        with self._step("applying the Pulumi program"):
            applied = apply_program(
                self._state.stack, endpoints, state_dir=self._paths.root, on_resource=self._on_resource
            )
        for server in self._servers:
            if isinstance(server, RedisServer):
                server.remember_logins()
        settings = edge_settings(applied, self._state)
        if settings is not None:
            with self._step("starting the edge"):
                self._edge.serve(settings)
                self._servers.append(self._edge)
                self._edge.start()
                self._record(self._edge.name, self._edge.pid)
        self._state.exports = dict(applied.exports)
        self._state.api_url = str(applied.exports["api_url"])
        self._state.api_key = applied.api_key or ""
        self._state.dropped_statements = list(applied.dropped_statements)
        return applied

    def _serve(self, applied: Applied) -> None:
        access = AwsAccess(self._state.emulator_url, self._state.region, ca_path=self._state.ca_path)
        registry, services = TokenRegistry(), TaskServices(access)
        broker = TokenBroker(access, registry)
        deadlines = DeadlineKeeper(access, broker)
        mailbox = Mailbox(access, self._paths.mail)
        settings = AgentSettings(
            applied.image_dir, self._paths.tasks, self._paths.logs, applied.mounts, self._paths.shortage
        )
        self._agent = EcsAgent(
            access,
            settings,
            services=services,
            services_url=self._endpoint.url,
            registry=registry,
            deadlines=deadlines,
            on_change=self._on_tasks,
        )
        with self._step("starting agent, token broker and mailbox"):
            self._endpoint.start(
                {
                    "/": broker.handle,
                    METADATA_PREFIX: services.metadata,
                    CREDENTIALS_PREFIX: services.credentials,
                }
            )
            mailbox.subscribe()
            helpers = [threading.Thread(target=part.run, daemon=True) for part in (deadlines, mailbox)]
            for helper in helpers:
                helper.start()
            _heal(access, str(applied.exports["maintain_function_name"]))
        self._state.phase = Phase.READY
        self._save()
        if self._stop_requested.is_set():
            self._agent.stop()
        self._agent.run(each_round=self._keep_servers)
        for part in (deadlines, mailbox):
            part.stop()

    def _keep_servers(self) -> None:
        """Restart a database that died; without the emulator's memory there is nothing to go on with."""
        for server in self._servers:
            if server.is_running():
                continue
            if isinstance(server, EmulatorServer):
                message = f"The AWS emulator ended. Its last output:\n{tail(server.log_path)}\n"
                raise ServerStartError(message, remedy="Start again with: python -m local up")
            _LOGGER.warning("%s ended and is started again", server.name)
            server.stop()
            server.start()
            self._record(server.name, server.pid)
            self._save()

    @contextlib.contextmanager
    def _step(self, words: str) -> Iterator[None]:
        self._check_stop()
        self._state.step = words
        self._save()
        started = time.monotonic()
        yield
        self._state.step_seconds[words] = round(time.monotonic() - started, 3)
        self._state.step = ""
        self._save()
        self._check_stop()

    def _check_stop(self) -> None:
        if self._stop_requested.is_set():
            raise _StopRequestedError

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self._stop_requested.set()
        if self._agent is not None:
            self._agent.stop()

    def _on_resource(self, urn: str, kind: str) -> None:
        del urn, kind
        self._state.resources += 1
        if time.monotonic() - self._last_save > _PROGRESS_INTERVAL_SECONDS:
            self._save()

    def _on_tasks(self, tasks: list[TaskProcess]) -> None:
        names = [name for name in self._state.processes if name.startswith("task-")]
        for name in names:
            del self._state.processes[name]
        for task in tasks:
            self._record(f"task-{task.pid}", task.pid)
        self._save()

    def _record(self, name: str, pid: int | None) -> None:
        identity = ProcessIdentity.of(pid) if pid else None
        if identity is not None:
            self._state.processes[name] = identity

    def _save(self) -> None:
        self._last_save = time.monotonic()
        save_state(self._paths.state_file, self._state)

    def _stop_servers(self) -> None:
        self._endpoint.stop()
        for server in self._servers:
            try:
                server.stop()
            except OSError:
                _LOGGER.exception("%s could not be stopped", server.name)
        self._state.processes = {}
        self._state.supervisor = None
        self._save()


class _StopRequestedError(Exception):
    """A signal asked for the end while the platform was still starting."""


def _heal(access: AwsAccess, maintain_function: str) -> None:
    """Let the deployed reconciler pick up the jobs that were in flight when the last run ended."""
    try:
        access.client("lambda").invoke(FunctionName=maintain_function, InvocationType="Event", Payload=b"{}")
    except (ClientError, BotoCoreError):
        _LOGGER.exception("the maintain function could not be invoked")


def _describe(error: Exception) -> dict[str, str]:
    if isinstance(error, LocalModeError):
        return {"message": error.message, "remedy": error.remedy, "exit_code": str(error.exit_code)}
    return {"message": f"{type(error).__name__}: {error}", "remedy": "", "exit_code": "1"}


def main(stack: str) -> None:
    """Run the platform of ``stack`` until it is told to stop."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("botocore").setLevel(logging.WARNING)
    paths = StackPaths.for_stack(stack)
    lock = DirectoryLock(paths.root / "platform.lock")
    lock.acquire(timeout_seconds=5.0)
    Platform(stack, paths).run()
    lock.release()


if __name__ == "__main__":
    main(sys.argv[1])
