"""The local ECS agent: finds tasks through the public API, runs them, and reports their end."""

import logging
import shutil
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.agent.child import CorePool, TaskProcess
from local.agent.deadlines import DeadlineKeeper
from local.agent.events import Ending, deliver, stopped_event
from local.agent.in_image import placed
from local.agent.launch import TaskServices, read_secrets, task_environment
from local.agent.logs import LogShipper
from local.agent.plan import (
    ContainerPlan,
    TaskStartError,
    override_environment,
    plan_container,
    with_environment,
)
from local.agent.roles import assume_for_task
from local.agent.shortage import current, turn_away
from local.agent.tokens import TokenRegistry
from local.aws import AwsAccess

_LOGGER = logging.getLogger(__name__)
_POLL_SECONDS = 0.2
_MEMORY_CHECK_SECONDS = 1.0
_LONGEST_SESSION_SECONDS = 43_200


@dataclass(frozen=True, slots=True)
class AgentSettings:
    """Where an agent keeps things.

    Attributes:
        image_dir: The staged image: PYTHONPATH of every task.
        tasks_dir: Parent of each task's private volumes.
        logs_dir: Parent of the local log files.
        file_systems: EFS file system or access point id to directory.
        shortage_file: Tells whether there is room for tasks.
    """

    image_dir: Path
    tasks_dir: Path
    logs_dir: Path
    file_systems: Mapping[str, Path]
    shortage_file: Path


@dataclass(slots=True)
class _Running:
    task: Mapping[str, Any]
    plan: ContainerPlan
    process: TaskProcess
    shipper: LogShipper
    key: str
    next_memory_check: float = 0.0
    out_of_memory: bool = False


class EcsAgent:
    """Runs every task of every cluster as a child process.

    Args:
        access: The emulator as the account owner.
        settings: Directories.
        services: Task metadata and credentials.
        services_url: Address of ``services`` and the broker.
        registry: Where tasks get their own tokens.
        deadlines: Knows the deployed definitions.
        on_change: Called with the identities of all running tasks whenever they change.
    """

    def __init__(
        self,
        access: AwsAccess,
        settings: AgentSettings,
        *,
        services: TaskServices,
        services_url: str,
        registry: TokenRegistry,
        deadlines: DeadlineKeeper,
        on_change: Callable[[list[TaskProcess]], None] = lambda _: None,
    ) -> None:
        self._access = access
        self._settings = settings
        self._services = services
        self._services_url = services_url
        self._registry = registry
        self._deadlines = deadlines
        self._on_change = on_change
        self._cores = CorePool()
        self._running: dict[str, _Running] = {}
        self._known: set[str] = set()
        self._clusters: list[str] = []
        self._unreported: list[dict[str, Any]] = []
        self._ended = threading.Event()

    def run(self, each_round: Callable[[], None] = lambda: None) -> None:
        """Poll until ``stop``, then end every task; call it from the thread that outlives all tasks.

        Args:
            each_round: Called before every poll; what it raises ends the run.
        """
        try:
            while not self._ended.wait(_POLL_SECONDS):
                each_round()
                try:
                    self.poll()
                except (ClientError, BotoCoreError, OSError):
                    _LOGGER.exception("the agent could not poll")
        finally:
            self._end_all()

    def stop(self) -> None:
        """End ``run`` soon; may be called from a signal handler."""
        self._ended.set()

    def poll(self) -> None:
        """Look at the cluster once: start what is new, stop what must stop, report what has ended."""
        wanted = self._wanted_tasks()
        for task_arn, running in list(self._running.items()):
            self._attend(task_arn, running, wanted=task_arn in wanted)
        self._deliver_reports()
        # The list may be older than an end that was just reported: a task is never started twice.
        new = [(cluster, arn) for arn, cluster in wanted.items() if arn not in self._known]
        for cluster, task_arn in new:
            described = self._access.client("ecs").describe_tasks(cluster=cluster, tasks=[task_arn])
            self._known.add(task_arn)
            for task in described["tasks"]:
                self._admit(task)
        self._deliver_reports()

    def _wanted_tasks(self) -> dict[str, str]:
        client = self._access.client("ecs")
        # The program has made all of them before the agent begins: asking again would double its calls.
        self._clusters = self._clusters or client.list_clusters()["clusterArns"]
        wanted: dict[str, str] = {}
        for cluster in self._clusters:
            for page in client.get_paginator("list_tasks").paginate(cluster=cluster, desiredStatus="RUNNING"):
                wanted |= dict.fromkeys(page["taskArns"], cluster)
        return wanted

    def _admit(self, task: Mapping[str, Any]) -> None:
        shortage = current(self._settings.shortage_file)
        if shortage is None:
            self._start(task)
            return
        overrides = override_environment(task)
        state = self._deadlines.state_of(overrides)
        token = None if state is None else overrides[state.token_variable]
        ending = turn_away(self._access, task, shortage, token)
        if ending is not None:
            self._report(task, ending)

    def _start(self, task: Mapping[str, Any]) -> None:
        task_id = str(task["taskArn"]).rsplit("/", 1)[-1]
        task_dir = self._settings.tasks_dir / task_id
        try:
            definition = self._definition(task)
            plan = plan_container(
                task, definition, task_dir=task_dir, file_systems=self._settings.file_systems
            )
            for directory in plan.scratch_directories:
                directory.mkdir(parents=True, exist_ok=True)
            self._running[task["taskArn"]] = self._launch(task, plan, task_dir)
        except (TaskStartError, ClientError, BotoCoreError, OSError) as error:
            _LOGGER.exception("task %s could not be started", task_id)
            shutil.rmtree(task_dir, ignore_errors=True)
            reason = (
                str(error) if isinstance(error, TaskStartError) else f"ResourceInitializationError: {error}"
            )
            self._report(task, Ending(reason=reason, stop_code="TaskFailedToStart", exit_code=None))
        else:
            self._announce_change()

    def _launch(self, task: Mapping[str, Any], plan: ContainerPlan, task_dir: Path) -> _Running:
        execution_role = self._execution_role(plan, task)
        secret_values = read_secrets(execution_role, plan.secrets)
        shipper = LogShipper(
            execution_role, plan.log, self._settings.logs_dir / "tasks" / f"{plan.name}-{task_dir.name}.log"
        )
        key, authorization = self._services.admit(task, plan)
        environment = task_environment(
            plan,
            image_dir=self._settings.image_dir,
            access=self._access,
            services_url=self._services_url,
            key=key,
            authorization=authorization,
        )
        token = self._own_token(task)
        environment |= secret_values | token
        command, environment = placed(plan, environment, task_dir, self._settings.image_dir)
        process = TaskProcess(
            command,
            environment=environment,
            directory=task_dir,
            cores=self._cores.take(plan.cores),
            on_line=shipper.write,
        )
        _LOGGER.info("task %s started as process %d on cores %s", task_dir.name, process.pid, process.cores)
        return _Running(with_environment(task, token), plan, process, shipper, key)

    def _execution_role(self, plan: ContainerPlan, task: Mapping[str, Any]) -> AwsAccess:
        if plan.execution_role_arn is None:
            return self._access
        # The log shipper keeps these for the whole life of the task; nobody renews them.
        credentials = assume_for_task(
            self._access,
            plan.execution_role_arn,
            task["taskArn"],
            duration_seconds=_LONGEST_SESSION_SECONDS,
        )
        return self._access.acting_as(credentials)

    def _definition(self, task: Mapping[str, Any]) -> Mapping[str, Any]:
        arn = task["taskDefinitionArn"]
        return dict(self._access.client("ecs").describe_task_definition(taskDefinition=arn)["taskDefinition"])

    def _own_token(self, task: Mapping[str, Any]) -> dict[str, str]:
        """Replace the emulator's token, which it reuses across retries, by one for this task alone."""
        overrides = override_environment(task)
        state = self._deadlines.state_of(overrides)
        if state is None:
            return {}
        token = self._registry.register(
            overrides[state.token_variable],
            execution_arn=overrides.get(state.execution_variable or ""),
            heartbeat_seconds=state.heartbeat_seconds,
        )
        return {state.token_variable: token}

    def _attend(self, task_arn: str, running: _Running, *, wanted: bool) -> None:
        process = running.process
        if not wanted and not process.is_stopping:
            process.stop(running.plan.stop_timeout_seconds)
        self._check_memory(running)
        exit_code = process.exit_code()
        if exit_code is None:
            return
        del self._running[task_arn]
        self._clean_up(running)
        ending = Ending.of_container(exit_code, wanted=wanted, out_of_memory=running.out_of_memory)
        self._report(running.task, ending)

    def _check_memory(self, running: _Running) -> None:
        if time.monotonic() < running.next_memory_check:
            return
        running.next_memory_check = time.monotonic() + _MEMORY_CHECK_SECONDS
        if running.process.resident_mib() > running.plan.memory_mib:
            running.out_of_memory = True
            running.process.kill()

    def _report(self, task: Mapping[str, Any], ending: Ending) -> None:
        words = ending.container_reason or ending.reason
        _LOGGER.info("task %s stopped: %s", str(task["taskArn"]).rsplit("/", 1)[-1], words)
        self._unreported.append(stopped_event(task, ending, region=self._access.region))

    def _deliver_reports(self) -> None:
        """Report ends until each has arrived: an emulator that is busy now is asked again next round."""
        while self._unreported:
            event = self._unreported[0]
            detail = event["detail"]
            self._access.client("ecs").stop_task(
                cluster=detail["clusterArn"], task=detail["taskArn"], reason=detail["stoppedReason"][:255]
            )
            deliver(self._access, event)
            del self._unreported[0]

    def _clean_up(self, running: _Running) -> None:
        self._services.dismiss(running.key)
        self._cores.give_back(running.process.cores)
        running.shipper.close()
        for directory in running.plan.scratch_directories:
            shutil.rmtree(directory, ignore_errors=True)
        self._announce_change()

    def _announce_change(self) -> None:
        self._on_change([running.process for running in self._running.values()])

    def _end_all(self) -> None:
        for running in self._running.values():
            running.process.end_now()
        for running in list(self._running.values()):
            self._clean_up(running)
        self._running.clear()
        self._announce_change()
